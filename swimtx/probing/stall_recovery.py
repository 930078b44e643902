"""After a stall of this process: others may suspect it, and it may not know yet."""

from __future__ import annotations

from swimtx.config import Config
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.stall_clock import StallClock

_AT_MOST_EVERY = 5.0  # seconds between two refutations that nobody asked for


class StallRecovery:
    """Notes each stall in the local health; after a long one it refutes unasked."""

    def __init__(
        self, clock: StallClock, membership: Membership, health: LocalHealth, config: Config
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._health = health
        self._suspected_after = 2 * config.protocol_period
        self._last = 0.0
        clock.on_stall(self._stalled)

    def _stalled(self, seconds: float) -> None:
        self._health.stalled(seconds)
        now = self._clock.seconds()
        if seconds >= self._suspected_after and now >= self._last + _AT_MOST_EVERY:
            self._last = now
            self._membership.reassure(f"it stood still for {seconds:.1f} s")
