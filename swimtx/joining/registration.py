"""Registers this member at the bootstrap nodes at intervals, so that they know the living members.

Each answer's list is read, so that groups that were formed apart by accident merge after a while.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.interfaces import ISeeds
from swimtx.joining.announce import Announcer
from swimtx.joining.seed_query import ExchangeTables, join_request, usable
from swimtx.membership.table import Membership
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.messages import Message, MessageType

_KNOWN = 64  # addresses of seeds that are remembered, the latest
_SOURCES = 16  # sources of seeds that are remembered, the latest
_PADDED = 400  # bytes of a JOIN_REQ, so that some of the list may come back


@attrs.define(eq=False, repr=False)
class BootstrapRegistration:
    """Sends a JOIN_REQ to each seed that is no living member, every C{renewal_interval} seconds."""

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _exchange: ExchangeTables
    _announcer: Announcer
    _config: Config
    _timer: Timer = attrs.field(init=False)
    _seeds: dict[ISeeds, None] = attrs.field(init=False, factory=dict)
    _addresses: tuple[Address, ...] = attrs.field(init=False, default=())
    _finding: dict[Deferred[Any], None] = attrs.field(init=False, factory=dict)
    _sequence: int = attrs.field(init=False, default=0)
    _asked: set[Address] = attrs.field(init=False, factory=set)  # since the last tick

    def __attrs_post_init__(self) -> None:
        self._timer = Timer(self._clock)

    def add(self, seeds: ISeeds) -> None:
        """Register with C{seeds} from now on: we have joined by them."""
        self._seeds.pop(seeds, None)  # an equal source counts once, as the latest
        self._seeds[seeds] = None
        while len(self._seeds) > _SOURCES:
            del self._seeds[next(iter(self._seeds))]
        if not self._timer.pending:
            self._sequence = self._messenger.requests.open(self._join_res_received)
            self._timer.set(self._wait(0.2), self._tick)

    def know(self, addresses: Iterable[Address]) -> None:
        """Remember these addresses of seeds, which get FAILs about departed members."""
        latest = dict.fromkeys(addresses)
        earlier = (address for address in self._addresses if address not in latest)
        self._addresses = (*earlier, *latest)[-_KNOWN:]

    def start(self) -> None:
        """Forget the addresses of seeds of an earlier run."""
        self._addresses = ()

    def stop(self) -> None:
        """Register no more, and forget the sources of seeds."""
        self._messenger.requests.close(self._sequence)
        self._timer.cancel()
        self._seeds.clear()
        for finding in list(self._finding):
            finding.cancel()

    def outsiders(self) -> Iterable[Address]:
        """The addresses of seeds that are no living members: bootstrap nodes, as far as we know."""
        me = self._membership.local.address
        for address in self._addresses:
            name = self._membership.index.at(address)
            claim = None if name is None else self._membership.claim(name)
            if address != me and (claim is None or not claim.state.living):
                yield address

    def _wait(self, share: float = 1.0) -> float:
        return self._config.renewal_interval * share * (0.9 + 0.2 * self._chance.random())

    def _tick(self) -> None:
        self._timer.set(self._wait(), self._tick)
        self._asked.clear()
        for seeds in self._seeds:
            self._find(seeds)

    def _find(self, seeds: ISeeds) -> None:
        finding: Deferred[Any] = maybeDeferred(seeds.find)
        self._finding[finding] = None
        finding.addBoth(self._found, finding)

    def _found(self, found: Any, finding: Deferred[Any]) -> None:
        self._finding.pop(finding, None)
        if not self._timer.pending or isinstance(found, Failure):
            return
        try:
            addresses, _ = usable(found)
        except ValueError:
            return
        self.know(addresses)
        asked = [a for a in self.outsiders() if a in addresses and a not in self._asked]
        if asked:
            body = join_request(self._messenger, self._sequence, _PADDED)
            self._asked.update(asked)
            for address in asked:
                self._messenger.protocol.send(address, MessageType.JOIN_REQ, body, piggyback=False)

    def _join_res_received(self, message: Message, peer: Peer) -> None:
        if message.type is not MessageType.JOIN_RES:
            return
        strangers = [entry for entry in message.listed if self._announcer.is_unknown(entry)]
        for entry in strangers:
            self._announcer.announce(entry)
        partners = [entry.address for entry in strangers if entry.epoch]
        if partners:
            self._exchange(self._chance.choice(partners))
