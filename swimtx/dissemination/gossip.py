"""The gossip tick: news to a few members at random, for as long as there is any.

``Gossip`` waits for its next tick. ``EagerGossip`` tells the first of it within milliseconds, out
of the same budget of transmissions: the same bytes, only earlier.
"""

from __future__ import annotations

import random

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.messages import MessageType

_EAGER = (0.002, 0.010)  # seconds, at random between them
_EAGER_GAP = 0.050  # seconds between two such flushes


class Gossip:
    """Sends GOSSIP, which wants no answer. The timer is armed only while something is news."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        updates: UpdateQueue,
        config: Config,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._updates = updates
        self._interval = self._wait = config.gossip_interval
        self._fanout = config.gossip_fanout
        self._timer: IDelayedCall | None = None
        self._running = False
        updates.on_update(self._update_queued)

    def start(self) -> None:
        """Tell from now on."""
        self._running = True
        if self._updates.pending:
            self._arm()

    def stop(self) -> None:
        """Tell no more."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _update_queued(self) -> None:
        self._arm()

    def _arm(self) -> None:
        if self._timer is None and self._running:
            self._timer = self._clock.callLater(self._wait, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for member in self._membership.sample(self._chance, self._fanout):
            if self._updates.pending and not member.legacy:
                self._messenger.send(member.address, MessageType.GOSSIP)
        index = self._membership.index
        listeners = len(index.living) - len(index.legacy) - 1
        if self._updates.pending and listeners > 0:  # whoever comes is news, and arms it again
            self._arm()


class EagerGossip(Gossip):
    """Flushes news a few milliseconds after it was heard, at most once every 50 ms.

    All who heard something flush it at nearly the same time. So that those whom they missed are
    not missed together for a whole interval, each then takes up its ticks at a time of its own.
    """

    _flushed = 0.0
    _flush_soon = False

    def stop(self) -> None:
        """Tell no more."""
        super().stop()
        self._flush_soon = False

    def _update_queued(self) -> None:
        if self._flush_soon or not self._running:
            return
        self._flush_soon = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        wait = self._chance.uniform(*_EAGER)
        gap = self._flushed + _EAGER_GAP - self._clock.seconds()
        self._timer = self._clock.callLater(max(wait, gap), self._tick)

    def _tick(self) -> None:
        self._flushed = self._clock.seconds()
        self._wait = self._interval * (self._chance.random() if self._flush_soon else 1.0)
        self._flush_soon = False
        super()._tick()
