"""swimtx with one rule left out, each by another part in its place: what is that rule worth?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from swimtx.detection import Detection, Kit, Rules, graded
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.swim_baseline import unattached
from swimtx.failure_detector.assessment import Graded
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.events import Change
from swimtx.membership.evidence import gone_in_round
from swimtx.membership.observation import Evidence, Kind
from swimtx.parts import SHIPPED, Healthy, NoRegret, Nothing, Parts, round_robin, unchecked
from swimtx.probing.probe import Round
from swimtx.probing.schedule import Schedule
from swimtx.suspicion.monitors import Monitors
from swimtx.suspicion.timers import GradedSuspicion
from swimtx.suspicion.verdicts import Verdicts


def once(period: float, first_stage: float) -> Schedule:
    """One PING before the second stage."""
    return Schedule((0.0, first_stage), first_stage, first_stage, period)


class Unseeing(Graded):
    """Whatever a stream connection meets with counts as silence."""

    def credible(self, kind: Kind, held: Claim) -> Kind:
        """Silence."""
        return Kind.SILENT

    def _refusal(self, kind: Kind, held: Claim) -> Kind:
        return Kind.SILENT


class Credulous(Graded):
    """Every refusal proves a process gone."""

    def _refusal(self, kind: Kind, held: Claim) -> Kind:
        return kind


class Hasty(Graded):
    """One witness of a refusal is enough, in a round."""

    def _gone(self, held: Claim, seen: tuple[Evidence, ...]) -> Claim | None:
        if not gone_in_round(seen, 1):
            return None
        return held.failed(self._membership.me.name, seen)


class Alone(Graded):
    """What relays saw counts for nothing."""

    def late(self, probe: Round, held: Claim) -> Claim | None:
        """Our own observation."""
        claim = super().late(probe, held)
        me = self._membership.me.name
        mine = [e for e in probe.evidence if e.witness == me]
        return claim and held.suspected(me, [mine[0]._replace(kind=self.credible(probe.own, held))])


class Sure(Graded):
    """A round that nobody answered accuses its target, though it may be us who are cut off."""

    def late(self, probe: Round, held: Claim) -> Claim | None:
        """Never inconclusive."""
        self._inconclusive = 1_000_000
        return super().late(probe, held)


class Resigned(Graded):
    """When no relay answers it is taken to be our own fault, whoever else may hear us."""

    def _asked(self, probe: Round, alone: bool, answered: bool) -> None:
        super()._asked(probe, alone, False)


class Impatient(GradedSuspicion):
    """One that stalled has no more time than one that is silent."""

    def _patience_with(self, claim: Claim) -> float:
        silent = tuple(entry._replace(kind=Kind.SILENT) for entry in claim.evidence)
        return self._tolerance_for(replace(claim, evidence=silent))


class Unwatched(Monitors):
    """Nobody looks at a suspect again, except by the usual probes."""

    def watch(self, name: str) -> None:
        """No."""

    def saw(self, name: str) -> bool:
        """As if we had."""
        return True


class NoVolunteers(Monitors):
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
    """Graded detection with other rooms."""
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
