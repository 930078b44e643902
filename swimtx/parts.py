"""Which parts a member is made of. No rule asks whether another is switched on: what is not wanted
is not wired in, and something that does nothing stands in its place."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.detection import Detection, Kit, graded, published
from swimtx.dissemination.failure_broadcast import Notices
from swimtx.dissemination.gossip import EagerGossip, Gossip
from swimtx.dissemination.reconnect import Resurrection
from swimtx.dissemination.update_queue import Dissemination
from swimtx.failure_detector.detector import Order
from swimtx.failure_detector.knocking import Knocking
from swimtx.failure_detector.target_selection import Phased, RoundRobin
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.ping_req_relay import Relaying
from swimtx.probing.schedule import Schedule
from swimtx.probing.stall_clock import SelfCheck
from swimtx.suspicion.false_positives import Regret


class Healthy(LocalHealth):
    """Local health that is always best."""

    def worsen(self, by: int = 1) -> None:
        """It does not."""


class NoRegret(Regret):
    """Verdicts are never regretted."""

    def hasty(self) -> None:
        """Never mind."""


class Nothing:
    """Stands where a part is left out."""

    held: tuple[str, ...] = ()

    def __init__(self, *parts: Any, **more: Any) -> None:
        """Takes what the part takes."""

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def watchers(self, name: str) -> Sequence[str]:
        """Nobody."""
        return ()


def round_robin(chance: random.Random, config: Config) -> Order:
    """The paper's order (SWIM §4.3)."""
    return RoundRobin(chance, config.period)


def phased(chance: random.Random, config: Config) -> Order:
    """Everybody once a period."""
    return Phased(chance, config.period)


def repeated(period: float, first_stage: float) -> Schedule:
    """PINGs at 0, 1/3, 2/3 and 1 of the ping timeout; a stream and relays at the ping timeout."""
    return Schedule.probe(period, first_stage)


def accusation(membership: Membership) -> Callable[[str], Claim | None]:
    """What a suspect is accused of: it learns that with each PING (Lifeguard's buddy system)."""
    return membership.accusation


def unchecked(clock: IReactorTime) -> IReactorTime:
    """The reactor's own clock."""
    return clock


@dataclass(frozen=True, eq=False, repr=False)
class Parts:
    """The parts that there is a choice of; the defaults are what swimtx ships.

    @ivar membership: C{Membership}, the member list.
    @ivar news: C{Dissemination}: what is piggybacked.
    @ivar attached: gives what is said to a suspect before anything else: L{accusation}.
    @ivar relaying: C{Relaying}: what is done about a PING_REQ.
    @ivar clock: goes around the reactor's clock: C{SelfCheck}, or L{unchecked}.
    @ivar detection: suspicions and verdicts: L{graded}, or L{published}.
    @ivar schedule: the course of a probe round, from a period and a ping timeout in seconds.
    @ivar order: whom to probe when: L{phased}, or L{round_robin}.
    @ivar health: C{LocalHealth}, or L{Healthy}.
    @ivar regret: C{Regret}, or L{NoRegret}.
    @ivar gossip: C{EagerGossip}, or C{Gossip}.
    @ivar tripwires: C{Tripwires}, C{Knocking}, or L{Nothing}.
    @ivar notices: C{Notices}, or L{Nothing}.
    @ivar resurrection: C{Resurrection}, or L{Nothing}.
    """

    clock: Callable[[IReactorTime], IReactorTime] = SelfCheck
    membership: Callable[..., Membership] = Membership
    news: Callable[..., Any] = Dissemination
    attached: Callable[[Membership], Callable[[str], Claim | None]] = accusation
    relaying: Callable[..., Relaying] = Relaying
    detection: Callable[[Kit], Detection] = graded
    schedule: Callable[[float, float], Schedule] = repeated
    order: Callable[[random.Random, Config], Order] = phased
    health: Callable[[], LocalHealth] = LocalHealth
    regret: Callable[[Callable[[], float]], Regret] = Regret
    gossip: Callable[..., Gossip] = EagerGossip
    tripwires: Callable[..., Any] = Tripwires
    notices: Callable[..., Any] = Notices
    resurrection: Callable[..., Any] = Resurrection


SHIPPED = Parts()
PUBLISHED = Parts(
    clock=unchecked,
    detection=published,
    order=round_robin,
    health=Healthy,
    regret=NoRegret,
    gossip=Gossip,
    tripwires=Nothing,
)
"""Suspicion by time alone (SWIM §4.2), the suspect asked before its FAIL."""


def parts_for(config: Config) -> Parts:
    """What a configuration chooses."""
    chosen = SHIPPED
    if not config.tripwires:
        chosen = replace(chosen, tripwires=Knocking)
    if not config.phased:
        chosen = replace(chosen, order=round_robin)
    return chosen
