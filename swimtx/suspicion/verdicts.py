"""Confirms suspicions that are due, on first-hand evidence only (SWIM §4.2: Confirm).

A suspect whose deadline has passed is first monitored for a while, unless this member has an
observation of its own. An isolated member gives no verdict; after C{patience} seconds it gives
verdicts that it does not spread, and the first received message reverts these.
"""

from __future__ import annotations

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.evidence import entry_of
from swimtx.membership.table import Membership
from swimtx.suspicion.isolation import QUIET, Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.timer import Timer

_FIRST_HAND = 1.2  # periods until a new monitor has an observation
# Twisted runs late timers before it reads its sockets: a verdict waits for another iteration.
_READ_FIRST = 0.02  # seconds


@attrs.define(eq=False, repr=False)
class Verdicts:
    """Turns suspicions that are due into FAILs (SWIM §4.2: Confirm)."""

    _clock: IReactorTime
    _membership: Membership
    _config: Config
    _timers: SuspicionTimers
    _monitors: SuspectMonitors
    _isolation: Isolation
    _private: dict[str, Claim] = attrs.field(init=False, factory=dict)
    _waiting: dict[str, Timer] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._timers.on_due(self.due)
        self._isolation.on_out_of_patience(self._fail_all_privately)
        self._isolation.on_reconnect(self._revert)

    def start(self) -> None:
        """Do nothing: the suspicion timers call L{due}."""

    def stop(self) -> None:
        """Cancel the verdicts that are waiting; those that were not spread are not reverted."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self._private.clear()

    def due(self, claim: Claim) -> None:
        """Give a verdict on a suspect whose deadline has passed, or monitor it first."""
        seen = entry_of(claim.evidence, self._membership.local.name) is not None
        if not seen and not self._monitors.saw(claim.name):
            self._monitors.watch(claim.name)
            self._timers.extend(claim.name, _FIRST_HAND * self._config.protocol_period)
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
            return  # a message that was read meanwhile has moved the deadline
        if self._isolation.rules_out():
            self._membership.apply(claim.failed(self._membership.local.name))
        elif self._isolation.out_of_patience:
            self._fail_privately(claim)
        else:
            self._isolation.check()
            self._timers.extend(name, 1.2 * QUIET * self._config.protocol_period)

    def _fail_privately(self, claim: Claim) -> None:
        """Give a verdict without spreading it."""
        self._private[claim.name] = claim
        why = "nobody answers us: this is our own view"
        self._membership.apply(claim.failed(self._membership.local.name), why, spread=False)

    def _fail_all_privately(self) -> None:
        """Take all suspects for failed, after an isolation of C{patience} seconds."""
        for name in list(self._membership.index.suspects):
            claim = self._membership.claim(name)
            if claim is not None:
                self._fail_privately(claim)

    def _revert(self, gap: float) -> None:
        """Revert private verdicts, and give suspects the time of the isolation anew.

        @param gap: seconds of isolation.
        """
        for name, claim in self._private.items():
            self._membership.restore(claim)
            self._timers.extend(name, self._config.protocol_period)
        self._private.clear()
        for name in list(self._membership.index.suspects):
            deadline = self._timers.deadline(name)
            if deadline is not None:
                left = max(0.0, deadline - self._clock.seconds())
                self._timers.extend(name, left + min(gap, self._config.patience))
