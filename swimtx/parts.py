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
from swimtx.dissemination.failure_broadcast import FailureBroadcast
from swimtx.dissemination.gossip import EagerGossip, Gossip
from swimtx.dissemination.reconnect import Reconnector
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.failure_detector.detector import TargetSelection
from swimtx.failure_detector.knocking import StreamPortCheck
from swimtx.failure_detector.target_selection import PhasedRoundRobin, RoundRobin
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.schedule import ProbeSchedule
from swimtx.probing.stall_clock import StallClock
from swimtx.suspicion.false_positives import FalsePositiveBackoff


class Healthy(LocalHealth):
    """Local health that is always best."""

    def worsen(self, by: int = 1) -> None:
        """It does not."""


class NoRegret(FalsePositiveBackoff):
    """Verdicts are never regretted."""

    def record(self) -> None:
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


def round_robin(chance: random.Random, config: Config) -> TargetSelection:
    """The paper's order (SWIM §4.3)."""
    return RoundRobin(chance, config.period)


def phased(chance: random.Random, config: Config) -> TargetSelection:
    """Everybody once a period."""
    return PhasedRoundRobin(chance, config.period)


def repeated(period: float, first_stage: float) -> ProbeSchedule:
    """PINGs at 0, 1/3, 2/3 and 1 of the ping timeout; a stream and relays at the ping timeout."""
    return ProbeSchedule.probe(period, first_stage)


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
    @ivar news: C{UpdateQueue}: what is piggybacked.
    @ivar attached: gives what is said to a suspect before anything else: L{accusation}.
    @ivar relaying: C{PingReqRelay}: what is done about a PING_REQ.
    @ivar clock: goes around the reactor's clock: C{StallClock}, or L{unchecked}.
    @ivar detection: suspicions and verdicts: L{graded}, or L{published}.
    @ivar schedule: the course of a probe round, from a period and a ping timeout in seconds.
    @ivar order: whom to probe when: L{phased}, or L{round_robin}.
    @ivar health: C{LocalHealth}, or L{Healthy}.
    @ivar regret: C{FalsePositiveBackoff}, or L{NoRegret}.
    @ivar gossip: C{EagerGossip}, or C{Gossip}.
    @ivar tripwires: C{Tripwires}, C{StreamPortCheck}, or L{Nothing}.
    @ivar notices: C{FailureBroadcast}, or L{Nothing}.
    @ivar resurrection: C{Reconnector}, or L{Nothing}.
    """

    clock: Callable[[IReactorTime], IReactorTime] = StallClock
    membership: Callable[..., Membership] = Membership
    news: Callable[..., Any] = UpdateQueue
    attached: Callable[[Membership], Callable[[str], Claim | None]] = accusation
    relaying: Callable[..., PingReqRelay] = PingReqRelay
    detection: Callable[[Kit], Detection] = graded
    schedule: Callable[[float, float], ProbeSchedule] = repeated
    order: Callable[[random.Random, Config], TargetSelection] = phased
    health: Callable[[], LocalHealth] = LocalHealth
    regret: Callable[[Callable[[], float]], FalsePositiveBackoff] = FalsePositiveBackoff
    gossip: Callable[..., Gossip] = EagerGossip
    tripwires: Callable[..., Any] = Tripwires
    notices: Callable[..., Any] = FailureBroadcast
    resurrection: Callable[..., Any] = Reconnector


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
        chosen = replace(chosen, tripwires=StreamPortCheck)
    if not config.phased:
        chosen = replace(chosen, order=round_robin)
    return chosen
