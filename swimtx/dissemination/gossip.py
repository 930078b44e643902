"""Gossip: sends queued updates to a few random members at each tick (SWIM §4.1).

C{Gossip} waits for the next tick. C{EagerGossip} sends an update for the first time within
milliseconds, out of the same number of transmissions: the same bytes, only earlier.
"""

from __future__ import annotations

import random

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.membership.table import Membership
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.wire.messages import MessageType

_EAGER = (0.002, 0.010)  # seconds, at random between them
_EAGER_GAP = 0.050  # seconds between two such flushes


@attrs.define(eq=False, repr=False)
class Gossip:
    """Sends GOSSIP, which gets no answer. The timer runs only while updates are queued."""

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _updates: UpdateQueue
    _config: Config
    _interval: float = attrs.field(init=False)
    _wait: float = attrs.field(init=False)
    _timer: Timer = attrs.field(init=False)
    _running: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._interval = self._wait = self._config.gossip_interval
        self._timer = Timer(self._clock)
        self._updates.on_update(self._update_queued)

    def start(self) -> None:
        """Send queued updates from now on."""
        self._running = True
        if self._updates.pending:
            self._arm()

    def stop(self) -> None:
        """Send no more updates, and cancel the timer."""
        self._running = False
        self._timer.cancel()

    def _update_queued(self) -> None:
        self._arm()

    def _arm(self) -> None:
        if self._running and not self._timer.pending:
            self._timer.set(self._wait, self._tick)

    def _tick(self) -> None:
        for member in self._membership.sample(self._chance, self._config.gossip_fanout):
            if self._updates.pending and not member.legacy:
                self._messenger.send(member.address, MessageType.GOSSIP)
        index = self._membership.index
        readers = len(index.living) - len(index.legacy) - 1
        if self._updates.pending and readers > 0:  # with none, a new member's update sets it again
            self._arm()


@attrs.define(eq=False, repr=False)
class EagerGossip(Gossip):
    """Flushes updates 2 to 10 ms after they were queued, at most once every 50 ms.

    Members that received the same update flush it at nearly the same time. Each then starts its
    ticks at a random moment, so that a member that all flushes missed does not wait for a whole
    interval.
    """

    _flushed: float = attrs.field(init=False, default=0.0)  # the time, in seconds
    _flush_soon: bool = attrs.field(init=False, default=False)

    def stop(self) -> None:
        """Send no more updates, and cancel the timer."""
        super().stop()
        self._flush_soon = False

    def _update_queued(self) -> None:
        if self._flush_soon or not self._running:
            return
        self._flush_soon = True
        wait = self._chance.uniform(*_EAGER)
        gap = self._flushed + _EAGER_GAP - self._clock.seconds()
        self._timer.set(max(wait, gap), self._tick)

    def _tick(self) -> None:
        self._flushed = self._clock.seconds()
        self._wait = self._interval * (self._chance.random() if self._flush_soon else 1.0)
        self._flush_soon = False
        super()._tick()
