"""memberlist with and without Lifeguard, for comparison: another wiring of the same node.

Both are as Lifeguard's paper describes them (§III, §IV), even where memberlist's code departs from
it: a NACK is sent at 80 % of the remaining time of a probe. Two things differ in all of these
wirings: swimtx's table exchange, which accuses no member, replaces push-pull; and the worst local
health is 7, as in memberlist's code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.fixed_suspicion import FixedSuspicion
from swimtx.experiments.stand_ins import WithoutOurs, rewired, using
from swimtx.experiments.swim_baseline import PlainRelay, Suspecting, one_ping
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment, Finding
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import RecordChange
from swimtx.membership.evidence import entry_of
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.wiring import Startable, Wiring

CONFIRMATIONS = 3  # K
_RETRANSMITTED = 4  # times ceil(log10(n+1)): memberlist's limit of transmissions


def as_in_memberlist(members: int, **settings: Any) -> Config:
    """memberlist's defaults for a local network, in a group of that size."""
    told = _RETRANSMITTED * math.ceil(math.log10(members + 1))
    usual: dict[str, Any] = {
        "protocol_period": 1.0,
        "ping_timeout": 0.5,
        "relays": 3,
        "gossip_interval": 0.2,
        "gossip_fanout": 3,
        "transmissions": told / math.ceil(math.log(members + 1)),
        "table_interval": 30.0,
        "direct_notice_limit": 0,
    }
    return Config.lan(**{**usual, **settings})


def by_stream_too(period: float, first_stage: float) -> ProbeSchedule:
    """One PING; the relays and a stream at the ping timeout; the verdict at the end."""
    return ProbeSchedule((0.0,), first_stage, first_stage, period)


class FirstHeard(Membership):
    """Takes a repeated claim about the same incarnation for news only from another witness."""

    def apply(self, claim: Claim, why: str = "", **how: bool) -> RecordChange | None:
        """Apply a claim, unless all its witnesses are known already."""
        known = self.claim(claim.name)
        if known is not None and claim.name != self.name and claim.key == known.key:
            witnesses = {entry.witness for entry in known.evidence}
            if all(entry.witness in witnesses for entry in claim.evidence):
                return None
        return super().apply(claim, why, **how)

    def accepted_stream(self) -> RecordChange | None:
        """Nothing is claimed about the stream port."""
        return None


class Ticking(Gossip):
    """Gossip ticks go on without updates: the first sending waits for half a tick on average."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._phase = self._chance.random() * self._interval

    def _arm(self) -> None:
        if self._running and not self._timer.pending:
            since = (self._clock.seconds() - self._phase) % self._interval
            self._timer.set(self._interval - since, self._tick)


class NackRelay(PlainRelay):
    """A relay that sends one PING, and a NACK at the end of the time that it was given."""

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule((0.0,), None, None, budget)

    _nack = PingReqRelay._nack


class Accusing(Suspecting):
    """Suspicions of our own, independent of others (Lifeguard §IV-A, §IV-B).

    @param confirmed: how many further suspicions of a suspect are spread; 0: only the first is.
    """

    def __init__(self, membership: Membership, health: LocalHealth, confirmed: int) -> None:
        super().__init__(membership)
        self._health = health
        self._confirmed = confirmed

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """A suspicion, unless enough other members suspect the target already."""
        self._health.probe_failed()
        if len(probe.evidence) - 1 < len(probe.relays):
            self._health.nack_missed()
        me = self._membership.local.name
        if held.state is State.SUSPECT:
            if entry_of(held.evidence, me) is not None or len(held.evidence) > self._confirmed:
                return Finding(None)
        return Finding(held.suspected(me, [Evidence(me, Observation.SILENT)]))


class Confirming(FixedSuspicion):
    """A timeout that shrinks with each independent suspicion (Lifeguard §IV-B).

    @param bounds: gives the shortest and the longest timeout in seconds for a group of that size.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        bounds: Callable[[int], tuple[float, float]],
    ) -> None:
        super().__init__(clock, membership, self.timeout)
        self._bounds = bounds
        self._since: dict[str, float] = {}

    def timeout(self, claim: Claim) -> float:
        """Seconds that this suspect has, from when this member learnt of it."""
        least, most = self._bounds(self._membership.living)
        further = max(0, len(claim.evidence) - 1)
        share = math.log(further + 1) / math.log(CONFIRMATIONS + 1)
        return max(least, most - (most - least) * share)

    def _changed(self, change: RecordChange) -> None:
        claim, before = change.claim, change.held
        self._cancel(claim.name)
        if claim.state is State.SUSPECT and claim.name != self._membership.name:
            now = self._clock.seconds()
            if before is None or before.key != claim.key:
                self._since[claim.name] = now
            left = self._since[claim.name] + self.timeout(claim) - now
            self._set_timer(claim.name, max(0.0, left))


class Memberlist(WithoutOurs):
    """memberlist without Lifeguard, called SWIM in Lifeguard's paper.

    A suspect has from alpha * log10 n * T' to beta times that (Lifeguard §IV-B).
    """

    alpha = 5.0
    beta = 1.0
    confirmations = 0
    by_stream = True

    make_membership = using(Wiring.make_membership, FirstHeard)
    make_ping_req_relay = using(Wiring.make_ping_req_relay, PlainRelay)
    make_gossip = using(Wiring.make_gossip, Ticking)

    def make_schedule(self, period: float, ping_timeout: float) -> ProbeSchedule:
        return (by_stream_too if self.by_stream else one_ping)(period, ping_timeout)

    def make_assessment(self, kind: type[EvidenceAssessment] = EvidenceAssessment) -> Assessment:
        return Accusing(self.membership, self.health, self.confirmations)

    def make_suspicion(self) -> Sequence[Startable]:
        def bounds(members: int) -> tuple[float, float]:
            least = self.alpha * max(1.0, math.log10(max(1, members)))
            least *= self.config.protocol_period
            return least, self.beta * least

        return (Confirming(self.clock, self.membership, bounds),)


def memberlist(alpha: float = 5.0, streams: bool = True) -> type[Wiring]:
    """The wiring of memberlist without Lifeguard.

    @param streams: whether a probe falls back to a stream.
    """
    return rewired(Memberlist, alpha=alpha, by_stream=streams)


def lifeguard(
    alpha: float = 5.0,
    beta: float = 6.0,
    probe: bool = True,
    suspicion: bool = True,
    buddy: bool = True,
    streams: bool = True,
) -> type[Wiring]:
    """The wiring of memberlist with Lifeguard.

    @param probe: LHA-Probe: a member in poor local health probes less often and waits longer.
    @param suspicion: LHA-Suspicion: timeouts that shrink with each independent suspicion.
    @param buddy: the buddy system: a PING tells a suspect that it is suspected.
    @param streams: whether a probe falls back to a stream.
    """
    parts: dict[str, Any] = {}
    if probe:
        parts["make_local_health"] = Wiring.make_local_health
    if suspicion:
        parts |= {"beta": beta, "confirmations": CONFIRMATIONS}
    if buddy:
        parts["make_accusation"] = Wiring.make_accusation
    relay = using(Wiring.make_ping_req_relay, NackRelay)
    return rewired(memberlist(alpha, streams), make_ping_req_relay=relay, **parts)


def baseline_or_shipped(
    row: str, members: int, streams: bool = True
) -> tuple[Config, type[Wiring]]:
    """The settings and the wiring of a row: C{memberlist alpha 4}, C{Lifeguard alpha 5}, C{swimtx}.

    @param members: the size of the group, for memberlist's settings.
    @param streams: whether a probe of memberlist falls back to a stream.
    """
    if row.startswith("swimtx"):
        return Config.lan(), Wiring
    name, _, alpha = row.split()
    make = lifeguard if name == "Lifeguard" else memberlist
    return as_in_memberlist(members), make(float(alpha), streams=streams)
