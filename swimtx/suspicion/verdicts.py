"""The gate before a FAIL: first-hand evidence, and a member that is not isolated itself.

A suspect whose time is over is looked at first-hand if we have not done so. While we are isolated
no verdict is given; after C{patience} seconds verdicts are given that no other member hears of,
and which the first message takes back.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.evidence import entry_of
from swimtx.membership.table import Membership
from swimtx.suspicion.isolation import QUIET, Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.timer import Timer

_FIRST_HAND = 1.2  # periods to see for ourselves
# Twisted runs late timers before it reads its sockets: a verdict waits for another turn.
_READ_FIRST = 0.02  # seconds


class Verdicts:
    """Turns suspicions that are due into FAILs (SWIM §4.2: Confirm)."""

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        config: Config,
        timers: SuspicionTimers,
        monitors: SuspectMonitors,
        isolation: Isolation,
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._period = config.protocol_period
        self._patience = config.patience
        self._timers = timers
        self._monitors = monitors
        self._isolation = isolation
        self._private: dict[str, Claim] = {}
        self._waiting: dict[str, Timer] = {}
        timers.on_due(self.due)
        isolation.on_out_of_patience(self._keep_all_private)
        isolation.on_reconnect(self._take_back)

    def start(self) -> None:
        """There is nothing to begin with."""

    def stop(self) -> None:
        """Give no more verdicts."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def due(self, claim: Claim) -> None:
        """The time of that suspect is over."""
        seen = entry_of(claim.evidence, self._membership.local.name) is not None
        if not seen and not self._monitors.saw(claim.name):
            self._monitors.watch(claim.name)
            self._timers.extend(claim.name, _FIRST_HAND * self._period)
        elif claim.name not in self._waiting:
            self._wait(claim.name, _READ_FIRST)

    def _wait(self, name: str, seconds: float) -> None:
        timer = self._waiting[name] = Timer(self._clock)
        timer.set(seconds, self._consider, name)

    def _consider(self, name: str) -> None:
        del self._waiting[name]
        claim = self._membership.claim(name)
        if claim is None or claim.state is not State.SUSPECT:
            return
        deadline = self._timers.deadline(name)
        if deadline is not None and deadline > self._clock.seconds():
            return  # what was read meanwhile has moved it
        if self._isolation.rules_out():
            self._membership.apply(claim.failed(self._membership.local.name))
        elif self._isolation.out_of_patience:
            self._keep_private(claim)
        else:
            self._isolation.check()
            self._timers.extend(name, 1.2 * QUIET * self._period)

    def _keep_private(self, claim: Claim) -> None:
        """Give a verdict that no other member hears of."""
        self._private[claim.name] = claim
        why = "nobody answers us: this is our own view"
        self._membership.apply(claim.failed(self._membership.local.name), why, spread=False)

    def _keep_all_private(self) -> None:
        """Isolated for as long as we have patience: as far as we know, all suspects are gone."""
        for name in list(self._membership.index.suspects):
            claim = self._membership.claim(name)
            if claim is not None:
                self._keep_private(claim)

    def _take_back(self, gap: float) -> None:
        """We were isolated for so many seconds: private verdicts do not hold, and suspects get
        that time anew."""
        for name, claim in self._private.items():
            self._membership.restore(claim)
            self._timers.extend(name, self._period)
        self._private.clear()
        for name in list(self._membership.index.suspects):
            deadline = self._timers.deadline(name)
            if deadline is not None:
                left = max(0.0, deadline - self._clock.seconds())
                self._timers.extend(name, left + min(gap, self._patience))
