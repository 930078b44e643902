"""After a stall of our own: we may be suspected, and not know it yet."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth

_LONG = 1.0  # seconds of a stall that weighs more
_HEAVY = 3  # what such a one does to our local health
_AT_MOST_EVERY = 5.0  # seconds between two refutations that nobody asked for


class StallRecovery:
    """Notes stalls in our local health; after a long one it refutes unasked."""

    def __init__(
        self, clock: IReactorTime, membership: Membership, health: LocalHealth, config: Config
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._health = health
        self._suspected_after = 2 * config.period
        self._last = 0.0

    def stalled(self, seconds: float) -> None:
        """Our process stood still for so long."""
        self._health.worsen(_HEAVY if seconds >= _LONG else 1)
        now = self._clock.seconds()
        if seconds >= self._suspected_after and now >= self._last + _AT_MOST_EVERY:
            self._last = now
            self._membership.reassure(f"it stood still for {seconds:.1f} s")
