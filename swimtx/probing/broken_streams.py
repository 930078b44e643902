"""Members whose idle stream to us broke: a hint that their process died, which proves nothing."""

from __future__ import annotations

from collections.abc import Callable

from swimtx.config import Config
from swimtx.membership.table import Membership

_REMEMBERED_FOR = 30.0  # protocol periods, unless an ACK comes sooner
_MOST_REMEMBERED = 4096


class BrokenStreams:
    """Remembers, by name and run, whose stream broke. The next run of a member starts afresh.

    @param now: gives the time in seconds.
    """

    __slots__ = ("_membership", "_now", "_remembered_for", "_until")

    def __init__(self, now: Callable[[], float], membership: Membership, config: Config) -> None:
        self._now = now
        self._membership = membership
        self._remembered_for = _REMEMBERED_FOR * config.protocol_period
        self._until: dict[tuple[str, int], float] = {}

    def __contains__(self, name: str) -> bool:
        """Whether the stream to that member broke in its present run, with no ACK since."""
        held = self._membership.claim(name)
        return held is not None and self._until.get((name, held.epoch), 0.0) > self._now()

    def add(self, name: str) -> None:
        """The stream to that member broke without a goodbye."""
        if len(self._until) >= _MOST_REMEMBERED:
            self._until.clear()
        held = self._membership.claim(name)
        if held is not None:
            self._until[name, held.epoch] = self._now() + self._remembered_for

    def discard(self, name: str, epoch: int) -> None:
        """That run of that member has answered."""
        if self._until:
            self._until.pop((name, epoch), None)
