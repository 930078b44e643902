"""What SWIM as published piggybacks: for comparison, in the place of the shipped news."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.interfaces import IUpdateSource
from swimtx.membership.events import RecordChange
from swimtx.membership.table import Membership


class Three(UpdateQueue):
    """Piggybacks no more than three updates."""

    def _choose(self, room: int) -> list[tuple[str, bytes]]:
        return super()._choose(room)[:3]


class OfTheLiving(Three):
    """News of members that have not failed."""

    def _changed(self, change: RecordChange) -> None:
        if change.claim.state.living:
            super()._changed(change)
        else:
            self._drop(change.claim.name)


class OfTheFailed(Three):
    """News of those that have."""

    def _changed(self, change: RecordChange) -> None:
        if change.claim.state.living:
            self._drop(change.claim.name)
        else:
            super()._changed(change)


@implementer(IUpdateSource)
class TwoLists:
    """Piggybacks up to six updates, an equal share from each of two lists (SWIM §4.1, §5)."""

    def __init__(self, membership: Membership, config: Config, counters: Counters) -> None:
        self._lists = [kind(membership, config, counters) for kind in (OfTheLiving, OfTheFailed)]

    @property
    def pending(self) -> bool:
        """Whether there is anything to tell."""
        return any(news.pending for news in self._lists)

    def on_update(self, tell: Callable[[], object]) -> None:
        """Call C{tell()} whenever there is something new to tell."""
        for news in self._lists:
            news.on_update(tell)

    def fill(self, room: int) -> bytes:
        """Framed updates of at most C{room} bytes together."""
        data = b""
        for news in self._lists:
            data += news.fill(room - len(data))
        return data

    def clear(self) -> None:
        """Nothing is news any more."""
        for news in self._lists:
            news.clear()


class NoUpdates(UpdateQueue):
    """Nothing is piggybacked."""

    def _changed(self, change: RecordChange) -> None:
        """Not news."""
