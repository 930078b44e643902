"""How failures are found: detector, suspicion and verdicts, wired as graded or as published."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.dissemination.stale_news import StaleNewsReplies
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment, Published, Reading
from swimtx.failure_detector.detector import FailureDetector, TargetSelection
from swimtx.interfaces import IStreams
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.fixed import Suspicion
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.suspicion.verification import Verification
from swimtx.transport.messenger import Messenger
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Route


@dataclass(frozen=True, eq=False, repr=False)
class Kit:
    """What a detection is made with."""

    clock: IReactorTime
    chance: random.Random
    membership: Membership
    protocol: SwimProtocol
    messenger: Messenger
    streams: IStreams
    config: Config
    counters: Counters
    order: TargetSelection
    schedule: Callable[[float, float], ProbeSchedule]
    health: LocalHealth
    regret: FalsePositiveBackoff
    tripwires: Callable[..., Any]
    reached: Callable[[Address, Route], object]


class Detection:
    """The detector, its tripwires, and what turns its suspicions into verdicts.

    @param judgement: reads rounds.
    @param stops: stop the parts that have timers.
    @ivar health: our local health.
    """

    def __init__(
        self, kit: Kit, judgement: Assessment, stops: tuple[Callable[[], object], ...] = ()
    ) -> None:
        self.health = kit.health
        self._kit = kit
        self._judgement = judgement
        self._stops = stops
        self._detector = FailureDetector(
            kit.clock,
            kit.chance,
            kit.membership,
            kit.messenger,
            kit.order,
            judgement,
            kit.schedule,
            kit.health,
            kit.config,
            kit.counters,
            kit.reached,
        )
        self._tripwires = kit.tripwires(
            kit.clock,
            kit.chance,
            kit.membership,
            kit.protocol,
            kit.streams,
            kit.config,
            self._tripped,
        )
        self._detector.fellows = self._tripwires.watchers

    def _tripped(self, name: str) -> None:
        """An idle stream to that member ended."""
        self._judgement.broke(name)
        self._detector.expedite(name)

    def conclude(self, probe: Probe, read: Reading) -> None:
        """Apply what C{read} makes of a round that is over."""
        self._detector.conclude(probe, read)

    def probe_out_of_turn(self, members: Iterable[Claim]) -> None:
        """Probe these, out of turn."""
        self._detector.probe_out_of_turn(members)

    def broken(self, name: str) -> bool:
        """Whether an idle stream to that member ended lately, and no ACK has come since."""
        return self._judgement.broken(name)

    def start(self) -> None:
        """Probe from now on."""
        self._kit.order.begin(self._kit.membership.me.name)
        self._detector.start()
        self._tripwires.start()

    def stop(self) -> None:
        """Probe no more, and accuse nobody."""
        self._tripwires.stop()
        self._detector.stop()
        for stop in self._stops:
            stop()


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """The rooms of graded detection; who wants to know what one is worth puts another in its place.

    @ivar reading: what a round without an ACK means.
    @ivar suspicion: how long each suspect may take.
    @ivar monitors: who looks at a suspect again.
    @ivar verdicts: who may declare it failed.
    @ivar corrections: what is said to those who have missed a FAIL, or call us failed.
    """

    reading: Callable[..., EvidenceAssessment] = EvidenceAssessment
    suspicion: Callable[..., SuspicionTimers] = SuspicionTimers
    monitors: Callable[..., SuspectMonitors] = SuspectMonitors
    verdicts: Callable[..., Verdicts] = Verdicts
    corrections: Callable[..., object] = StaleNewsReplies


def graded(kit: Kit, rules: Rules = Rules()) -> Detection:
    """Suspicion graded by what was seen, watched first-hand, judged while we hear."""
    reading = rules.reading(kit.clock.seconds, kit.membership, kit.health, kit.config)
    canaries = ReachabilityCheck(
        kit.chance, kit.membership, kit.protocol, kit.messenger, kit.config
    )
    verdicts = rules.verdicts(
        kit.clock, kit.membership, kit.protocol, canaries, kit.config, kit.health
    )
    suspicion = rules.suspicion(
        kit.clock, kit.membership, kit.config, kit.health, kit.regret, verdicts.due
    )
    monitors = rules.monitors(
        kit.clock,
        kit.chance,
        kit.membership,
        kit.messenger,
        suspicion,
        kit.config,
        reading.credible,
        verdicts.declare,
    )
    verdicts.look_through(suspicion, monitors)
    reading.doubt = verdicts.doubt
    reading.ask = canaries.ask
    rules.corrections(kit.clock.seconds, kit.membership, kit.protocol)
    kit.membership.on_refutation(kit.health.worsen)
    detection = Detection(kit, reading, (monitors.stop, suspicion.stop, verdicts.stop))
    reading.conclude, reading.probe_out_of_turn = detection.conclude, detection.probe_out_of_turn
    return detection


def published(kit: Kit) -> Detection:
    """SWIM §4.2: a suspect has a fixed time, and is asked once more before its FAIL."""
    verification = Verification(kit.clock, kit.membership, kit.messenger, kit.config)
    suspicion = Suspicion(kit.clock, kit.membership, kit.config, verification.due)
    kit.membership.on_refutation(kit.health.worsen)
    return Detection(kit, Published(kit.membership), (suspicion.stop, verification.stop))
