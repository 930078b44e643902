"""swimtx with one rule left out, each by a wiring of its own: what is that rule worth?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime

from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.stand_ins import (
    AlwaysHealthy,
    NoBackoff,
    NoStallCheck,
    Nothing,
    NoTripwires,
)
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment, Finding
from swimtx.failure_detector.detector import FailureDetector
from swimtx.failure_detector.target_selection import RoundRobin, TargetSelection
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange
from swimtx.membership.evidence import proves_gone
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.probing.stall_clock import StallClock
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.isolation import Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.wiring import Startable, Wiring

# Evidence


class SilenceOnly(EvidenceAssessment):
    """Whatever a stream connection meets with counts as silence."""

    def credible(self, seen: Observation, held: Claim) -> Observation:
        """Silence."""
        return Observation.SILENT

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        return Observation.SILENT


class EveryRefusal(EvidenceAssessment):
    """Every refusal proves a process gone."""

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        return seen


class OneRefusal(EvidenceAssessment):
    """One witness of a refusal is enough, in a probe."""

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not proves_gone(seen, 1):
            return None
        return held.failed(self._membership.local.name, seen)


class OwnObservation(EvidenceAssessment):
    """What relays saw counts for nothing."""

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """Our own observation."""
        found = super().at_timeout(probe, held)
        if found.claim is None:
            return found
        me = self._membership.local.name
        mine = [entry for entry in probe.evidence if entry.witness == me]
        seen = mine[0]._replace(kind=self.credible(probe.own_observation, held))
        return found._replace(claim=held.suspected(me, [seen]))


class NeverInconclusive(FailureDetector):
    """A probe without any answer accuses its target, though it may be us who are cut off."""

    def _counted(self, probe: Probe) -> int:
        return 1_000_000


class NeverReachable(FailureDetector):
    """When no relay answers it is taken to be our own fault, whichever member may answer us."""

    def _checked(self, probe: Probe, alone: bool, reachable: bool) -> None:
        super()._checked(probe, alone, False)


# Suspicion


class NoPatience(SuspicionTimers):
    """A stalled suspect has no more time than a silent one."""

    def _patience_with(self, claim: Claim) -> float:
        silent = tuple(entry._replace(kind=Observation.SILENT) for entry in claim.evidence)
        return self._tolerance_for(replace(claim, evidence=silent))


class NoMonitors(SuspectMonitors):
    """No member looks at a suspect again, except by the usual probes."""

    def watch(self, name: str) -> None:
        """No suspect is watched."""

    def saw(self, name: str) -> bool:
        """As if we had looked."""
        return True


class NoVolunteers(SuspectMonitors):
    """Only witnesses watch."""

    def _changed(self, change: RecordChange) -> None:
        super()._changed(replace(change, held=change.claim))


class HearsayVerdicts(Verdicts):
    """A verdict needs nothing that we have seen ourselves."""

    def due(self, claim: Claim) -> None:
        """Consider it at once."""
        if claim.name not in self._waiting:
            self._wait(claim.name, 0)


class NeverIsolated(Isolation):
    """Verdicts are given though we may be isolated."""

    def rules_out(self) -> bool:
        """Always."""
        return True


# Wirings


class WithoutEvidence(Wiring):
    def make_assessment(self, kind: type[EvidenceAssessment] = SilenceOnly) -> Assessment:
        return super().make_assessment(kind)


class WithoutPatience(Wiring):
    def make_suspicion_timers(self, kind: type[SuspicionTimers] = NoPatience) -> SuspicionTimers:
        return super().make_suspicion_timers(kind)


class WithoutCredibility(Wiring):
    def make_assessment(self, kind: type[EvidenceAssessment] = EveryRefusal) -> Assessment:
        return super().make_assessment(kind)


class WithoutSecondRefusal(Wiring):
    def make_assessment(self, kind: type[EvidenceAssessment] = OneRefusal) -> Assessment:
        return super().make_assessment(kind)


class WithoutRepeatedPings(Wiring):
    def make_schedule(self, period: float, ping_timeout: float) -> ProbeSchedule:
        return ProbeSchedule((0.0, ping_timeout), ping_timeout, ping_timeout, period)


class WithoutRelaysAsWitnesses(Wiring):
    def make_assessment(self, kind: type[EvidenceAssessment] = OwnObservation) -> Assessment:
        return super().make_assessment(kind)


class WithoutVolunteers(Wiring):
    def make_monitors(
        self, timers: SuspicionTimers, kind: type[SuspectMonitors] = NoVolunteers
    ) -> SuspectMonitors:
        return super().make_monitors(timers, kind)


class WithoutMonitors(Wiring):
    def make_monitors(
        self, timers: SuspicionTimers, kind: type[SuspectMonitors] = NoMonitors
    ) -> SuspectMonitors:
        return super().make_monitors(timers, kind)


class WithoutFirstHandVerdicts(Wiring):
    def make_verdicts(
        self,
        timers: SuspicionTimers,
        monitors: SuspectMonitors,
        kind: type[Verdicts] = HearsayVerdicts,
    ) -> Verdicts:
        return super().make_verdicts(timers, monitors, kind)


class WithoutAnAnswer(Wiring):
    def make_detector(self, kind: type[FailureDetector] = NeverInconclusive) -> FailureDetector:
        return super().make_detector(kind)


class WithoutSecondThoughts(Wiring):
    def make_detector(self, kind: type[FailureDetector] = NeverReachable) -> FailureDetector:
        return super().make_detector(kind)


class WithoutIsolation(Wiring):
    def make_isolation(self, kind: type[Isolation] = NeverIsolated) -> Isolation:
        return super().make_isolation(kind)


class WithoutEagerGossip(Wiring):
    def make_gossip(self, kind: type[Gossip] = Gossip) -> Gossip:
        return super().make_gossip(kind)


class WithoutBuddySystem(Wiring):
    def make_accusation(self) -> Callable[[str], Claim | None]:
        return lambda name: None


class WithoutLocalHealth(Wiring):
    def make_local_health(self) -> LocalHealth:
        return AlwaysHealthy()


class WithoutStallCheck(Wiring):
    def make_clock(self) -> StallClock:
        return NoStallCheck(IReactorTime(self.reactor), self.journal)


class WithoutBackoff(Wiring):
    def make_backoff(self) -> FalsePositiveBackoff:
        return NoBackoff(self.clock.seconds)


class WithoutReconnect(Wiring):
    def make_reconnector(self) -> Startable:
        return Nothing()


class WithoutStaleNewsReplies(Wiring):
    def make_stale_news(self) -> object:
        return Nothing()


class WithoutPhases(Wiring):
    def make_target_selection(self) -> TargetSelection:
        return RoundRobin(self.chance, self.config.protocol_period)


class _UnknownNeighbours(Tripwires):
    """Tripwires whose neighbours are asked no more than others."""

    def watchers(self, name: str) -> Sequence[str]:
        """No member is known to hold a stream."""
        return ()


class WithoutNeighbours(Wiring):
    def make_tripwires(self, kind: type[Tripwires] | None = _UnknownNeighbours) -> Tripwires:
        return super().make_tripwires(kind)


class WithoutTripwires(Wiring):
    def make_tripwires(self, kind: type[Tripwires] | None = NoTripwires) -> Tripwires:
        return super().make_tripwires(kind)


class WithoutPhasesAndTripwires(WithoutPhases, WithoutTripwires):
    pass


WITHOUT: dict[str, type[Wiring]] = {
    "nothing": Wiring,
    "evidence": WithoutEvidence,
    "patience": WithoutPatience,
    "credibility": WithoutCredibility,
    "second refusal": WithoutSecondRefusal,
    "repeated PINGs": WithoutRepeatedPings,
    "relays as witnesses": WithoutRelaysAsWitnesses,
    "volunteers": WithoutVolunteers,
    "monitors": WithoutMonitors,
    "first-hand verdicts": WithoutFirstHandVerdicts,
    "somebody must answer": WithoutAnAnswer,
    "second thoughts": WithoutSecondThoughts,
    "deafness": WithoutIsolation,
    "eager gossip": WithoutEagerGossip,
    "buddy system": WithoutBuddySystem,
    "local health": WithoutLocalHealth,
    "stall check": WithoutStallCheck,
    "regret": WithoutBackoff,
    "resurrection": WithoutReconnect,
    "corrections": WithoutStaleNewsReplies,
    "phased order": WithoutPhases,
    "fellow watchers": WithoutNeighbours,
    "tripwires": WithoutTripwires,
    "order and tripwires": WithoutPhasesAndTripwires,
}
"""Each rule by name, and the wiring without it."""
