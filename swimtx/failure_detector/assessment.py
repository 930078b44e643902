"""Judges a probe without an ACK by the evidence of the prober and its relays (SWIM §3.1).

An assessment has no effects; the detector acts on its findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

import attrs

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

# Looked up once, as every probe needs it: on Python 3.11 each look-up is a Python function call.
_SUSPECT = State.SUSPECT

_DOUBTED_FOR = 3600.0  # seconds that a refusal by the host of a living member is remembered
_REMEMBERED = 4096  # names of such members


class Finding(NamedTuple):
    """The finding of a probe that ended without an ACK.

    @ivar claim: the claim about the target; C{None} if it would add nothing to what is known.
    @ivar alone: relays were asked, and neither they nor the target answered: this member itself
        may be cut off.
    @ivar nacks_missing: fewer than half of the relays answered (Lifeguard §IV-A).
    """

    claim: Claim | None
    alone: bool = False
    nacks_missing: bool = False


class Assessment(Protocol):
    """Judges the outcome of probes."""

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """The schedule for a probe of this target; usually C{schedule} itself."""

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """The verdict, if the evidence so far suffices; called after each new observation."""

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """The finding of a probe that timed out."""

    def answered(self, probe: Probe) -> None:
        """Take note that a probe was answered."""


@attrs.define(eq=False, repr=False)
class EvidenceAssessment:
    """Judges by evidence: refusals by a host whose port is known to accept prove a process gone.

    @param now: returns the time in seconds.
    """

    _now: Callable[[], float]
    _membership: Membership
    _broken_streams: BrokenStreams
    _config: Config
    _quiet: float = attrs.field(init=False)
    _hinted_quiet: float = attrs.field(init=False)
    _doubted: dict[str, float] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        # A little less than the schedules of probes have: the clock rounds.
        self._quiet = 0.99 * self._config.ping_timeout / 3
        self._hinted_quiet = 0.99 * BROKEN_QUIET * self._config.protocol_period

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """Skip the stream and the relays for a suspect that does not need them.

        A frozen process does not take connections from its kernel's queue: each new connection
        fills a place of it, and with a full queue the suspect would look silent. So only its
        witnesses connect. A suspect with five witnesses of silence needs no relays.
        """
        if target.state is _SUSPECT:
            if entry_of(target.evidence, self._membership.local.name) is None:
                if self._grade(target) is Grade.STALLED:
                    return replace(schedule, stream=None, relays=None)
                if len(target.evidence) >= ENOUGH_ALIKE:
                    return replace(schedule, relays=None)
        return schedule

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """A FAIL, once enough witnesses were refused and the target was silent for a while."""
        if probe.elapsed < (self._hinted_quiet if probe.hinted else self._quiet):
            return None
        return self._gone(held, self._credible(probe.evidence, held))

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A SUSPECT with the observations of the witnesses, or a FAIL if they prove one."""
        answers = len(probe.evidence) - 1
        asked = len(probe.relays)
        alone = bool(asked) and not answers and probe.own_observation is Observation.SILENT
        return Finding(self._claim(probe, held), alone, 2 * answers < asked)

    def answered(self, probe: Probe) -> None:
        """Doubt refusals by the host of a member that answers: a middlebox made them."""
        if probe.tried_stream and count_of(probe.evidence, Observation.REFUSED):
            if len(self._doubted) >= _REMEMBERED:
                self._doubted.clear()
            self._doubted[probe.target.name] = self._now() + _DOUBTED_FOR

    def credible(self, seen: Observation, held: Claim) -> Observation:
        """The observation that one of ours counts as.

        A refusal counts as silence unless the port is known to accept, and an acceptance as a
        broken stream after a stream to the member broke.
        """
        if seen is Observation.ACCEPTED and held.name in self._broken_streams:
            return Observation.BROKEN
        return self._refusal(seen, held)

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        if seen is not Observation.REFUSED:
            return seen
        doubted = self._doubted.get(held.name, 0.0) > self._now()
        believed = held.streams and not doubted and self._config.refused_verdict
        return seen if believed else Observation.SILENT

    def _claim(self, probe: Probe, held: Claim) -> Claim | None:
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
        """The entries that add to the known evidence; ours comes first."""
        known = held.evidence
        kept: tuple[Evidence, ...] = ()
        for entry in seen:
            if worth_telling(entry, known + kept):
                kept = (*kept, entry)
        return kept
