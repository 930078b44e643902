"""SWIM as published, for comparison with swimtx: another wiring of the same node.

A probe is one PING, then k relays that only pass ACKs on, and no stream; targets are chosen round
robin. A member that does not answer within its period is declared failed at once, or suspected for
a fixed time. Updates are only piggybacked (infection), or only multicast. A verdict is final
(SWIM §4.2). The paper does not say what a member does that receives the verdict about itself: here
it ends, or takes no notice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.fixed_suspicion import FixedSuspicion
from swimtx.experiments.stand_ins import WithoutOurs, rewired, using
from swimtx.experiments.swim_piggyback import NoUpdates, TwoLists
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment, Finding
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import MessageType
from swimtx.wiring import Startable, Wiring

PERIOD = 2.0  # seconds: T' of SWIM's experiments (§5)
_NEVER = 1e9  # seconds


def as_in_the_paper(relays: int = 1, period: float = PERIOD, **settings: Any) -> Config:
    """The settings of SWIM's experiments; swimtx's further messages are off.

    @param relays: k.
    @param period: T' in seconds.
    """
    return Config.lan(
        protocol_period=period,
        ping_timeout=period / 4,
        relays=relays,
        transmissions=3.0,
        table_interval=_NEVER,
        renewal_interval=_NEVER,
        direct_notice_limit=0,
        **settings,
    )


def suspicion_periods(members: int) -> int:
    """The protocol periods that a suspect has in SWIM's experiments: 3 * ceil(ln(N+1))."""
    return 3 * math.ceil(math.log(members + 1))


def one_ping(period: float, first_stage: float) -> ProbeSchedule:
    """One PING, the relays at the ping timeout, the verdict at the end of the period."""
    return ProbeSchedule((0.0,), None, first_stage, period)


class Final(Membership):
    """A verdict overrides whatever its member says later in the same run, and is not refuted."""

    def apply(self, claim: Claim, why: str = "", **how: bool) -> RecordChange | None:
        """Keep a failed member failed, and announce a verdict about the local member."""
        held = self.claim(claim.name)
        if held is not None and held.state is State.FAILED and claim.epoch <= held.epoch:
            return None
        if claim.name == self.name and claim.state is State.FAILED:
            return self._set(claim, why) if claim.epoch >= self.local.epoch else None
        if held is not None and claim.state is State.FAILED and claim.epoch == held.epoch:
            claim = replace(claim, incarnation=max(claim.incarnation, held.incarnation))
        return super().apply(claim, why, **how)


class Unaware(Final):
    """Ignores a verdict about the local member: a member that is wrongly declared failed goes on,
    and the members that received the verdict list it no more."""

    def apply(self, claim: Claim, why: str = "", **how: bool) -> RecordChange | None:
        """Ignore a verdict about the local member, and apply any other claim."""
        if claim.name == self.name and claim.state is State.FAILED:
            return None
        return super().apply(claim, why, **how)


class NoTicks(Gossip):
    """Updates wait for PINGs and ACKs to ride on."""

    def _update_queued(self) -> None:
        """No gossip tick is scheduled."""


class Multicast:
    """Sends our own verdicts to every member at once, the accused too, and announces our join."""

    def __init__(self, membership: Membership, messenger: Messenger) -> None:
        self._membership = membership
        self._messenger = messenger
        membership.watch(self._changed, WatchOrder.FAILURE_BROADCAST)

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        membership = self._membership
        if change.event is Event.FAILED and claim.by == membership.name:
            told = [membership.claim(name) for name in membership.index.living]
            for member in [claim, *told]:
                if member is not None and member.name != membership.name:
                    self._tell(member.address, claim)
        elif change.event is Event.JOINED and not change.spread:
            self._tell(claim.address, membership.local)  # it stood in the table that we fetched

    def _tell(self, address: Address, claim: Claim) -> None:
        update = framed(encode_update(claim))
        self._messenger.protocol.send(address, MessageType.GOSSIP, update, piggyback=False)


class PlainRelay(PingReqRelay):
    """A relay that sends one PING and passes its ACK on; it sends no NACK."""

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule((0.0,), None, None, max(budget, self._config.protocol_period))

    def _nack(self, message: Any, peer: Any, seen: Any) -> None:
        """No NACK is sent."""


class Suspecting:
    """A member that does not answer is suspected (SWIM §3.1, §4.2)."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def schedule_for(self, target: Claim, schedule: ProbeSchedule) -> ProbeSchedule:
        """The same schedule for every target."""
        return schedule

    def before_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """No claim is made before the end of the period."""
        return None

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A suspicion of the target."""
        return Finding(held.suspected(self._membership.local.name, probe.evidence))

    def answered(self, probe: Probe) -> None:
        """An answer has no further effect."""


class Failing(Suspecting):
    """A member that does not answer has failed (SWIM §3.1)."""

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A verdict about the target."""
        return Finding(held.failed(self._membership.local.name, probe.evidence))


class Infection(WithoutOurs):
    """SWIM+Inf.: verdicts and joins ride on PINGs, PING_REQs and ACKs."""

    make_membership = using(Wiring.make_membership, Final)
    make_ping_req_relay = using(Wiring.make_ping_req_relay, PlainRelay)
    make_gossip = using(Wiring.make_gossip, NoTicks)

    def make_updates(self) -> Any:
        return TwoLists(self.membership, self.config, self.counters)

    def make_schedule(self, period: float, ping_timeout: float) -> ProbeSchedule:
        return one_ping(period, ping_timeout)

    def make_assessment(self, kind: type[EvidenceAssessment] = EvidenceAssessment) -> Assessment:
        return Failing(self.membership)

    def make_suspicion(self) -> Sequence[Startable]:
        return ()


class Basic(Infection):
    """SWIM:Basic: verdicts and joins are multicast."""

    def make_updates(self) -> Any:
        return NoUpdates(self.membership, self.config, self.counters)

    def make_failure_broadcast(self) -> Any:
        return Multicast(self.membership, self.messenger)


class Suspicion(Infection):
    """SWIM+Inf.+Susp.: a suspect has a fixed time to refute (SWIM §4.2)."""

    def make_assessment(self, kind: type[EvidenceAssessment] = EvidenceAssessment) -> Assessment:
        return Suspecting(self.membership)

    def make_suspicion(self) -> Sequence[Startable]:
        def timeout(claim: Claim) -> float:
            return suspicion_periods(self.membership.living) * self.config.protocol_period

        return (FixedSuspicion(self.clock, self.membership, timeout),)


VARIANTS: dict[str, type[Wiring]] = {"basic": Basic, "infection": Infection, "suspicion": Suspicion}
"""The three variants that the paper's experiments compare. A member that receives the verdict about
itself announces it."""


def unaware(wiring: type[Wiring]) -> type[Wiring]:
    """The same wiring, but a member that is wrongly declared failed goes on."""
    return rewired(wiring, make_membership=using(wiring.make_membership, Unaware))


def published_or_shipped(row: str) -> tuple[Config, type[Wiring]]:
    """The settings and the wiring of a row: C{SWIM} with suspicion as published, or C{swimtx}."""
    return (as_in_the_paper(), Suspicion) if row == "SWIM" else (Config.lan(), Wiring)
