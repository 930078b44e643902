"""What components note of what they did. Here: nothing is kept."""

from __future__ import annotations

from zope.interface import implementer

from swimtx.interfaces import IJournal


@implementer(IJournal)
class NullJournal:
    """Forgets at once."""

    __slots__ = ()

    def note(self, kind: str, about: str = "", **details: object) -> None:
        """Nothing is kept."""
