"""A ring of the names of the living members, for target selection and tripwires."""

from __future__ import annotations

from bisect import bisect_left

import attrs


@attrs.define(eq=False)
class NameRing:
    """Names in ascending order; the first one follows the last.

    @ivar names: the sorted names.
    """

    names: list[str] = attrs.field(init=False, factory=list)

    def add(self, name: str) -> bool:
        """Add a name.

        @return: whether it is new.
        """
        place = bisect_left(self.names, name)
        if place < len(self.names) and self.names[place] == name:
            return False
        self.names.insert(place, name)
        return True

    def remove(self, name: str) -> bool:
        """Remove a name.

        @return: whether it was there.
        """
        place = bisect_left(self.names, name)
        if place == len(self.names) or self.names[place] != name:
            return False
        del self.names[place]
        return True

    def position(self, name: str) -> int | None:
        """The index of a name; C{None} if it is not in the ring."""
        place = bisect_left(self.names, name)
        found = place < len(self.names) and self.names[place] == name
        return place if found else None

    def before(self, name: str, count: int) -> list[str]:
        """The C{count} names before C{name}, the nearest first, without C{name} itself."""
        place = self.position(name)
        if place is None:
            return []
        size = len(self.names)
        return [self.names[place - step] for step in range(1, min(count, size - 1) + 1)]

    def after(self, name: str, count: int) -> list[str]:
        """The C{count} names after C{name}, the nearest first, without C{name} itself."""
        place = self.position(name)
        if place is None:
            return []
        size = len(self.names)
        return [self.names[(place + step) % size] for step in range(1, min(count, size - 1) + 1)]
