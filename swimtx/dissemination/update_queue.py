"""The queue of updates to piggyback, the least sent first (SWIM §4.1).

An update is encoded once, when it is queued, and sent lambda * ceil(ln(n+1)) times. Updates wait in
buckets by how often they were sent, so that nothing is sorted when a datagram is filled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from zope.interface import implementer

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.interfaces import IUpdateSource
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.wire.codec import encode_update, framed

_SMALLEST = 16  # bytes; no update is smaller
_PATIENCE = 8  # updates that did not fit, after which a datagram is full enough


@implementer(IUpdateSource)
class UpdateQueue:
    """The updates that a member has to send; each change of the member list adds one.

    @ivar pending: whether any update is queued.
    """

    def __init__(self, membership: Membership, config: Config, counters: Counters) -> None:
        self._membership = membership
        self._config = config
        self._counters = counters
        self._buckets: list[dict[str, bytes]] = [{}]
        self._told: dict[str, int] = {}
        self._limit = 0
        self._limit_for = -1
        self._update_callbacks: list[Callable[[], object]] = []
        self.pending = False
        membership.watch(self._changed, WatchOrder.UPDATE_QUEUE)

    def on_update(self, tell: Callable[[], object]) -> None:
        """Call C{tell()} whenever an update is queued."""
        self._update_callbacks.append(tell)

    def fill(self, room: int) -> bytes:
        """Framed updates of at most C{room} bytes together, each counted as sent once more."""
        chosen = self._choose(room)
        limit = self._transmit_limit()
        for name, update in chosen:
            told = self._told[name] + 1
            if told >= limit:
                self._drop(name)
            else:
                self._put(name, update, told)
        self._counters.updates_sent += len(chosen)
        return b"".join([update for _, update in chosen])

    def clear(self) -> None:
        """Drop all updates."""
        self._buckets = [{}]
        self._told.clear()
        self.pending = False

    def _choose(self, room: int) -> list[tuple[str, bytes]]:
        """The name and bytes of the updates that fit, the least sent first."""
        chosen: list[tuple[str, bytes]] = []
        missed = 0
        for bucket in self._buckets:
            for name, update in bucket.items():
                if len(update) <= room:
                    room -= len(update)
                    chosen.append((name, update))
                else:
                    missed += 1
                if room < _SMALLEST or missed >= _PATIENCE:
                    return chosen
        return chosen

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        if claim is change.held:
            return  # an event without a change of the record
        if not change.spread:
            self._drop(claim.name)
            return
        self._put(claim.name, framed(encode_update(claim, claim.age)), 0)
        self.pending = True
        for tell in self._update_callbacks:
            tell()

    def _put(self, name: str, update: bytes, told: int) -> None:
        before = self._told.get(name)
        if before is not None:
            del self._buckets[before][name]
        while len(self._buckets) <= told:
            self._buckets.append({})
        self._buckets[told][name] = update
        self._told[name] = told

    def _drop(self, name: str) -> None:
        told = self._told.pop(name, None)
        if told is not None:
            del self._buckets[told][name]
            self.pending = bool(self._told)

    def _transmit_limit(self) -> int:
        living = self._membership.living
        if living != self._limit_for:
            self._limit_for = living
            self._limit = transmit_limit(self._config.transmissions, living)
        return self._limit


def transmit_limit(transmissions: float, members: int) -> int:
    """How often an update is sent in a group of C{members}: lambda * ceil(ln(n+1)) (SWIM §4.1).

    @param transmissions: lambda.
    """
    return math.ceil(transmissions * math.ceil(math.log(members + 1)))
