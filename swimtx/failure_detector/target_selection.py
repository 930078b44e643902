"""Selects the next probe target and the time of its probe (SWIM §4.3).

``RoundRobin`` is the paper's. With ``PhasedRoundRobin`` each member is probed once a period by one
other member, so that the wait for the first probe of a failed member is uniform in one period
instead of exponential.
"""

from __future__ import annotations

import random
import zlib
from bisect import bisect_left
from functools import lru_cache
from math import floor
from typing import Protocol

from swimtx.failure_detector.name_ring import NameRing

_TURN = 2.0**-32  # maps a CRC-32 to a phase, as a fraction of the period
_OWN_WAY = 8  # every eighth period is round robin, so that completeness depends on no agreement


#: The target to probe now, C{None} if there is none, and the time of the next turn in seconds.
Turn = tuple[str | None, float]


class TargetSelection(Protocol):
    """Selects probe targets and the times of the probes."""

    def begin(self, me: str) -> None:
        """Set the name of the prober."""

    def add(self, name: str) -> None:
        """Add a target, if it is new."""

    def remove(self, name: str) -> None:
        """Remove a target, if it is there."""

    def first(self, now: float) -> float:
        """The time of the first turn, in seconds of the clock."""

    def turn(self, now: float) -> Turn:
        """The target to probe now, and the time of the next turn."""


class RoundRobin:
    """Randomised round robin: each member once in a pass, in an order shuffled for each pass.

    A new member is inserted at a random place, so two probes of one member are at most 2n-1
    periods apart, and the mean wait for the first is that of picking at random.

    @param period: the protocol period in seconds.
    """

    __slots__ = ("__weakref__", "_chance", "_members", "_next", "_order", "_period")

    def __init__(self, chance: random.Random, period: float) -> None:
        self._chance = chance
        self._period = period
        self._order: list[str] = []
        self._members: dict[str, None] = {}
        self._next = 0

    def begin(self, me: str) -> None:
        """Set the name of the prober."""

    def add(self, name: str) -> None:
        """Add a target, if it is new."""
        if name in self._members:
            return
        self._members[name] = None
        place = self._chance.randint(0, len(self._order))
        self._order.insert(place, name)
        if place < self._next:
            self._next += 1

    def remove(self, name: str) -> None:
        """Remove a target, if it is there."""
        if name not in self._members:
            return
        del self._members[name]
        # Its place goes too, or a member that fails and is back within a pass would have two.
        if name in self._order:
            place = self._order.index(name)
            del self._order[place]
            if place < self._next:
                self._next -= 1

    def first(self, now: float) -> float:
        """The time of the first turn: a random moment of one period."""
        return now + self._chance.random() * self._period

    def turn(self, now: float) -> Turn:
        """The target to probe now; the next turn is a period later."""
        return self.next(), now + self._period

    def next(self) -> str | None:
        """The next target; C{None} if there is none."""
        if not self._order:
            return None
        if self._next >= len(self._order):
            self._chance.shuffle(self._order)
            self._next = 0
        name = self._order[self._next]
        self._next += 1
        return name


class PhasedRoundRobin:
    """Round robin in which the members take different targets, each at the target's own phase.

    In period p by the wall clock, the member at position j of the ring of names probes the member
    C{stride(p)} positions on, at a phase that is a hash of the target's name. The strides of n-1
    consecutive periods are a permutation of 1..n-1, so each member probes each other once in a
    pass, with at most 2n-3 such periods between. Members need not agree on anything: where clocks
    or member lists differ, this degrades to the statistics of round robin.

    @param period: the protocol period in seconds.
    """

    __slots__ = (
        "__weakref__",
        "_lap",
        "_me",
        "_own_way",
        "_period",
        "_planned",
        "_position",
        "_ring",
        "_strides",
    )

    def __init__(self, chance: random.Random, period: float) -> None:
        self._me = ""
        self._period = period
        self._ring = NameRing()
        self._own_way = RoundRobin(chance, period)
        self._position: int | None = None  # our own in the ring; unknown after a change of it
        self._planned: tuple[int, str | None] = (-1, None)
        self._lap: int | None = None  # the pass that C{_strides} belong to
        self._strides: tuple[int, ...] = ()

    def begin(self, me: str) -> None:
        """Set the name of the prober."""
        self._me = me
        self._position = None

    def add(self, name: str) -> None:
        """Add a target, if it is new."""
        self._ring.add(name)
        self._own_way.add(name)
        self._position = None

    def remove(self, name: str) -> None:
        """Remove a target, if it is there."""
        self._ring.remove(name)
        self._own_way.remove(name)
        self._position = None

    def first(self, now: float) -> float:
        """The time of the first turn: in the next period, at the phase of its target."""
        return self._moment(floor(now / self._period) + 1)

    def turn(self, now: float) -> Turn:
        """The target to probe now, and the time of the next turn."""
        number = floor(now / self._period)
        planned, name = self._planned
        if number % _OWN_WAY == 0:
            name = self._own_way.next()
        elif planned != number:
            name = self._partner(number)
        return name, self._moment(number + 1)

    def _moment(self, number: int) -> float:
        target = self._partner(number)
        self._planned = (number, target)
        phase = 0.0 if target is None else zlib.crc32(target.encode()) * _TURN
        # Not at the edge: a timer that fires slightly early must not fall into the period before.
        return (number + 0.001 + 0.998 * phase) * self._period

    def _partner(self, number: int) -> str | None:
        """The target that the ring gives in that period."""
        names = self._ring.names
        others = len(names)
        if not others:
            return None
        position = self._position
        if position is None:
            position = self._position = bisect_left(names, self._me)
            self._lap = None
        number -= number // _OWN_WAY  # round-robin periods use up no stride
        lap = number // others
        if lap != self._lap:
            self._lap = lap
            self._strides = _strides(others, lap)
        # Our own position is between the others; strides 1..n-1 never end on it.
        landed = (position + self._strides[number - lap * others]) % (others + 1)
        return names[landed if landed < position else landed - 1]


@lru_cache(maxsize=8)
def _strides(others: int, lap: int) -> tuple[int, ...]:
    """The strides of a pass in their order: the same for all that list equally many members."""
    strides = list(range(1, others + 1))
    shuffled = random.Random(f"{others + 1}/{lap}")  # all members have to draw the same order
    shuffled.shuffle(strides)
    return tuple(strides)
