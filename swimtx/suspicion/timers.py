"""How long each suspect may take, by what was seen of it (SWIM §4.2; Lifeguard §IV-B).

One that stalled, its host still accepting, has C{patience}. One that is silent has the silence
tolerance, longer while there are few witnesses, while we are not well ourselves, and after verdicts
that turned out hasty. One that is gone has no time at all.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, Event, WatchOrder
from swimtx.membership.evidence import Grade, entry_of, grade_of
from swimtx.membership.explain import explain
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.timeout import silence_timeout

_BYSTANDER_PATIENCE = 3.0  # seconds that bystanders of a stall wait longer


class _Suspect:
    """One suspect."""

    __slots__ = ("deadline", "grade", "since", "silent_since", "timer")

    def __init__(self, now: float) -> None:
        self.grade: Grade | None = None
        self.since = now
        self.silent_since = now
        self.deadline = now
        self.timer: IDelayedCall | None = None


class SuspicionTimers:
    """A deadline for each suspect, moved as evidence comes in.

    @param due: called as C{due(claim)} at a deadline.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        config: Config,
        health: LocalHealth,
        regret: FalsePositiveBackoff,
        due: Callable[[Claim], object],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._period = config.period
        self._tolerance = config.silence_tolerance_seconds
        self._patience = config.patience_seconds
        self._health = health
        self._regret = regret
        self._due = due
        self._cases: dict[str, _Suspect] = {}
        membership.watch(self._changed, WatchOrder.SUSPICION)

    def stop(self) -> None:
        """Suspect nobody any more."""
        for name in list(self._cases):
            self._close(name)

    def grade(self, name: str) -> Grade | None:
        """How that suspect is graded now; C{None}: it is not suspected."""
        case = self._cases.get(name)
        return None if case is None else case.grade

    def extend(self, name: str, seconds: float) -> None:
        """Look again at that suspect in so many seconds."""
        case = self._cases.get(name)
        if case is not None:
            self._arm(name, case, self._clock.seconds() + seconds)

    def deadline(self, name: str) -> float | None:
        """When that suspect's time runs out, in seconds of the clock."""
        case = self._cases.get(name)
        return None if case is None else case.deadline

    def _changed(self, change: Change) -> None:
        claim, held = change.claim, change.held
        if held is not None and held.state is State.FAILED and claim.state.living:
            if held.epoch == claim.epoch:
                self._regret.record()
        me = self._membership.me
        gone = me.state is State.LEFT  # then accusing is others' business
        if claim.state is not State.SUSPECT or claim.name == me.name or gone:
            self._close(claim.name)
            return
        new = held is None or held.state is not State.SUSPECT or held.key != claim.key
        if new:
            self._close(claim.name)
        case = self._cases.setdefault(claim.name, _Suspect(self._clock.seconds()))
        self._regrade(claim, case)

    def _regrade(self, claim: Claim, case: _Suspect) -> None:
        grade = grade_of(claim.evidence, self._membership.me.name, self._membership.living)
        before, case.grade = case.grade, grade
        now = self._clock.seconds()
        if grade is Grade.SILENT and before is Grade.STALLED:
            case.silent_since = now  # the clock of silence starts when the silence does
        if grade is Grade.STALLED and before is not Grade.STALLED:
            self._membership.announce(Event.STALLED, claim.name, explain(claim))
        self._arm(claim.name, case, now if grade is Grade.GONE else self._deadline(claim, case))

    def _deadline(self, claim: Claim, case: _Suspect) -> float:
        if case.grade is Grade.STALLED:
            return case.since + self._patience_with(claim)
        return case.silent_since + self._tolerance_for(claim)

    def _patience_with(self, claim: Claim) -> float:
        """Seconds from the beginning, for one whose host accepts for it."""
        return self._patience + (_BYSTANDER_PATIENCE if self._is_bystander(claim) else 0.0)

    def _tolerance_for(self, claim: Claim) -> float:
        """Seconds of silence."""
        living = self._membership.living
        timeout = silence_timeout(claim.evidence, self._tolerance, living) * self._regret.factor
        if living > 2:
            timeout *= self._health.suspicion_factor
        return 2 * timeout + self._period if self._is_bystander(claim) else timeout

    def _is_bystander(self, claim: Claim) -> bool:
        """Whether we are not among those who tell what they saw."""
        return entry_of(claim.evidence, self._membership.me.name) is None

    def _arm(self, name: str, case: _Suspect, deadline: float) -> None:
        if case.timer is not None and case.timer.active():
            case.timer.cancel()
        case.deadline = deadline
        delay = max(0.0, deadline - self._clock.seconds())
        case.timer = self._clock.callLater(delay, self._ran_out, name)

    def _ran_out(self, name: str) -> None:
        claim = self._membership.claim(name)
        if name in self._cases and claim is not None and claim.state is State.SUSPECT:
            self._due(claim)

    def _close(self, name: str) -> None:
        case = self._cases.pop(name, None)
        if case is not None and case.timer is not None and case.timer.active():
            case.timer.cancel()
