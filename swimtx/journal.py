"""The journal of a node that records nothing."""

from __future__ import annotations

from zope.interface import implementer

from swimtx.interfaces import IJournal


@implementer(IJournal)
class NullJournal:
    """A journal that discards all notes."""

    __slots__ = ()

    def note(self, kind: str, about: str = "", **details: object) -> None:
        """Discard the note."""
