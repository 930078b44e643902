"""Asking those who failed whether they are back, for as long as they are remembered.

Two halves that lost each other find together by this alone: each PING carries the FAIL, whoever
lives refutes it, and its ACK brings what it holds of us.
"""

from __future__ import annotations

import random

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
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
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._period = config.period
        # It is over before the next may begin.
        self._schedule = ProbeSchedule((0.0,), config.period / 2, None, 0.9 * config.period)
        self._timer: IDelayedCall | None = None
        self._asking: Probe | None = None
        membership.watch(self._changed, WatchOrder.RESURRECTION)

    def stop(self) -> None:
        """Ask nobody any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._asking is not None:
            self._asking.stop()
            self._asking = None

    def _changed(self, change: Change) -> None:
        gone = self._membership.me.state is State.LEFT
        if self._timer is None and self._membership.index.failed and not gone:
            self._timer = self._clock.callLater(self._period, self._tick)

    def _tick(self) -> None:
        self._timer = None
        failed = list(self._membership.index.failed)
        if not failed:
            return
        self._timer = self._clock.callLater(self._period, self._tick)
        if self._chance.random() * max(1, self._membership.living - 1) < len(failed):
            claim = self._membership.claim(self._chance.choice(failed))
            if claim is not None:
                self._ask(claim)

    def _ask(self, claim: Claim) -> None:
        if self._asking is None or self._asking.over:
            self._asking = Probe(
                claim, self._messenger, self._schedule, lambda asking: None, attach=claim
            )
