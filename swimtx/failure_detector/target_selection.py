"""Who is probed next, and when (SWIM §4.3).

``RoundRobin`` is the paper's. ``PhasedRoundRobin`` has everybody probed once a period by somebody,
so that the wait for the first probe is uniform in one period instead of exponential.
"""

from __future__ import annotations

import random
import zlib
from bisect import bisect_left
from functools import lru_cache
from math import floor
from typing import Protocol

from swimtx.failure_detector.name_ring import NameRing

_TURN = 2.0**-32
_OWN_WAY = 8  # every eighth period is round robin, so that completeness depends on no agreement


#: Whom to probe now, C{None}: nobody is there; and at what time of the clock, in seconds, the next.
Turn = tuple[str | None, float]


class TargetSelection(Protocol):
    """Which member to probe, and when."""

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


class RoundRobin:
    """Randomised round robin: everybody once in each turn, the order shuffled anew for the next.

    A newcomer is put in at a random place, so two probes of one member are at most 2n-1 periods
    apart, and the mean wait for the first is that of picking at random.

    @param period: seconds.
    """

    __slots__ = ("__weakref__", "_chance", "_members", "_next", "_order", "_period")

    def __init__(self, chance: random.Random, period: float) -> None:
        self._chance = chance
        self._period = period
        self._order: list[str] = []
        self._members: dict[str, None] = {}
        self._next = 0

    def begin(self, me: str) -> None:
        """Take turns as C{me}."""

    def add(self, name: str) -> None:
        """Probe that member too."""
        if name in self._members:
            return
        self._members[name] = None
        place = self._chance.randint(0, len(self._order))
        self._order.insert(place, name)
        if place < self._next:
            self._next += 1

    def remove(self, name: str) -> None:
        """Probe that member no more."""
        if name not in self._members:
            return
        del self._members[name]
        # Its place goes too, or one that fails and is back within a turn would have two.
        if name in self._order:
            place = self._order.index(name)
            del self._order[place]
            if place < self._next:
                self._next -= 1

    def first(self, now: float) -> float:
        """When to take the first turn: at a random moment of one period."""
        return now + self._chance.random() * self._period

    def turn(self, now: float) -> Turn:
        """Whom to probe now; the next turn is a period later."""
        return self.next(), now + self._period

    def next(self) -> str | None:
        """Whose turn it is; C{None} if there is nobody."""
        if not self._order:
            return None
        if self._next >= len(self._order):
            self._chance.shuffle(self._order)
            self._next = 0
        name = self._order[self._next]
        self._next += 1
        return name


class PhasedRoundRobin:
    """In period p, by the wall clock, the member at position j of the ring of names probes the one
    C{stride(p)} places on, at a phase that is the target's own.

    The strides of n-1 consecutive periods are a permutation of 1..n-1, so each pair meets once in
    each pass, at most 2n-3 such periods apart. Nothing has to be agreed: where clocks or lists
    differ, this degrades to the statistics of round robin.

    @param period: seconds.
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
        self._position: int | None = None  # our own place in the ring; not known after a change
        self._planned: tuple[int, str | None] = (-1, None)
        self._lap: int | None = None  # of our position, and the strides of it
        self._strides: tuple[int, ...] = ()

    def begin(self, me: str) -> None:
        """Take turns as C{me}."""
        self._me = me
        self._position = None

    def add(self, name: str) -> None:
        """Probe that member too."""
        self._ring.add(name)
        self._own_way.add(name)
        self._position = None

    def remove(self, name: str) -> None:
        """Probe that member no more."""
        self._ring.remove(name)
        self._own_way.remove(name)
        self._position = None

    def first(self, now: float) -> float:
        """When to take the first turn: in the next period, at its target's phase."""
        return self._moment(floor(now / self._period) + 1)

    def turn(self, now: float) -> Turn:
        """Whom to probe now, and when the next turn is."""
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
        # Never at the very edge: a timer that is a hair early must not fall into the period before.
        return (number + 0.001 + 0.998 * phase) * self._period

    def _partner(self, number: int) -> str | None:
        """Whom the ring gives us in that period."""
        names = self._ring.names
        others = len(names)
        if not others:
            return None
        position = self._position
        if position is None:
            position = self._position = bisect_left(names, self._me)
            self._lap = None
        number -= number // _OWN_WAY  # periods that are round robin take no stride away
        lap = number // others
        if lap != self._lap:
            self._lap = lap
            self._strides = _strides(others, lap)
        # Our own place is between the others; strides 1..n-1 never end on it.
        landed = (position + self._strides[number - lap * others]) % (others + 1)
        return names[landed if landed < position else landed - 1]


@lru_cache(maxsize=8)
def _strides(others: int, lap: int) -> tuple[int, ...]:
    """The order in which a pass takes the strides: the same for everybody who knows as many."""
    strides = list(range(1, others + 1))
    shuffled = random.Random(f"{others + 1}/{lap}")  # not chance: all have to draw the same
    shuffled.shuffle(strides)
    return tuple(strides)
