"""The living members in the order of their names, as a ring."""

from __future__ import annotations

from bisect import bisect_left


class NameRing:
    """A sorted list of names."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str) -> bool:
        """Whether it was not there yet."""
        place = bisect_left(self.names, name)
        if place < len(self.names) and self.names[place] == name:
            return False
        self.names.insert(place, name)
        return True

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        place = bisect_left(self.names, name)
        if place == len(self.names) or self.names[place] != name:
            return False
        del self.names[place]
        return True

    def position(self, name: str) -> int | None:
        """Where a name stands."""
        place = bisect_left(self.names, name)
        found = place < len(self.names) and self.names[place] == name
        return place if found else None

    def before(self, name: str, count: int) -> list[str]:
        """The C{count} names ahead of one, the nearest first, without itself."""
        place = self.position(name)
        if place is None:
            return []
        size = len(self.names)
        return [self.names[place - step] for step in range(1, min(count, size - 1) + 1)]

    def after(self, name: str, count: int) -> list[str]:
        """The next C{count} names after one, without itself."""
        place = self.position(name)
        if place is None:
            return []
        size = len(self.names)
        return [self.names[(place + step) % size] for step in range(1, min(count, size - 1) + 1)]
