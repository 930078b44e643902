"""Refutes a suspicion that this member may not know of yet, after this process has stalled."""

from __future__ import annotations

import attrs

from swimtx.config import Config
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.stall_clock import StallClock

_AT_MOST_EVERY = 5.0  # seconds between two unrequested refutations


@attrs.define(eq=False, repr=False)
class StallRecovery:
    """Counts each stall in the local health; after a stall of two periods it also refutes."""

    _clock: StallClock
    _membership: Membership
    _health: LocalHealth
    _config: Config
    _last: float = attrs.field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._clock.on_stall(self._stalled)

    def _stalled(self, seconds: float) -> None:
        self._health.stalled(seconds)
        now = self._clock.seconds()
        suspected = seconds >= 2 * self._config.protocol_period  # by then others may suspect it
        if suspected and now >= self._last + _AT_MOST_EVERY:
            self._last = now
            self._membership.reassure(f"it stood still for {seconds:.1f} s")
