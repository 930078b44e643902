"""memberlist, with Lifeguard and without, for comparison: other parts in the same node.

As Lifeguard's paper describes both (§III, §IV), not as memberlist's code departs from it: a NACK
comes at 80 % of what is left of a probe. Two things are ours in all of them: our table exchange,
which accuses nobody, stands for push-pull; and a local health of 7 is the worst, as in the code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.detection import Detection, Kit
from swimtx.dissemination.gossip import Gossip
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.experiments.swim_baseline import PlainRelaying, one_ping, unattached
from swimtx.failure_detector.assessment import Published
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.evidence import entry_of
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.parts import Healthy, NoRegret, Nothing, Parts, accusation, round_robin, unchecked
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.protocol import SwimProtocol

CONFIRMATIONS = 3  # K
_RETRANSMITTED = 4  # times ceil(log10(n+1)): memberlist's limit of transmissions


def as_in_memberlist(members: int, **settings: object) -> Config:
    """Its defaults for a local network, in a group of so many."""
    told = _RETRANSMITTED * math.ceil(math.log10(members + 1))
    usual: dict[str, object] = {
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
    """One PING; at the ping timeout the relays and a stream; the verdict at the end."""
    return ProbeSchedule((0.0,), first_stage, first_stage, period)


class FirstHeard(Membership):
    """Who says the same of the same incarnation is no news, unless it is another witness."""

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> Change | None:
        """As ever, but for that."""
        known = self.claim(claim.name)
        if known is not None and claim.name != self.name and claim.key == known.key:
            witnesses = {entry.witness for entry in known.evidence}
            if all(entry.witness in witnesses for entry in claim.evidence):
                return None
        return super().apply(claim, why, proven=proven, spread=spread)

    def accepted_stream(self) -> Change | None:
        """Nobody wants to know."""
        return None


class Ticking(Gossip):
    """Ticks go on whether or not there is news, so the first telling waits for half of one."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        news: UpdateQueue,
        config: Config,
    ) -> None:
        super().__init__(clock, chance, membership, protocol, news, config)
        self._phase = chance.random() * self._interval

    def _arm(self) -> None:
        if self._timer is None and self._running:
            since = (self._clock.seconds() - self._phase) % self._interval
            self._timer = self._clock.callLater(self._interval - since, self._tick)


class NackRelaying(PlainRelaying):
    """One PING on behalf of another; a NACK at the end of what we were given for it."""

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule((0.0,), None, None, budget)

    _nack = PingReqRelay._nack


class Accusing(Published):
    """A suspicion of ours, each on its own (Lifeguard §IV-A, §IV-B).

    @param confirmed: how many independent suspicions one tells on; 0: the first alone.
    """

    def __init__(self, membership: Membership, health: LocalHealth, confirmed: int) -> None:
        super().__init__(membership)
        self._health = health
        self._confirmed = confirmed

    def at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """Suspected by us, unless enough others were before."""
        self._health.worsen()
        if len(probe.evidence) - 1 < len(probe.relays):
            self._health.worsen()  # a NACK is missing
        me = self._membership.me.name
        if held.state is State.SUSPECT:
            if entry_of(held.evidence, me) is not None or len(held.evidence) > self._confirmed:
                return None
        return held.suspected(me, [Evidence(me, Observation.SILENT)])

    def answered(self, probe: Probe) -> None:
        """A sign of health."""
        self._health.succeeded()


class Confirming:
    """A timeout that shrinks with each independent suspicion (Lifeguard §IV-B).

    @param bounds: the shortest and the longest in seconds, of a group of so many.
    @param due: called as C{due(claim)} when a suspect has not refuted in time.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        bounds: Callable[[int], tuple[float, float]],
        due: Callable[[Claim], object],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._bounds = bounds
        self._due = due
        self._since: dict[str, float] = {}
        self._timers: dict[str, IDelayedCall] = {}
        membership.watch(self._changed, WatchOrder.SUSPICION)

    def stop(self) -> None:
        """Suspect nobody any more."""
        for name in list(self._timers):
            self._timers.pop(name).cancel()

    def timeout(self, claim: Claim) -> float:
        """Seconds that this suspect has, from when we heard of it."""
        least, most = self._bounds(self._membership.living)
        further = max(0, len(claim.evidence) - 1)
        share = math.log(further + 1) / math.log(CONFIRMATIONS + 1)
        return max(least, most - (most - least) * share)

    def _changed(self, change: Change) -> None:
        claim, before = change.claim, change.held
        timer = self._timers.pop(claim.name, None)
        if timer is not None:
            timer.cancel()
        if claim.state is not State.SUSPECT or claim.name == self._membership.name:
            return
        now = self._clock.seconds()
        if before is None or before.key != claim.key:
            self._since[claim.name] = now
        left = self._since[claim.name] + self.timeout(claim) - now
        self._timers[claim.name] = self._clock.callLater(max(0.0, left), self._ran_out, claim)

    def _ran_out(self, claim: Claim) -> None:
        del self._timers[claim.name]
        self._due(claim)


def detecting(alpha: float, beta: float, suspicion: bool) -> Callable[[Kit], Detection]:
    """Min = alpha * log10 n * T', Max = beta * Min; without LHA-Suspicion always Min."""

    def make(kit: Kit) -> Detection:
        def bounds(members: int) -> tuple[float, float]:
            least = alpha * max(1.0, math.log10(max(1, members))) * kit.config.period
            return least, (beta if suspicion else 1.0) * least

        def due(claim: Claim) -> None:
            kit.membership.apply(claim.failed(kit.membership.me.name))

        timers = Confirming(kit.clock, kit.membership, bounds, due)
        kit.membership.on_refutation(kit.health.worsen)
        judgement = Accusing(kit.membership, kit.health, CONFIRMATIONS if suspicion else 0)
        return Detection(kit, judgement, (timers.stop,))

    return make


def memberlist(alpha: float = 5.0, streams: bool = True) -> Parts:
    """Without Lifeguard: what its paper calls SWIM.

    @param streams: whether a probe falls back to a stream.
    """
    return Parts(
        clock=unchecked,
        membership=FirstHeard,
        attached=unattached,
        relaying=PlainRelaying,
        detection=detecting(alpha, 1.0, suspicion=False),
        schedule=by_stream_too if streams else one_ping,
        order=round_robin,
        health=Healthy,
        regret=NoRegret,
        gossip=Ticking,
        tripwires=Nothing,
        notices=Nothing,
        resurrection=Nothing,
    )


def lifeguard(
    alpha: float = 5.0,
    beta: float = 6.0,
    probe: bool = True,
    suspicion: bool = True,
    buddy: bool = True,
    streams: bool = True,
) -> Parts:
    """With Lifeguard.

    @param probe: LHA-Probe: who is not well probes less often and waits longer.
    @param suspicion: LHA-Suspicion: timeouts that shrink with each independent suspicion.
    @param buddy: the buddy system: a PING tells a suspect that it is one.
    """
    return replace(
        memberlist(alpha, streams),
        relaying=NackRelaying,
        detection=detecting(alpha, beta, suspicion),
        health=LocalHealth if probe else Healthy,
        attached=accusation if buddy else unattached,
    )
