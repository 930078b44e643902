"""The failure detector (SWIM §3.1): each period, probe the next member; suspect who is silent."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.member import Address, Claim, State
from swimtx.membership import Change, Membership
from swimtx.probe_round import Means, Round, Schedule, Way


class Order(Protocol):
    """A strategy: whom to probe next."""

    def add(self, name: str) -> None:
        """Probe that member too."""

    def remove(self, name: str) -> None:
        """Probe that member no more."""

    def next(self) -> str | None:
        """Whose turn it is."""


class FailureDetector:
    """One probe each protocol period.

    @param reached: told C{reached(address, way)} after each round that was answered.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        means: Means,
        order: Order,
        config: Config,
        counters: Counters,
        reached: Callable[[Address, Way], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._means = means
        self._order = order
        self._config = config
        self._counters = counters
        self._reached = reached
        self._schedule = Schedule.probe(config.period, config.first_stage)
        self._timer: IDelayedCall | None = None
        self._rounds: dict[str, Round] = {}
        membership.watch(self._changed)

    def start(self) -> None:
        """Probe from now on; the first period begins at a random moment of one."""
        self._timer = self._clock.callLater(
            self._chance.random() * self._config.period, self._period
        )

    def stop(self) -> None:
        """Probe no more, and accuse nobody."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for probe in list(self._rounds.values()):
            probe.stop()
        self._rounds.clear()

    def _period(self) -> None:
        # Re-arm first: nothing that goes wrong below may stop the heartbeat.
        self._timer = self._clock.callLater(self._config.period, self._period)
        name = self._order.next()
        target = None if name is None else self._membership.claim(name)
        if target is not None and target.name not in self._rounds:
            self.probe(target)

    def probe(self, target: Claim) -> None:
        """Start a round now."""
        self._counters.probes += 1
        self._rounds[target.name] = Round(
            target, self._means, self._schedule, self._ended, relays=self._relays_for
        )

    def _relays_for(self, target: Claim) -> list[Claim]:
        """k other members at random, alive, and able to answer with a NACK (SWIM §3.1)."""
        drawn = self._membership.sample(self._chance, 2 * self._config.relays, without=target.name)
        able = [c for c in drawn if c.state is State.ALIVE and not c.seven_fields]
        return able[: self._config.relays]

    def _ended(self, probe: Round) -> None:
        target = probe.target
        self._rounds.pop(target.name, None)
        if probe.way is not None:
            if probe.rtt is not None:
                self._membership.measured(target.name, probe.rtt)
            self._reached(target.address, probe.way)
            return
        self._counters.probes_failed += 1
        held = self._membership.claim(target.name)
        if held is not None and held.epoch == target.epoch and held.state.living:
            if held.incarnation == target.incarnation:
                self._membership.apply(held.suspected(self._membership.me.name, probe.evidence))

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
