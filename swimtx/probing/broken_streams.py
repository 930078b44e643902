"""Members whose idle stream to the local member broke: a hint that their process died, no proof."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from swimtx.config import Config
from swimtx.membership.table import Membership

_REMEMBERED_FOR = 30.0  # protocol periods, unless an ACK comes sooner
_MOST_REMEMBERED = 4096


@attrs.define(eq=False, repr=False)
class BrokenStreams:
    """Remembers broken streams by name and epoch: the next run of a member starts afresh.

    @param now: returns the time in seconds.
    """

    _now: Callable[[], float]
    _membership: Membership
    _config: Config
    _until: dict[tuple[str, int], float] = attrs.field(init=False, factory=dict)

    def __contains__(self, name: str) -> bool:
        """Whether the stream to that member broke in its present run, with no ACK since."""
        held = self._membership.claim(name)
        return held is not None and self._until.get((name, held.epoch), 0.0) > self._now()

    def add(self, name: str) -> None:
        """Note that the stream to that member broke, without a LEAVE before."""
        if len(self._until) >= _MOST_REMEMBERED:
            self._until.clear()
        held = self._membership.claim(name)
        if held is not None:
            period = self._config.protocol_period
            self._until[name, held.epoch] = self._now() + _REMEMBERED_FOR * period

    def discard(self, name: str, epoch: int) -> None:
        """Note that this run of that member has answered."""
        if self._until:
            self._until.pop((name, epoch), None)
