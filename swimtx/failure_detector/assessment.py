"""What a probe without an ACK means, by the evidence that the prober and its relays have seen.

Nothing here acts: the detector does, on what it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

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
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import BROKEN_QUIET, ProbeSchedule

# Every probe comes by here: on Python 3.11 finding a member of an enum is a call of Python's.
_SUSPECT = State.SUSPECT

_DOUBTED_FOR = 3600.0  # seconds that a refusal by the host of a living member is remembered
_REMEMBERED = 4096  # names


class Finding(NamedTuple):
    """What a probe says that ended without an ACK.

    @ivar claim: of its target; C{None}: nothing that is not known.
    @ivar alone: relays were asked, and nothing at all came back, from them or from the target: it
        may be this member that is cut off.
    @ivar nacks_missing: fewer than half of the relays answered (Lifeguard §IV-A).
    """

    claim: Claim | None
    alone: bool = False
    nacks_missing: bool = False


class Assessment(Protocol):
    """Reads probes."""

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """The schedule of a probe of that target; usually C{schedule} itself."""

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """The verdict, if what was seen so far is enough; asked whenever something was seen."""

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """What a probe says that no ACK has ended."""

    def answered(self, probe: Probe) -> None:
        """A probe was answered."""


class EvidenceAssessment:
    """Grades by evidence: refusals by a host whose port is known to accept prove a process gone.

    @param now: gives the time in seconds.
    """

    __slots__ = (
        "__weakref__",
        "_believed",
        "_broken_streams",
        "_doubted",
        "_hinted_quiet",
        "_membership",
        "_now",
        "_quiet",
    )

    def __init__(
        self,
        now: Callable[[], float],
        membership: Membership,
        broken_streams: BrokenStreams,
        config: Config,
    ) -> None:
        self._now = now
        self._membership = membership
        self._broken_streams = broken_streams
        self._believed = config.refused_verdict
        self._quiet = 0.99 * config.ping_timeout / 3  # clocks round
        self._hinted_quiet = 0.99 * BROKEN_QUIET * config.protocol_period
        self._doubted: dict[str, float] = {}

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """Of a suspect no more is asked than is needed.

        A frozen process accepts nothing: every new connection takes a place of its kernel's, and
        without places it would look silent. So only its witnesses connect. A suspect that five
        have seen silent needs no relays.
        """
        if target.state is _SUSPECT:
            if entry_of(target.evidence, self._membership.local.name) is None:
                if self._grade(target) is Grade.STALLED:
                    return replace(schedule, stream=None, relays=None)
                if len(target.evidence) >= ENOUGH_ALIKE:
                    return replace(schedule, relays=None)
        return schedule

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """A FAIL, once enough witnesses were refused and the target has been quiet for a while."""
        if probe.elapsed < (self._hinted_quiet if probe.hinted else self._quiet):
            return None
        return self._gone(held, self._credible(probe.evidence, held))

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A suspicion with what the witnesses saw, or a FAIL that it proves."""
        heard = len(probe.evidence) - 1
        asked = len(probe.relays)
        alone = bool(asked) and not heard and probe.own_observation is Observation.SILENT
        return Finding(self._read(probe, held), alone, 2 * heard < asked)

    def answered(self, probe: Probe) -> None:
        """A refusal by the host of a member that answers comes from something in between."""
        if probe.tried_stream and count_of(probe.evidence, Observation.REFUSED):
            if len(self._doubted) >= _REMEMBERED:
                self._doubted.clear()
            self._doubted[probe.target.name] = self._now() + _DOUBTED_FOR

    def credible(self, seen: Observation, held: Claim) -> Observation:
        """What an observation of ours counts as.

        A refusal only if that port is known to accept; an acceptance less if a stream broke.
        """
        if seen is Observation.ACCEPTED and held.name in self._broken_streams:
            return Observation.BROKEN
        return self._refusal(seen, held)

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        if seen is not Observation.REFUSED:
            return seen
        doubted = self._doubted.get(held.name, 0.0) > self._now()
        believed = held.streams and not doubted and self._believed
        return seen if believed else Observation.SILENT

    def _read(self, probe: Probe, held: Claim) -> Claim | None:
        seen = self._credible(probe.evidence, held)
        kept = self._worth_telling(held, seen)
        gone = self._gone(held, seen)
        if gone is None and not kept:
            return None
        return gone or held.suspected(self._membership.local.name, kept)

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
        return held.failed(self._membership.local.name, seen)

    def _grade(self, held: Claim) -> Grade:
        return grade_of(held.evidence, self._membership.local.name, self._membership.living)

    def _worth_telling(self, held: Claim, seen: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """What adds to the evidence that is known; ours comes first."""
        known = held.evidence
        kept: tuple[Evidence, ...] = ()
        for entry in seen:
            if worth_telling(entry, known + kept):
                kept = (*kept, entry)
        return kept
