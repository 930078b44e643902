"""Which parts a member is made of. No rule asks whether another is switched on: what is not wanted
is not wired in, and something that does nothing stands in its place."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.failure_detector import Order
from swimtx.gossip import EagerGossip, Gossip
from swimtx.local_health import LocalHealth
from swimtx.probe_order import Phased, RoundRobin
from swimtx.regret import Regret
from swimtx.self_check import SelfCheck
from swimtx.tripwires import Tripwires


class Healthy(LocalHealth):
    """Local health that is always best."""

    def worsen(self, by: int = 1) -> None:
        """It does not."""


class NoRegret(Regret):
    """Verdicts are never regretted."""

    def hasty(self) -> None:
        """Never mind."""


class NoTripwires:
    """No streams are held."""

    held: tuple[str, ...] = ()

    def __init__(self, *parts: Any, **more: Any) -> None:
        """Takes what C{Tripwires} takes."""

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""


def round_robin(chance: random.Random, config: Config) -> Order:
    """The paper's order (SWIM §4.3)."""
    return RoundRobin(chance, config.period)


def phased(chance: random.Random, config: Config) -> Order:
    """Everybody once a period."""
    return Phased(chance, config.period)


def unchecked(clock: IReactorTime) -> IReactorTime:
    """The reactor's own clock."""
    return clock


@dataclass(frozen=True)
class Parts:
    """The parts that there is a choice of; the defaults are what swimtx ships.

    @ivar clock: goes around the reactor's clock: C{SelfCheck}, or C{unchecked}.
    @ivar order: whom to probe when: L{phased}, or L{round_robin}.
    @ivar graded: evidence-graded suspicion, monitors and verdicts; else suspicion as published,
        with the suspect asked before its FAIL.
    @ivar health: C{LocalHealth}, or C{Healthy}.
    @ivar regret: C{Regret}, or C{NoRegret}.
    @ivar gossip: C{EagerGossip}, or C{Gossip}.
    @ivar tripwires: C{Tripwires}, or C{NoTripwires}.
    """

    clock: Callable[[IReactorTime], IReactorTime] = SelfCheck
    order: Callable[[random.Random, Config], Order] = phased
    graded: bool = True
    health: Callable[[], LocalHealth] = LocalHealth
    regret: Callable[[Callable[[], float]], Regret] = Regret
    gossip: type[Gossip] = EagerGossip
    tripwires: type[Tripwires] | type[NoTripwires] = Tripwires


SHIPPED = Parts()
PUBLISHED = Parts(
    clock=unchecked,
    order=round_robin,
    graded=False,
    health=Healthy,
    regret=NoRegret,
    gossip=Gossip,
    tripwires=NoTripwires,
)
"""SWIM as published, with the repeats of PINGs and the asking before a FAIL."""
