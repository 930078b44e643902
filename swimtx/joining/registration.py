"""Announcing ourselves at the bootstrap nodes again and again, so that they know who lives.

Each answer's list is read: who runs several islands by accident finds them joined in a while.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

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

_KNOWN = 64  # addresses of seeds
_SOURCES = 16  # lists of seeds, the latest ones
_PADDED = 400  # bytes of a renewal, so that some of the list may come back


class BootstrapRegistration:
    """A JOIN_REQ to each seed that is no living member of ours, every C{renewal_interval}."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        exchange: ExchangeTables,
        announcer: Announcer,
        config: Config,
    ) -> None:
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._exchange_tables = exchange
        self._announcer = announcer
        self._interval = config.renewal_interval
        self._timer = Timer(clock)
        self._seeds: dict[ISeeds, None] = {}
        self._addresses: tuple[Address, ...] = ()
        self._finding: dict[Deferred[Any], None] = {}
        self._sequence = 0
        self._asked: set[Address] = set()

    def add(self, seeds: ISeeds) -> None:
        """Renew at these from now on: somebody has joined by them."""
        self._seeds.pop(seeds, None)  # equal ones count once, and as the latest
        self._seeds[seeds] = None
        while len(self._seeds) > _SOURCES:
            del self._seeds[next(iter(self._seeds))]
        if not self._timer.pending:
            self._sequence = self._messenger.requests.open(self._answered)
            self._timer.set(self._wait(0.2), self._tick)

    def know(self, addresses: Iterable[Address]) -> None:
        """These are seeds, too: they want to hear of departures, ours perhaps."""
        self._addresses = tuple(dict.fromkeys((*self._addresses, *addresses)))[-_KNOWN:]

    def start(self) -> None:
        """Know no seeds yet."""
        self._addresses = ()

    def stop(self) -> None:
        """Renew no more."""
        self._messenger.requests.close(self._sequence)
        self._timer.cancel()
        self._seeds.clear()
        for finding in list(self._finding):
            finding.cancel()

    def outsiders(self) -> Iterable[Address]:
        """The seeds that are no living members: bootstrap nodes, as far as we know."""
        me = self._membership.local.address
        for address in self._addresses:
            name = self._membership.index.at(address)
            claim = None if name is None else self._membership.claim(name)
            if address != me and (claim is None or not claim.state.living):
                yield address

    def _wait(self, share: float = 1.0) -> float:
        return self._interval * share * (0.9 + 0.2 * self._chance.random())

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

    def _answered(self, message: Message, peer: Peer) -> None:
        if message.type is not MessageType.JOIN_RES:
            return
        strangers = [entry for entry in message.listed if self._announcer.is_unknown(entry)]
        for entry in strangers:
            self._announcer.announce(entry)
        partners = [entry.address for entry in strangers if entry.epoch]
        if partners:
            self._exchange_tables(self._chance.choice(partners))
