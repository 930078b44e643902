"""Times each suspicion by the evidence against its suspect (SWIM §4.2; Lifeguard §IV-B).

A stalled suspect, whose host still accepts, has C{patience} seconds. A silent suspect has the
silence tolerance: longer while there are few witnesses, while this member's local health is poor,
and after false positives. A suspect whose process is gone has no time at all.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.interfaces import IJournal
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.evidence import Grade, entry_of, grade_of
from swimtx.membership.explain import explain
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.timeout import silence_timeout
from swimtx.timer import Timer

_BYSTANDER_PATIENCE = 3.0  # seconds that members without evidence of a stall wait longer


@attrs.define(eq=False, repr=False)
class _Suspect:
    """The timing of one suspicion; all times are in seconds of the clock."""

    timer: Timer
    since: float
    silent_since: float
    deadline: float
    grade: Grade | None = None

    def graded(self, grade: Grade, now: float) -> Grade | None:
        """Set the grade.

        @return: the grade before; C{None} at first.
        """
        before, self.grade = self.grade, grade
        if grade is Grade.SILENT and before is Grade.STALLED:
            self.silent_since = now  # the timeout of a silent suspect counts from the silence
        return before

    def wait(self, until: float, now: float, then: Callable[..., object], name: str) -> None:
        """Call C{then(name)} at the time C{until}."""
        self.deadline = until
        self.timer.set(max(0.0, until - now), then, name)


@attrs.define(eq=False, repr=False)
class SuspicionTimers:
    """A deadline for each suspect, which moves with new evidence."""

    _clock: IReactorTime
    _membership: Membership
    _config: Config
    _health: LocalHealth
    _backoff: FalsePositiveBackoff
    _journal: IJournal
    _due: list[Callable[[Claim], object]] = attrs.field(init=False, factory=list)
    _suspects: dict[str, _Suspect] = attrs.field(init=False, factory=dict)
    _unwatch: Callable[[], None] | None = attrs.field(init=False, default=None)

    def on_due(self, callback: Callable[[Claim], object]) -> None:
        """Call C{callback(claim)} at each deadline."""
        self._due.append(callback)

    def start(self) -> None:
        """Start timing suspects."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.SUSPICION_TIMERS)

    def stop(self) -> None:
        """Stop timing suspects, and cancel all timers."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._suspects):
            self._forget(name)

    def grade(self, name: str) -> Grade | None:
        """The grade of a suspect; C{None} if that member is not suspected."""
        suspect = self._suspects.get(name)
        return None if suspect is None else suspect.grade

    def extend(self, name: str, seconds: float) -> None:
        """Move the deadline of a suspect to C{seconds} from now; other names are ignored."""
        suspect = self._suspects.get(name)
        if suspect is not None:
            now = self._clock.seconds()
            suspect.wait(now + seconds, now, self._ran_out, name)

    def deadline(self, name: str) -> float | None:
        """The deadline of a suspect in seconds of the clock; C{None} if it is not suspected."""
        suspect = self._suspects.get(name)
        return None if suspect is None else suspect.deadline

    def _changed(self, change: RecordChange) -> None:
        claim, held = change.claim, change.held
        if held is not None and held.state is State.FAILED and claim.state.living:
            if held.epoch == claim.epoch:
                self._backoff.record()
        if claim.state is not State.SUSPECT or claim.name == self._membership.local.name:
            self._forget(claim.name)
            return
        if held is None or held.state is not State.SUSPECT or held.key != claim.key:
            self._forget(claim.name)  # a new suspicion
        if claim.name not in self._suspects:
            now = self._clock.seconds()
            self._suspects[claim.name] = _Suspect(Timer(self._clock), now, now, now)
        self._regrade(claim, self._suspects[claim.name])

    def _regrade(self, claim: Claim, suspect: _Suspect) -> None:
        grade = grade_of(claim.evidence, self._membership.local.name, self._membership.living)
        now = self._clock.seconds()
        before = suspect.graded(grade, now)
        if grade is not before:
            self._journal.note("graded", claim.name, grade=grade.value)
        if grade is Grade.STALLED and before is not Grade.STALLED:
            self._membership.announce(Event.STALLED, claim.name, explain(claim))
        until = now if grade is Grade.GONE else self._deadline(claim, suspect)
        suspect.wait(until, now, self._ran_out, claim.name)

    def _deadline(self, claim: Claim, suspect: _Suspect) -> float:
        if suspect.grade is Grade.STALLED:
            return suspect.since + self._patience_with(claim)
        return suspect.silent_since + self._tolerance_for(claim)

    def _patience_with(self, claim: Claim) -> float:
        """Seconds that a stalled suspect has from the beginning of the suspicion."""
        return self._config.patience + (_BYSTANDER_PATIENCE if self._is_bystander(claim) else 0.0)

    def _tolerance_for(self, claim: Claim) -> float:
        """Seconds that a silent suspect has from the beginning of the silence."""
        living, config = self._membership.living, self._config
        timeout = silence_timeout(claim.evidence, config.silence_tolerance_seconds, living)
        timeout *= self._backoff.factor
        if living > 2:
            timeout *= self._health.suspicion_factor
        return 2 * timeout + config.protocol_period if self._is_bystander(claim) else timeout

    def _is_bystander(self, claim: Claim) -> bool:
        """Whether this member is not among the witnesses."""
        return entry_of(claim.evidence, self._membership.local.name) is None

    def _ran_out(self, name: str) -> None:
        claim = self._membership.claim(name)
        if name in self._suspects and claim is not None and claim.state is State.SUSPECT:
            for callback in self._due:
                callback(claim)

    def _forget(self, name: str) -> None:
        suspect = self._suspects.pop(name, None)
        if suspect is not None:
            suspect.timer.cancel()
