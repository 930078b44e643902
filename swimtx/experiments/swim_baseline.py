"""SWIM as it was published, for comparison: other parts in the same node. No room knows of them.

One PING, k relays that only pass ACKs on, no stream. Probe robin. A member that does not answer
within its period is failed at once, or suspected for a fixed time. News is piggybacked only
(infection), or only multicast. A verdict is final (SWIM §4.2): whoever hears its own has lost, or,
as the paper does not tell, takes no notice.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.detection import Detection, Kit
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.swim_piggyback import TwoLists, Unspoken
from swimtx.failure_detector.assessment import Published
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, Event, WatchOrder
from swimtx.membership.table import Membership
from swimtx.parts import Healthy, NoRegret, Nothing, Parts, round_robin, unchecked
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.fixed import Suspicion
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import MessageType

PERIOD = 2.0  # seconds: T' of SWIM's experiments (§5)
_NEVER = 1e9  # seconds


def as_in_the_paper(relays: int = 1, period: float = PERIOD, **settings: Any) -> Config:
    """The settings of SWIM's experiments; nothing is sent that they do not send.

    @param relays: k.
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
    """Periods that a suspect has in SWIM's experiments: 3 * ceil(ln(N+1))."""
    return 3 * math.ceil(math.log(members + 1))


def one_ping(period: float, first_stage: float) -> ProbeSchedule:
    """One PING, the relays at the ping timeout, the verdict at the end of the period."""
    return ProbeSchedule((0.0,), None, first_stage, period)


def unattached(membership: Membership) -> Any:
    """No accusation rides along with a PING."""
    return lambda name: None


class Final(Membership):
    """A verdict overrides whatever its member says later in the same run, and is not refuted."""

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> Change | None:
        """As ever, but those who failed stay so; one's own verdict is announced as that."""
        held = self.claim(claim.name)
        if held is not None and held.state is State.FAILED and claim.epoch <= held.epoch:
            return None
        if claim.name == self.name and claim.state is State.FAILED:
            return self._set(claim, why) if claim.epoch >= self.me.epoch else None
        if held is not None and claim.state is State.FAILED and claim.epoch == held.epoch:
            claim = replace(claim, incarnation=max(claim.incarnation, held.incarnation))
        return super().apply(claim, why, proven=proven, spread=spread)


class Unaware(Final):
    """Takes no verdict about itself for one: whoever is wrongly expelled goes on, and is seen no
    more by those who have heard of it."""

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> Change | None:
        """As ever, for all others."""
        if claim.name == self.name and claim.state is State.FAILED:
            return None
        return super().apply(claim, why, proven=proven, spread=spread)


class NoTicks(Gossip):
    """News waits for PINGs and ACKs to ride on."""

    def _heard_news(self) -> None:
        """It can wait."""


class Multicast:
    """A verdict of ours goes to every member at once, the accused too; so does our own coming."""

    def __init__(
        self, chance: object, membership: Membership, protocol: SwimProtocol, config: Config
    ) -> None:
        self.outsiders: Any = tuple
        self._membership = membership
        self._protocol = protocol
        membership.watch(self._changed, WatchOrder.FAILURE_NOTICES)

    def _changed(self, change: Change) -> None:
        claim = change.claim
        membership = self._membership
        if change.event is Event.FAILED and claim.by == membership.name:
            told = [membership.claim(name) for name in membership.index.living]
            for member in [claim, *told]:
                if member is not None and member.name != membership.name:
                    self._tell(member.address, claim)
        elif change.event is Event.JOINED and not change.spread:
            self._tell(claim.address, membership.me)  # it stood in the table that we have fetched

    def _tell(self, address: Address, claim: Claim) -> None:
        self._protocol.send(address, MessageType.GOSSIP, framed(encode_update(claim)), news=False)


class PlainRelaying(PingReqRelay):
    """One PING on behalf of another; its ACK is passed on; of silence nothing is said."""

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule((0.0,), None, None, max(budget, self._config.period))

    def _nack(self, message: Any, peer: Any, seen: Any) -> None:
        """Nothing to say."""


class AtOnce(Published):
    """Whoever does not answer has failed."""

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """A verdict."""
        return held.failed(self._membership.me.name, probe.evidence)


class Fixed(Suspicion):
    """The same time for every suspect, whoever saw it."""

    def timeout(self, claim: Claim) -> float:
        """Seconds that this suspect has."""
        return suspicion_periods(self._membership.living) * self._config.period


def failing_at_once(kit: Kit) -> Detection:
    """SWIM §3: without suspicion."""
    return Detection(kit, AtOnce(kit.membership))


def suspecting(kit: Kit) -> Detection:
    """SWIM §4.2: a fixed time to refute."""

    def due(claim: Claim) -> None:
        kit.membership.apply(claim.failed(kit.membership.me.name))

    suspicion = Fixed(kit.clock, kit.membership, kit.config, due)
    return Detection(kit, Published(kit.membership), (suspicion.stop,))


INFECTION = Parts(
    clock=unchecked,
    membership=Final,
    news=TwoLists,
    attached=unattached,
    relaying=PlainRelaying,
    detection=failing_at_once,
    schedule=one_ping,
    order=round_robin,
    health=Healthy,
    regret=NoRegret,
    gossip=NoTicks,
    tripwires=Nothing,
    notices=Nothing,
    resurrection=Nothing,
)
"""SWIM+Inf.: verdicts and joins ride on PINGs, PING_REQs and ACKs."""

BASIC = replace(INFECTION, news=Unspoken, notices=Multicast)
"""SWIM:Basic: verdicts and joins are multicast."""

SUSPICION = replace(INFECTION, detection=suspecting)
"""SWIM+Inf.+Susp."""

VARIANTS = {"basic": BASIC, "infection": INFECTION, "suspicion": SUSPICION}
"""The three that the paper's experiments compare; a member that hears its own verdict shows it."""


def unaware(parts: Parts) -> Parts:
    """The same, but whoever is wrongly expelled goes on."""
    return replace(parts, membership=Unaware)
