"""The piggybacked updates of SWIM as published, for comparison with swimtx's update queue."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.interfaces import IUpdateSource
from swimtx.membership.events import RecordChange
from swimtx.membership.table import Membership


class OfTheLiving(UpdateQueue):
    """Updates about members that have not failed; a message piggybacks at most three."""

    living = True

    def _choose(self, room: int) -> list[tuple[str, bytes]]:
        return super()._choose(room)[:3]

    def _changed(self, change: RecordChange) -> None:
        if change.claim.state.living is self.living:
            super()._changed(change)
        else:
            self._drop(change.claim.name)


class OfTheFailed(OfTheLiving):
    """Updates about members that have failed; a message piggybacks at most three."""

    living = False


@implementer(IUpdateSource)
class TwoLists:
    """Piggybacks up to six updates, an equal share from each of two lists (SWIM §4.1, §5)."""

    def __init__(self, membership: Membership, config: Config, counters: Counters) -> None:
        self._lists = [kind(membership, config, counters) for kind in (OfTheLiving, OfTheFailed)]

    @property
    def pending(self) -> bool:
        """Whether any update waits to be sent."""
        return any(news.pending for news in self._lists)

    def on_update(self, tell: Callable[[], object]) -> None:
        """Call C{tell()} whenever an update is queued."""
        for news in self._lists:
            news.on_update(tell)

    def fill(self, room: int) -> bytes:
        """Framed updates of at most C{room} bytes in total."""
        data = b""
        for news in self._lists:
            data += news.fill(room - len(data))
        return data

    def clear(self) -> None:
        """Drop all updates."""
        for news in self._lists:
            news.clear()


class NoUpdates(UpdateQueue):
    """An update queue that stays empty, so that nothing is piggybacked."""

    def _changed(self, change: RecordChange) -> None:
        """A change queues no update."""
