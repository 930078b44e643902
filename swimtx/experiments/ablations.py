"""swimtx with one rule left out, each by another part in its place: what is that rule worth?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from swimtx.detection import Detection, Kit, Rules, graded
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.swim_baseline import unattached
from swimtx.failure_detector.assessment import EvidenceAssessment
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.events import Change
from swimtx.membership.evidence import proves_gone
from swimtx.membership.observation import Evidence, Observation
from swimtx.parts import SHIPPED, Healthy, NoRegret, Nothing, Parts, round_robin, unchecked
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts


def once(period: float, first_stage: float) -> ProbeSchedule:
    """One PING before the second stage."""
    return ProbeSchedule((0.0, first_stage), first_stage, first_stage, period)


class Unseeing(EvidenceAssessment):
    """Whatever a stream connection meets with counts as silence."""

    def credible(self, kind: Observation, held: Claim) -> Observation:
        """Silence."""
        return Observation.SILENT

    def _refusal(self, kind: Observation, held: Claim) -> Observation:
        return Observation.SILENT


class Credulous(EvidenceAssessment):
    """Every refusal proves a process gone."""

    def _refusal(self, kind: Observation, held: Claim) -> Observation:
        return kind


class Hasty(EvidenceAssessment):
    """One witness of a refusal is enough, in a round."""

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not proves_gone(seen, 1):
            return None
        return held.failed(self._membership.me.name, seen)


class Alone(EvidenceAssessment):
    """What relays saw counts for nothing."""

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """Our own observation."""
        claim = super().at_timeout(probe, held)
        me = self._membership.me.name
        mine = [e for e in probe.evidence if e.witness == me]
        return claim and held.suspected(
            me, [mine[0]._replace(kind=self.credible(probe.own_observation, held))]
        )


class Sure(EvidenceAssessment):
    """A round that nobody answered accuses its target, though it may be us who are cut off."""

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """Never inconclusive."""
        self._inconclusive = 1_000_000
        return super().at_timeout(probe, held)


class Resigned(EvidenceAssessment):
    """When no relay answers it is taken to be our own fault, whoever else may hear us."""

    def _asked(self, probe: Probe, alone: bool, answered: bool) -> None:
        super()._asked(probe, alone, False)


class Impatient(SuspicionTimers):
    """One that stalled has no more time than one that is silent."""

    def _patience_with(self, claim: Claim) -> float:
        silent = tuple(entry._replace(kind=Observation.SILENT) for entry in claim.evidence)
        return self._tolerance_for(replace(claim, evidence=silent))


class Unwatched(SuspectMonitors):
    """Nobody looks at a suspect again, except by the usual probes."""

    def watch(self, name: str) -> None:
        """No."""

    def saw(self, name: str) -> bool:
        """As if we had."""
        return True


class NoVolunteers(SuspectMonitors):
    """Only witnesses watch."""

    def _changed(self, change: Change) -> None:
        super()._changed(replace(change, held=change.claim))


class Hearsay(Verdicts):
    """A verdict needs nothing that we have seen ourselves."""

    def due(self, claim: Claim) -> None:
        """At once."""
        if claim.name not in self._ready:
            self._ready[claim.name] = self._clock.callLater(0, self._consider, claim.name)


class Unaware(Verdicts):
    """Verdicts are given though we may be deaf."""

    def _hearing(self) -> bool:
        return True


class Unacquainted(Tripwires):
    """After a hint no others are asked than usual."""

    def watchers(self, name: str) -> list[str]:
        """Who they may be is not known."""
        return []


def with_rules(**rules: Any) -> Callable[[Kit], Detection]:
    """EvidenceAssessment detection with other rooms."""
    return partial(graded, rules=replace(Rules(), **rules))


WITHOUT: dict[str, Parts] = {
    "nothing": SHIPPED,
    "evidence": replace(SHIPPED, detection=with_rules(reading=Unseeing)),
    "patience": replace(SHIPPED, detection=with_rules(suspicion=Impatient)),
    "credibility": replace(SHIPPED, detection=with_rules(reading=Credulous)),
    "second refusal": replace(SHIPPED, detection=with_rules(reading=Hasty)),
    "repeated PINGs": replace(SHIPPED, schedule=once),
    "relays as witnesses": replace(SHIPPED, detection=with_rules(reading=Alone)),
    "volunteers": replace(SHIPPED, detection=with_rules(monitors=NoVolunteers)),
    "monitors": replace(SHIPPED, detection=with_rules(monitors=Unwatched)),
    "first-hand verdicts": replace(SHIPPED, detection=with_rules(verdicts=Hearsay)),
    "somebody must answer": replace(SHIPPED, detection=with_rules(reading=Sure)),
    "second thoughts": replace(SHIPPED, detection=with_rules(reading=Resigned)),
    "deafness": replace(SHIPPED, detection=with_rules(verdicts=Unaware)),
    "eager gossip": replace(SHIPPED, gossip=Gossip),
    "buddy system": replace(SHIPPED, attached=unattached),
    "local health": replace(SHIPPED, health=Healthy),
    "stall check": replace(SHIPPED, clock=unchecked),
    "regret": replace(SHIPPED, regret=NoRegret),
    "resurrection": replace(SHIPPED, resurrection=Nothing),
    "corrections": replace(SHIPPED, detection=with_rules(corrections=Nothing)),
    "phased order": replace(SHIPPED, order=round_robin),
    "fellow watchers": replace(SHIPPED, tripwires=Unacquainted),
    "tripwires": replace(SHIPPED, tripwires=Nothing),
    "order and tripwires": replace(SHIPPED, order=round_robin, tripwires=Nothing),
}
"""Each rule by name, and the wiring without it."""
