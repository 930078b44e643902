"""What we say of ourselves when we start: our name, where we are reached, and which run this is."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.interfaces import ISeeds
from swimtx.joining import Joining
from swimtx.member import Address, Claim, check_tags, is_wildcard, normal_host
from swimtx.membership import Membership


class Introduction:
    """Introduces us to the group, under an address that the others can use.

    @param toward: C{toward(host, kind)}: the address that this host sends from to C{host}, or, if
        that is C{None}, to anywhere outside.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        joining: Joining,
        config: Config,
        toward: Callable[[str | None, str], str],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._joining = joining
        self._config = config
        self._toward = toward

    def claim(self, port: int) -> Claim:
        """What we say of ourselves, bound to that port, in a run later than our last one."""
        config = self._config
        host = config.bind_host
        if is_wildcard(host):
            host = self._toward(None, config.type)
        advertised = config.advertise or (host, port)
        address = Address(normal_host(advertised[0]), advertised[1] or port)
        name = config.name or f"{socket.gethostname()}-{port}"[-128:]
        last = 0 if self._membership.name is None else self._membership.me.epoch
        epoch = max(1, int(self._clock.seconds() * 1000), last + 1)
        return Claim(name, address, epoch, tags=check_tags(config.tags.items()), by=name)

    async def look_toward(self, seeds: ISeeds) -> None:
        """Bound to a wildcard, we are reached where this host talks to its seeds from."""
        if not is_wildcard(self._config.bind_host) or self._config.advertise is not None:
            return
        addresses, _ = await self._joining.find(seeds)
        me = self._membership.me
        for seed in addresses:
            host = self._toward(seed.host, self._config.type)
            if host != me.address.host:
                moved = replace(me, address=Address(host, me.address.port))
                self._membership.become(replace(moved, incarnation=me.incarnation + 1))
            return
