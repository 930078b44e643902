"""What a round without an ACK means.

Two readings, of which the wiring picks one: ``Published`` is SWIM's, where silence is silence;
``EvidenceAssessment`` looks at what kind of failure it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Protocol

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.evidence import (
    ENOUGH_ALIKE,
    Grade,
    count_of,
    entry_of,
    grade_of,
    proves_gone,
    worth_telling,
)
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import BROKEN_QUIET, ProbeSchedule

# Every probe comes by here: on Python 3.11 finding a member of an enum is a call of Python's.
_SUSPECT = State.SUSPECT

_ALONE_AFTER = 4  # inconclusive rounds in a row, after which one is believed all the same
_DOUBTED_FOR = 3600.0  # seconds that a refusal by somebody who lives is remembered
_BROKEN_FOR = 30.0  # periods that a stream which broke counts, unless an ACK comes sooner
_REMEMBERED = 4096  # names


Reading = Callable[[Probe, Claim], Claim | None]
"""What a round says of its target, given the record that is held."""


class Assessment(Protocol):
    """A reading of rounds."""

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """The course of a round with that target; usually takes C{schedule}."""

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """The verdict, if what was seen so far is enough; asked whenever something was seen."""

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """The verdict at the end of a round that nobody answered; C{None}: none can be given."""

    def answered(self, probe: Probe) -> None:
        """A round was answered."""

    def broke(self, name: str) -> None:
        """An idle stream to that member ended unasked."""

    def broken(self, name: str) -> bool:
        """Whether one did lately, and no ACK has come since."""


class Published:
    """SWIM as published: who does not answer is suspected (§3.1, §4.2)."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """Always the same."""
        return schedule

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """Never."""
        return None

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """A suspicion."""
        return held.suspected(self._membership.me.name, probe.evidence)

    def answered(self, probe: Probe) -> None:
        """Nothing to learn."""

    def broke(self, name: str) -> None:
        """It means nothing."""

    def broken(self, name: str) -> bool:
        """Never."""
        return False


class EvidenceAssessment:
    """Evidence-graded: refusals by a host whose port is known to accept prove a process gone.

    @param now: gives the time in seconds.
    @ivar doubt: called when a round had no answer from anybody, so that it may be us who are deaf.
    @ivar ask: asks whether we are heard, and calls back with the answer: L{Canaries.ask}.
    @ivar conclude: applies what a round says on second thoughts.
    @ivar look_at: starts rounds with these members.
    """

    __slots__ = (
        "__weakref__",
        "_believed",
        "_broken",
        "_broken_for",
        "_doubted",
        "_health",
        "_hinted_quiet",
        "_inconclusive",
        "_last_inconclusive",
        "_membership",
        "_now",
        "_period",
        "_quiet",
        "_unsure",
        "ask",
        "conclude",
        "doubt",
        "probe_out_of_turn",
    )

    def __init__(
        self,
        now: Callable[[], float],
        membership: Membership,
        health: LocalHealth,
        config: Config,
    ) -> None:
        self._now = now
        self._membership = membership
        self._health = health
        self._believed = config.refused_verdict
        self._period = config.period
        self._quiet = 0.99 * config.first_stage / 3  # clocks round
        self._hinted_quiet = 0.99 * BROKEN_QUIET * config.period
        self._broken_for = _BROKEN_FOR * config.period
        self._doubted: dict[str, float] = {}
        self._broken: dict[tuple[str, int], float] = {}
        self._inconclusive = 0
        self._last_inconclusive = 0.0
        self._unsure: set[tuple[str, int]] = set()
        self.doubt: Callable[[], object] = lambda: None
        self.ask: Callable[[Callable[[bool], object]], object] = lambda tell: tell(False)
        self.conclude: Callable[[Probe, Reading], object] = lambda probe, read: None
        self.probe_out_of_turn: Callable[[Iterable[Claim]], object] = lambda members: None

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """Of one that is suspected enough, no more is asked than is needed.

        A frozen process accepts nothing: every new connection takes a place of its kernel's, and
        without places it would look silent. So only its witnesses connect. One that five have
        seen silent needs no relays.
        """
        if target.state is _SUSPECT and entry_of(target.evidence, self._membership.me.name) is None:
            if self._grade(target) is Grade.STALLED:
                return replace(schedule, stream=None, relays=None)
            if len(target.evidence) >= ENOUGH_ALIKE:
                return replace(schedule, relays=None)
        return schedule

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """Gone, once enough witnesses were refused and the target has been quiet for a while."""
        if probe.elapsed < (self._hinted_quiet if probe.hinted else self._quiet):
            return None
        return self._gone(held, self._credible(probe.evidence, held))

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """A suspicion with what the witnesses saw, unless it may be us who are cut off.

        Relays that do not answer may say that it is us, or be gone themselves: the canaries tell.
        """
        if not probe.tried_stream:
            return None  # we have not looked closely
        heard = len(probe.evidence) - 1
        asked = len(probe.relays)
        alone = bool(asked) and not heard and probe.own_observation is Observation.SILENT
        self._inconclusive = self._counted(probe) if alone else 0
        if alone:
            self.doubt()
        if 2 * heard < asked:
            self.ask(partial(self._asked, probe, alone))
        if alone and self._inconclusive < _ALONE_AFTER:
            return None
        return self._read(probe, held)

    def _counted(self, probe: Probe) -> int:
        """Inconclusive rounds in a row: of those that ran at the same time, one."""
        now = self._now()
        if now - probe.elapsed < self._last_inconclusive:
            return self._inconclusive
        self._last_inconclusive = now
        return self._inconclusive + 1

    def _asked(self, probe: Probe, alone: bool, answered: bool) -> None:
        """Whether we are heard, when relays did not answer.

        If we are, and nobody at all has answered, the target and its relays are looked at once
        more: by chance, or under loss, they may all have missed it. After that they are gone.
        """
        run = _run(probe.target)
        if not answered:
            self._health.worsen()
        elif alone:
            self._inconclusive = 0
            if run in self._unsure:
                self._unsure.remove(run)
                self.conclude(probe, self._read)
            else:
                if len(self._unsure) >= _REMEMBERED:
                    self._unsure.clear()
                self._unsure.add(run)
                self.probe_out_of_turn((probe.target, *probe.relays))

    def _read(self, probe: Probe, held: Claim) -> Claim | None:
        seen = self._credible(probe.evidence, held)
        kept = self._worth_telling(held, seen)
        gone = self._gone(held, seen)
        if gone is None and not kept:
            return None
        return gone or held.suspected(self._membership.me.name, kept)

    def answered(self, probe: Probe) -> None:
        """A refusal by one who answers all the same comes from something in between."""
        self._inconclusive = 0
        self._health.succeeded()
        if self._broken or self._unsure:
            run = _run(probe.target)
            self._broken.pop(run, None)
            self._unsure.discard(run)
        if probe.tried_stream and count_of(probe.evidence, Observation.REFUSED):
            if len(self._doubted) >= _REMEMBERED:
                self._doubted.clear()
            self._doubted[probe.target.name] = self._now() + _DOUBTED_FOR

    def broke(self, name: str) -> None:
        """If its host accepts all the same, something may be accepting for a corpse."""
        if len(self._broken) >= _REMEMBERED:
            self._broken.clear()
        held = self._membership.claim(name)
        if held is not None:
            self._broken[_run(held)] = self._now() + self._broken_for

    def broken(self, name: str) -> bool:
        """Whether one did within the last 30 periods, in this run, and no ACK has come since."""
        held = self._membership.claim(name)
        return held is not None and self._broken.get(_run(held), 0.0) > self._now()

    def credible(self, kind: Observation, held: Claim) -> Observation:
        """What an observation of ours counts as.

        A refusal only if that port is known to accept; an acceptance less if a stream broke.
        """
        if kind is Observation.ACCEPTED and self.broken(held.name):
            return Observation.BROKEN
        return self._refusal(kind, held)

    def _refusal(self, kind: Observation, held: Claim) -> Observation:
        if kind is not Observation.REFUSED:
            return kind
        doubted = self._doubted.get(held.name, 0.0) > self._now()
        return kind if held.streams and not doubted and self._believed else Observation.SILENT

    def _credible(self, seen: tuple[Evidence, ...], held: Claim) -> tuple[Evidence, ...]:
        me = self._membership.name
        return tuple(
            entry._replace(
                kind=(self.credible if entry.witness == me else self._refusal)(entry.kind, held)
            )
            for entry in seen
        )

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not proves_gone(seen, self._membership.living):
            return None
        return held.failed(self._membership.me.name, seen)

    def _grade(self, held: Claim) -> Grade:
        return grade_of(held.evidence, self._membership.me.name, self._membership.living)

    def _worth_telling(self, held: Claim, seen: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """What adds to the evidence that is known; ours comes first."""
        known = held.evidence
        kept: tuple[Evidence, ...] = ()
        for entry in seen:
            if worth_telling(entry, known + kept):
                kept = (*kept, entry)
        return kept


def _run(claim: Claim) -> tuple[str, int]:
    """What is remembered of one run of a member says nothing of the next."""
    return claim.name, claim.epoch
