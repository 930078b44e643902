"""How failures are found: the wiring of the failure detector, as graded or as published."""

from __future__ import annotations

import random
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.failure_detector import FailureDetector
from swimtx.graded_suspicion import GradedSuspicion
from swimtx.interfaces import IStreams
from swimtx.judgement import Graded, Judgement, Published
from swimtx.local_health import LocalHealth
from swimtx.member import Address
from swimtx.membership import Membership
from swimtx.monitors import Monitors
from swimtx.parts import Parts
from swimtx.probe_order import Phased
from swimtx.probe_round import Means, Way
from swimtx.protocol import SwimProtocol
from swimtx.suspicion import Suspicion
from swimtx.verdicts import Verdicts
from swimtx.verification import Verification


class Detection:
    """The detector and what turns its suspicions into verdicts.

    @ivar health: our local health.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        means: Means,
        streams: IStreams,
        config: Config,
        counters: Counters,
        parts: Parts,
        reached: Callable[[Address, Way], object],
    ) -> None:
        self.health: LocalHealth = parts.health()
        self._membership = membership
        self._order = parts.order(chance, config)
        self._stops: list[Callable[[], object]] = []
        if parts.graded:
            graded = Graded(clock.seconds, membership, self.health, config)
            judgement: Judgement = graded
            verdicts = Verdicts(clock, chance, membership, protocol, means, config, self.health)
            regret = parts.regret(clock.seconds)
            suspicion = GradedSuspicion(
                clock, membership, config, self.health, regret, verdicts.due
            )
            monitors = Monitors(
                clock,
                chance,
                membership,
                means,
                suspicion,
                config,
                graded.credible,
                verdicts.declare,
            )
            verdicts.suspicion = suspicion
            verdicts.monitors = monitors
            self._stops += [monitors.stop, suspicion.stop, verdicts.stop]
        else:
            judgement = Published(membership)
            verification = Verification(clock, membership, means, config)
            plain = Suspicion(clock, membership, config, verification.due)
            self._stops += [plain.stop, verification.stop]
        self._detector = FailureDetector(
            clock,
            chance,
            membership,
            means,
            self._order,
            judgement,
            self.health,
            config,
            counters,
            reached,
        )
        self._tripwires = parts.tripwires(
            clock, chance, membership, protocol, streams, config, self._detector.hint
        )
        membership.on_refutation(self.health.worsen)

    def start(self) -> None:
        """Probe from now on."""
        if isinstance(self._order, Phased):
            self._order.me = self._membership.me.name
        self._detector.start()
        self._tripwires.start()

    def stop(self) -> None:
        """Probe no more, and accuse nobody."""
        self._tripwires.stop()
        self._detector.stop()
        for stop in self._stops:
            stop()
