"""swimtx with one rule left out: a wiring for each rule, to measure what the rule is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.stand_ins import NoTripwires, WithoutOurs, rewired, using
from swimtx.failure_detector.assessment import EvidenceAssessment, Finding
from swimtx.failure_detector.detector import FailureDetector
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange
from swimtx.membership.evidence import proves_gone
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.isolation import Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.wiring import Wiring

# Evidence


class SilenceOnly(EvidenceAssessment):
    """Every result of a stream connection counts as silence."""

    def credible(self, seen: Observation, held: Claim) -> Observation:
        """Silence, whatever was observed."""
        return Observation.SILENT

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        return Observation.SILENT


class EveryRefusal(EvidenceAssessment):
    """Every refused stream proves that the process is gone."""

    def _refusal(self, seen: Observation, held: Claim) -> Observation:
        return seen


class OneRefusal(EvidenceAssessment):
    """In a probe, one witness of a refusal is enough for a verdict."""

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not proves_gone(seen, 1):
            return None
        return held.failed(self._membership.local.name, seen)


class OwnObservation(EvidenceAssessment):
    """The observations of relays do not count."""

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A suspicion by our own observation alone."""
        found = super().at_timeout(probe, held)
        if found.claim is None:
            return found
        me = self._membership.local.name
        mine = [entry for entry in probe.evidence if entry.witness == me]
        seen = mine[0]._replace(kind=self.credible(probe.own_observation, held))
        return found._replace(claim=held.suspected(me, [seen]))


class NeverInconclusive(FailureDetector):
    """A probe without any answer accuses its target, though we may be the ones cut off."""

    def _counted(self, probe: Probe) -> int:
        return 1_000_000


class NeverReachable(FailureDetector):
    """If no relay answers, we count as cut off, even if another member answers us."""

    def _checked(self, probe: Probe, alone: bool, reachable: bool) -> None:
        super()._checked(probe, alone, False)


# Suspicion


class NoPatience(SuspicionTimers):
    """A stalled suspect gets no more time than a silent one."""

    def _patience_with(self, claim: Claim) -> float:
        silent = tuple(entry._replace(kind=Observation.SILENT) for entry in claim.evidence)
        return self._tolerance_for(replace(claim, evidence=silent))


class NoMonitors(SuspectMonitors):
    """Suspects are checked by the usual probes only."""

    def watch(self, name: str) -> None:
        """Watch no suspect."""

    def saw(self, name: str) -> bool:
        """True, as if this member had checked the suspect itself."""
        return True


class NoVolunteers(SuspectMonitors):
    """Only the witnesses of a suspicion watch the suspect."""

    def _changed(self, change: RecordChange) -> None:
        super()._changed(replace(change, held=change.claim))


class HearsayVerdicts(Verdicts):
    """A verdict needs no first-hand observation."""

    def due(self, claim: Claim) -> None:
        """Consider the verdict at once."""
        if claim.name not in self._waiting:
            self._wait(claim.name, 0)


class NeverIsolated(Isolation):
    """Verdicts are given even if this member may be isolated."""

    def rules_out(self) -> bool:
        """Isolation is always ruled out."""
        return True


class UnknownNeighbours(Tripwires):
    """Tripwires whose neighbours are chosen as relays no more often than others."""

    def watchers(self, name: str) -> Sequence[str]:
        """No member is known to hold a stream."""
        return ()


# Wirings


def _with(part: str, kind: type) -> type[Wiring]:
    """swimtx with another class for one part."""
    return rewired(Wiring, **{f"make_{part}": using(getattr(Wiring, f"make_{part}"), kind)})


def _without(part: str) -> type[Wiring]:
    """swimtx with one part as the baselines have it, which leave it out."""
    return rewired(Wiring, **{f"make_{part}": getattr(WithoutOurs, f"make_{part}")})


class WithoutRepeatedPings(Wiring):
    def make_schedule(self, period: float, ping_timeout: float) -> ProbeSchedule:
        return ProbeSchedule((0.0, ping_timeout), ping_timeout, ping_timeout, period)


WithoutLocalHealth = _without("local_health")
WithoutPhases = _without("target_selection")
WithoutTripwires = _with("tripwires", NoTripwires)
WithoutPhasesAndTripwires = rewired(
    WithoutPhases, make_tripwires=using(Wiring.make_tripwires, NoTripwires)
)

WITHOUT: dict[str, type[Wiring]] = {
    "nothing": Wiring,
    "evidence": _with("assessment", SilenceOnly),
    "patience": _with("suspicion_timers", NoPatience),
    "credibility": _with("assessment", EveryRefusal),
    "second refusal": _with("assessment", OneRefusal),
    "repeated PINGs": WithoutRepeatedPings,
    "relays as witnesses": _with("assessment", OwnObservation),
    "volunteers": _with("monitors", NoVolunteers),
    "monitors": _with("monitors", NoMonitors),
    "first-hand verdicts": _with("verdicts", HearsayVerdicts),
    "somebody must answer": _with("detector", NeverInconclusive),
    "second thoughts": _with("detector", NeverReachable),
    "deafness": _with("isolation", NeverIsolated),
    "eager gossip": _with("gossip", Gossip),
    "buddy system": _without("accusation"),
    "local health": WithoutLocalHealth,
    "stall check": _without("clock"),
    "regret": _without("backoff"),
    "resurrection": _without("reconnector"),
    "corrections": _without("stale_news"),
    "phased order": WithoutPhases,
    "fellow watchers": _with("tripwires", UnknownNeighbours),
    "tripwires": WithoutTripwires,
    "order and tripwires": WithoutPhasesAndTripwires,
}
"""The wiring without each rule, by the name of the rule."""
