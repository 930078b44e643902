"""The record of the local member when it starts: its name, its address and its epoch."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import replace

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address, is_loopback, is_wildcard, normal_host
from swimtx.config import Config
from swimtx.errors import BadConfig
from swimtx.interfaces import IJournal
from swimtx.limits import MAX_NAME_BYTES, check_tags, check_text
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership


@attrs.define(eq=False, repr=False)
class LocalIdentity:
    """Makes the record of the local member, with an address that other members can reach.

    @param toward: C{toward(host, kind)}: the address that this host sends from to C{host}, or, if
        that is C{None}, to hosts outside.
    """

    _clock: IReactorTime
    _membership: Membership
    _config: Config
    _journal: IJournal
    _toward: Callable[[str | None, str], str]

    def claim(self, port: int, name: str | None = None) -> Claim:
        """The record of the local member, with a later epoch than its last run.

        @param port: the port that it is bound to.
        @param name: its name in an earlier run; C{None}: the configured one, or one made from the
            host's name.
        @raise BadConfig: when the host's name cannot be part of a member's name.
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
        """If bound to a wildcard address, take the address that this host sends to a seed from.

        The first seed counts that this host has a route to, and the bound socket can reach.
        """
        if not is_wildcard(self._config.interface) or self._config.advertise is not None:
            return
        me = self._membership.local
        for seed in seeds:
            if ":" in seed.host and self._config.type == "udp4":
                continue
            host = self._toward(seed.host, self._config.type)
            if is_loopback(host) and not is_loopback(seed.host):
                continue  # there is no route
            if host != me.address.host:
                self._journal.note("address", me.name, before=me.address.host, now=host)
                moved = replace(me, address=Address(host, me.address.port))
                self._membership.become(replace(moved, incarnation=me.incarnation + 1))
            return


def name_by_host(port: int) -> str:
    """The name of a member without a configured one: C{<hostname>-<port>}, its end if too long.

    @raise BadConfig: when the host's name cannot be part of a member's name.
    """
    name = f"{socket.gethostname()}-{port}".encode()[-MAX_NAME_BYTES:].decode(errors="ignore")
    try:
        check_text(name, MAX_NAME_BYTES, "the member's name, made of the host's,")
    except ValueError as error:
        raise BadConfig(f"{error}; give it another one") from None
    return name
