"""What we say of ourselves when we start: our name, where we are reached, and which run this is."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address, is_wildcard, normal_host
from swimtx.config import Config
from swimtx.errors import BadConfig
from swimtx.interfaces import IJournal
from swimtx.limits import MAX_NAME_BYTES, check_tags, check_text
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership


class LocalIdentity:
    """Introduces us to the group, under an address that the others can use.

    @param toward: C{toward(host, kind)}: the address that this host sends from to C{host}, or, if
        that is C{None}, to anywhere outside.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        config: Config,
        journal: IJournal,
        toward: Callable[[str | None, str], str],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._config = config
        self._journal = journal
        self._toward = toward

    def claim(self, port: int, name: str | None = None) -> Claim:
        """What we say of ourselves, bound to that port, in a run later than our last one.

        @param name: ours in an earlier run; C{None}: what the configuration or the host says.
        @raise BadConfig: the host is called by what cannot be a name.
        """
        config = self._config
        host = config.interface
        if is_wildcard(host):
            host = self._toward(None, config.type)
        advertised = config.advertise or (host, port)
        address = Address(normal_host(advertised[0]), advertised[1] or port)
        name = name or config.name or name_by_host(port)
        last = 0 if self._membership.name is None else self._membership.local.epoch
        epoch = max(1, int(self._clock.seconds() * 1000), last + 1)
        return Claim(name, address, epoch, tags=check_tags(config.tags.items()), by=name)

    def look_toward(self, seeds: Iterable[Address]) -> None:
        """Bound to a wildcard, we are reached where this host talks to its seeds from."""
        if not is_wildcard(self._config.interface) or self._config.advertise is not None:
            return
        me = self._membership.local
        for seed in seeds:
            host = self._toward(seed.host, self._config.type)
            if host != me.address.host:
                self._journal.note("address", me.name, before=me.address.host, now=host)
                moved = replace(me, address=Address(host, me.address.port))
                self._membership.become(replace(moved, incarnation=me.incarnation + 1))
            return


def name_by_host(port: int) -> str:
    """The name of a member that was given none: C{<hostname>-<port>}, its end if it is too long.

    @raise BadConfig: the host is called by what cannot be a name.
    """
    name = f"{socket.gethostname()}-{port}".encode()[-MAX_NAME_BYTES:].decode(errors="ignore")
    try:
        check_text(name, MAX_NAME_BYTES, "the member's name, made of the host's,")
    except ValueError as error:
        raise BadConfig(f"{error}; give it another one") from None
    return name
