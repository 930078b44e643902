"""memberlist, with Lifeguard and without, for comparison: another wiring of the same node.

As Lifeguard's paper describes both (§III, §IV), not as memberlist's code departs from it: a NACK
comes at 80 % of what is left of a probe. Two things are ours in all of them: our table exchange,
which accuses nobody, stands for push-pull; and a local health of 7 is the worst, as in the code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.dissemination.gossip import Gossip
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.experiments.stand_ins import AlwaysHealthy
from swimtx.experiments.swim_baseline import PlainRelay, Suspecting, WithoutOurs, one_ping
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment, Finding
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.evidence import entry_of
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.buddy_system import BuddySystem
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.wiring import Startable, Wiring

CONFIRMATIONS = 3  # K
_RETRANSMITTED = 4  # times ceil(log10(n+1)): memberlist's limit of transmissions


def as_in_memberlist(members: int, **settings: Any) -> Config:
    """Its defaults for a local network, in a group of so many."""
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
    """One PING; at the ping timeout the relays and a stream; the verdict at the end."""
    return ProbeSchedule((0.0,), first_stage, first_stage, period)


class FirstHeard(Membership):
    """Who says the same of the same incarnation is no news, unless it is another witness."""

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> RecordChange | None:
        """As ever, but for that."""
        known = self.claim(claim.name)
        if known is not None and claim.name != self.name and claim.key == known.key:
            witnesses = {entry.witness for entry in known.evidence}
            if all(entry.witness in witnesses for entry in claim.evidence):
                return None
        return super().apply(claim, why, proven=proven, spread=spread)

    def accepted_stream(self) -> RecordChange | None:
        """Nobody wants to know."""
        return None


class Ticking(Gossip):
    """Ticks go on whether or not there is news, so the first telling waits for half of one."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        updates: UpdateQueue,
        config: Config,
    ) -> None:
        super().__init__(clock, chance, membership, messenger, updates, config)
        self._phase = chance.random() * self._interval

    def _arm(self) -> None:
        if self._timer is None and self._running:
            since = (self._clock.seconds() - self._phase) % self._interval
            self._timer = self._clock.callLater(self._interval - since, self._tick)


class NackRelay(PlainRelay):
    """One PING on behalf of another; a NACK at the end of what we were given for it."""

    def _course(self, budget: float) -> ProbeSchedule:
        return ProbeSchedule((0.0,), None, None, budget)

    _nack = PingReqRelay._nack


class Accusing(Suspecting):
    """A suspicion of ours, each on its own (Lifeguard §IV-A, §IV-B).

    @param confirmed: how many independent suspicions one tells on; 0: the first alone.
    """

    def __init__(self, membership: Membership, health: LocalHealth, confirmed: int) -> None:
        super().__init__(membership)
        self._health = health
        self._confirmed = confirmed

    def at_timeout(self, probe: Probe, held: Claim) -> Finding:
        """Suspected by us, unless enough others were before."""
        self._health.probe_failed()
        if len(probe.evidence) - 1 < len(probe.relays):
            self._health.nack_missed()
        me = self._membership.local.name
        if held.state is State.SUSPECT:
            if entry_of(held.evidence, me) is not None or len(held.evidence) > self._confirmed:
                return Finding(None)
        return Finding(held.suspected(me, [Evidence(me, Observation.SILENT)]))


class Confirming:
    """A timeout that shrinks with each independent suspicion (Lifeguard §IV-B).

    @param bounds: the shortest and the longest in seconds, of a group of so many.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        bounds: Callable[[int], tuple[float, float]],
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._bounds = bounds
        self._since: dict[str, float] = {}
        self._timers: dict[str, Timer] = {}
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Time suspects from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.SUSPICION_TIMERS)

    def stop(self) -> None:
        """Time no suspect any more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._timers):
            self._timers.pop(name).cancel()

    def timeout(self, claim: Claim) -> float:
        """Seconds that this suspect has, from when we heard of it."""
        least, most = self._bounds(self._membership.living)
        further = max(0, len(claim.evidence) - 1)
        share = math.log(further + 1) / math.log(CONFIRMATIONS + 1)
        return max(least, most - (most - least) * share)

    def _changed(self, change: RecordChange) -> None:
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
        timer = self._timers[claim.name] = Timer(self._clock)
        timer.set(max(0.0, left), self._ran_out, claim)

    def _ran_out(self, claim: Claim) -> None:
        del self._timers[claim.name]
        self._membership.apply(claim.failed(self._membership.local.name))


class Memberlist(WithoutOurs):
    """Without Lifeguard: what its paper calls SWIM.

    A suspect has from alpha * log10 n * T' to beta times that (Lifeguard §IV-B).
    """

    alpha = 5.0
    beta = 1.0
    confirmations = 0
    by_stream = True

    def make_membership(self, kind: type[Membership] = FirstHeard) -> Membership:
        return super().make_membership(kind)

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

    def make_gossip(self, kind: type[Gossip] = Ticking) -> Gossip:
        return super().make_gossip(kind)


def memberlist(alpha: float = 5.0, streams: bool = True) -> type[Wiring]:
    """Without Lifeguard.

    @param streams: whether a probe falls back to a stream.
    """
    return type("Chosen", (Memberlist,), {"alpha": alpha, "by_stream": streams})


def lifeguard(
    alpha: float = 5.0,
    beta: float = 6.0,
    probe: bool = True,
    suspicion: bool = True,
    buddy: bool = True,
    streams: bool = True,
) -> type[Wiring]:
    """With Lifeguard.

    @param probe: LHA-Probe: a member that is not well probes less often and waits longer.
    @param suspicion: LHA-Suspicion: timeouts that shrink with each independent suspicion.
    @param buddy: the buddy system: a PING tells a suspect that it is one.
    """

    class Lifeguard(memberlist(alpha, streams)):  # type: ignore[misc]
        def make_ping_req_relay(self, kind: type[PingReqRelay] = NackRelay) -> PingReqRelay:
            made: PingReqRelay = super().make_ping_req_relay(kind)
            return made

        def make_local_health(self) -> LocalHealth:
            return LocalHealth() if probe else AlwaysHealthy()

        def make_accusation(self) -> Callable[[str], Claim | None]:
            return BuddySystem(self.membership).accusation if buddy else lambda name: None

    if suspicion:
        return type("Lifeguard", (Lifeguard,), {"beta": beta, "confirmations": CONFIRMATIONS})
    return Lifeguard
