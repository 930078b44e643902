"""Who is probed next (SWIM §4.3)."""

from __future__ import annotations

import random


class RoundRobin:
    """Randomised round robin: everybody once in each turn, the order shuffled anew for the next.

    A newcomer is put in at a random place, so two probes of one member are at most 2n-1 periods
    apart, and the mean wait for the first is that of picking at random.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._order: list[str] = []
        self._members: dict[str, None] = {}
        self._next = 0

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
        self._members.pop(name, None)

    def next(self) -> str | None:
        """Whose turn it is; C{None} if there is nobody."""
        while self._members:
            if self._next >= len(self._order):
                self._order = list(self._members)
                self._chance.shuffle(self._order)
                self._next = 0
            name = self._order[self._next]
            self._next += 1
            if name in self._members:
                return name
        self._order.clear()
        self._next = 0
        return None
