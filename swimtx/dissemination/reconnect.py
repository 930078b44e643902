"""Asking those who failed whether they are back, for as long as they are remembered.

Two halves that lost each other find together by this alone: each PING carries the FAIL, whoever
lives refutes it, and its ACK brings what it holds of us.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger


class Reconnector:
    """Each period, with probability failed/alive, one PING to a failed member.

    So each failed member gets about one PING a period from the whole group. The timer runs only
    while somebody is failed.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        config: Config,
    ) -> None:
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._period = config.protocol_period
        # It is over before the next may begin.
        self._schedule = ProbeSchedule((0.0,), self._period / 2, None, 0.9 * self._period)
        self._timer = Timer(clock)
        self._asking: Probe | None = None
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Ask failed members from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.RECONNECT)

    def stop(self) -> None:
        """Ask no failed member any more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._timer.cancel()
        if self._asking is not None:
            self._asking.stop()
            self._asking = None

    def _changed(self, change: RecordChange) -> None:
        if not self._timer.pending and self._membership.index.failed:
            self._timer.set(self._period, self._tick)

    def _tick(self) -> None:
        failed = list(self._membership.index.failed)
        if not failed:
            return
        self._timer.set(self._period, self._tick)
        if self._chance.random() * max(1, self._membership.living - 1) < len(failed):
            claim = self._membership.claim(self._chance.choice(failed))
            if claim is not None:
                self._ask(claim)

    def _ask(self, claim: Claim) -> None:
        if self._asking is None or self._asking.over:
            self._asking = Probe(
                claim, self._messenger, self._schedule, lambda asking: None, attach=claim
            )
