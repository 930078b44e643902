"""How long each suspect may take, by what was seen of it (SWIM §4.2; Lifeguard §IV-B).

A stalled suspect, whose host still accepts, has C{patience} seconds. A silent one has the silence
tolerance: longer while there are few witnesses, while this member is not well itself, and after
false positives. One whose process is gone has no time at all.
"""

from __future__ import annotations

from collections.abc import Callable

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

_BYSTANDER_PATIENCE = 3.0  # seconds that bystanders of a stall wait longer


class _Suspect:
    """One suspect, and when its time is over."""

    __slots__ = ("deadline", "grade", "silent_since", "since", "timer")

    def __init__(self, clock: IReactorTime) -> None:
        now = clock.seconds()
        self.grade: Grade | None = None
        self.since = now
        self.silent_since = now
        self.deadline = now
        self.timer = Timer(clock)

    def graded(self, grade: Grade, now: float) -> Grade | None:
        """Note a grade; the one before, C{None} at first."""
        before, self.grade = self.grade, grade
        if grade is Grade.SILENT and before is Grade.STALLED:
            self.silent_since = now  # the clock of silence starts when the silence does
        return before

    def wait(self, until: float, now: float, then: Callable[..., object], name: str) -> None:
        """Call C{then(name)} at that time."""
        self.deadline = until
        self.timer.set(max(0.0, until - now), then, name)


class SuspicionTimers:
    """A deadline for each suspect, moved as evidence comes in."""

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        config: Config,
        health: LocalHealth,
        backoff: FalsePositiveBackoff,
        journal: IJournal,
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._period = config.protocol_period
        self._tolerance = config.silence_tolerance_seconds
        self._patience = config.patience
        self._health = health
        self._backoff = backoff
        self._journal = journal
        self._due: list[Callable[[Claim], object]] = []
        self._suspects: dict[str, _Suspect] = {}
        self._unwatch: Callable[[], None] | None = None

    def on_due(self, callback: Callable[[Claim], object]) -> None:
        """Call C{callback(claim)} at each deadline."""
        self._due.append(callback)

    def start(self) -> None:
        """Time suspects from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.SUSPICION_TIMERS)

    def stop(self) -> None:
        """Time no suspect any more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._suspects):
            self._forget(name)

    def grade(self, name: str) -> Grade | None:
        """How that suspect is graded now; C{None}: it is not suspected."""
        suspect = self._suspects.get(name)
        return None if suspect is None else suspect.grade

    def extend(self, name: str, seconds: float) -> None:
        """Look again at that suspect in so many seconds."""
        suspect = self._suspects.get(name)
        if suspect is not None:
            now = self._clock.seconds()
            suspect.wait(now + seconds, now, self._ran_out, name)

    def deadline(self, name: str) -> float | None:
        """When the time of that suspect is over, in seconds of the clock."""
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
            self._suspects[claim.name] = _Suspect(self._clock)
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
        """Seconds from the beginning, for a suspect whose host accepts for it."""
        return self._patience + (_BYSTANDER_PATIENCE if self._is_bystander(claim) else 0.0)

    def _tolerance_for(self, claim: Claim) -> float:
        """Seconds of silence."""
        living = self._membership.living
        timeout = silence_timeout(claim.evidence, self._tolerance, living) * self._backoff.factor
        if living > 2:
            timeout *= self._health.suspicion_factor
        return 2 * timeout + self._period if self._is_bystander(claim) else timeout

    def _is_bystander(self, claim: Claim) -> bool:
        """Whether we are not among the witnesses."""
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
