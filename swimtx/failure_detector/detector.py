"""The failure detector (SWIM §3.1): each period, probe the next member; judge who is silent."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.failure_detector.assessment import Assessment, Reading
from swimtx.failure_detector.target_selection import Turn
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.local_health import WORST, LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import BROKEN_QUIET, ProbeSchedule
from swimtx.transport.messenger import Messenger, tell_suspect
from swimtx.transport.route import Route

_AT_ONCE = 8  # rounds, beyond which nobody is probed out of turn


class TargetSelection(Protocol):
    """A strategy: whom to probe, and when."""

    def begin(self, me: str) -> None:
        """Take turns as C{me}."""

    def add(self, name: str) -> None:
        """Probe that member too."""

    def remove(self, name: str) -> None:
        """Probe that member no more."""

    def first(self, now: float) -> float:
        """When to take the first turn, in seconds of the clock."""

    def turn(self, now: float) -> Turn:
        """Whom to probe now, and when the next turn is."""


class FailureDetector:
    """One probe each protocol period.

    @ivar fellows: gives the names of those who may have had the same hint about a member.
    @param schedule: gives the course of a round for a period and a ping timeout in seconds.
    @param judgement: reads rounds that nobody answered.
    @param reached: told C{reached(address, way)} after each round that was answered.
    """

    __slots__ = (
        "__weakref__",
        "_chance",
        "_choose_relays",
        "_clock",
        "_config",
        "_counters",
        "_glance",
        "_health",
        "_judgement",
        "_messenger",
        "_membership",
        "_order",
        "_reached",
        "_rounds",
        "_schedules",
        "_see",
        "_skip",
        "_tick",
        "_timer",
        "_when_ended",
        "fellows",
    )

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        order: TargetSelection,
        judgement: Assessment,
        schedule: Callable[[float, float], ProbeSchedule],
        health: LocalHealth,
        config: Config,
        counters: Counters,
        reached: Callable[[Address, Route], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._order = order
        self._judgement = judgement
        self._health = health
        self._config = config
        self._counters = counters
        self._reached = reached
        self._schedules = [
            schedule(config.period * n, config.first_stage * n) for n in range(1, WORST + 2)
        ]
        self.fellows: Callable[[str], Sequence[str]] = lambda name: ()
        self._glance = BROKEN_QUIET * config.period
        self._skip = 0
        self._timer: IDelayedCall | None = None
        self._rounds: dict[str, Probe] = {}
        # Bound once, instead of for each probe.
        self._tick, self._when_ended = self._period, self._ended
        self._choose_relays, self._see = self._relays_for, self._seen
        membership.watch(self._changed, WatchOrder.FAILURE_DETECTOR)

    def start(self) -> None:
        """Probe from now on."""
        now = self._clock.seconds()
        self._timer = self._clock.callLater(self._order.first(now) - now, self._tick)

    def stop(self) -> None:
        """Probe no more, and accuse nobody."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for probe in list(self._rounds.values()):
            probe.stop()
        self._rounds.clear()

    def expedite(self, name: str) -> None:
        """Something hints that this member has failed: look at once. A hint proves nothing."""
        probe = self._rounds.get(name)
        target = self._membership.claim(name)
        if probe is not None:
            probe.expedite(self._glance)
        elif target is not None and target.state.living:
            self.probe(target).expedite(self._glance)

    def probe(self, target: Claim) -> Probe:
        """Start a round now, unless there is one."""
        probe = self._rounds.get(target.name)
        if probe is not None:
            return probe
        self._counters.probes += 1
        schedule = self._judgement.schedule_for(target, self._schedules[self._health.score])
        probe = self._rounds[target.name] = Probe(
            target, self._messenger, schedule, self._when_ended, self._choose_relays, seen=self._see
        )
        return probe

    def _period(self) -> None:
        now = self._clock.seconds()
        name, at = self._order.turn(now)
        # Re-arm first: nothing that goes wrong below may stop the heartbeat.
        self._timer = self._clock.callLater(at - now if at > now else 0.0, self._tick)
        if self._skip:  # who is not well probes less often
            self._skip -= 1
            return
        self._skip = self._health.score
        target = None if name is None else self._membership.claim(name)
        if target is not None and target.state.living:
            self.probe(target)
        elif name is not None and target is None:
            self._order.remove(name)  # the list has been emptied since

    def _relays_for(self, target: Claim) -> list[Claim]:
        """k at random; after a hint, two are of those who may have had it too and need not wait."""
        k = self._config.relays
        relays = self._membership.relays(self._chance, k, target.name)
        if self._rounds[target.name].hinted:
            relays = [*self._fellows_of(target.name)[: k - 1], *relays]
        return list({claim.name: claim for claim in relays}.values())[:k]

    def _fellows_of(self, name: str) -> list[Claim]:
        fellows = map(self._membership.claim, self.fellows(name))
        me = self._membership.name
        return [c for c in fellows if c is not None and c.can_relay and c.name != me]

    def _accused(self, probe: Probe) -> Claim | None:
        """The record that a verdict of this round would be about."""
        held = self._membership.claim(probe.target.name)
        if held is None or not held.state.living or held.epoch != probe.target.epoch:
            return None
        return held if held.incarnation == probe.target.incarnation else None

    def _seen(self, probe: Probe) -> bool:
        held = self._accused(probe)
        verdict = None if held is None else self._judgement.before_timeout(probe, held)
        return verdict is not None

    def _ended(self, probe: Probe) -> None:
        target = probe.target
        self._rounds.pop(target.name, None)
        if probe.route is not None:
            self._answered(probe)
            return
        self._counters.probes_failed += 1
        held = self._accused(probe)
        if held is None:
            return
        verdict = self._judgement.before_timeout(probe, held) or self._judgement.at_timeout(
            probe, held
        )
        if verdict is not None:
            self._membership.apply(verdict)

    def probe_out_of_turn(self, members: Iterable[Claim]) -> None:
        """Probe these out of turn, as far as they are alive and not many rounds are under way."""
        for member in members:
            held = self._membership.claim(member.name)
            if held is not None and held.state is State.ALIVE and len(self._rounds) < _AT_ONCE:
                self.probe(held)

    def conclude(self, probe: Probe, read: Reading) -> None:
        """Apply what C{read} makes of a round that is over, on second thoughts."""
        held = self._accused(probe)
        verdict = None if held is None else read(probe, held)
        if verdict is not None:
            self._membership.apply(verdict)

    def _answered(self, probe: Probe) -> None:
        target = probe.target
        if probe.rtt is not None:
            self._membership.measured(target.name, probe.rtt)
        assert probe.route is not None
        self._reached(target.address, probe.route)
        self._judgement.answered(probe)
        if target.name in self._membership.index.suspects:
            held = self._accused(probe)
            if held is not None and target.state is State.ALIVE:
                # It does not know yet that it is suspected: tell it at once.
                tell_suspect(self._messenger, held)

    def _changed(self, change: Change) -> None:
        """Alive and suspect members are probed; those who are gone are not."""
        claim = change.claim
        if claim.name == self._membership.name:
            return
        if claim.state.living:
            self._order.add(claim.name)
            return
        self._order.remove(claim.name)
        probe = self._rounds.pop(claim.name, None)
        if probe is not None:
            probe.stop()
