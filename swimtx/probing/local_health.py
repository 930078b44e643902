"""Local health: how well the local member itself works (Lifeguard §IV-A).

A saturating counter; 0 is healthy. A member whose score is above 0 probes less often, waits longer
for answers (LHA-Probe), and gives suspects more time to refute (LHA-Suspicion).
"""

from __future__ import annotations

import attrs

WORST = 7
_MOST_SUSPICION = 3  # the score above which suspicion timeouts do not grow any more
_LONG_STALL = 1.0  # seconds

# What each event adds to the score.
PROBE_SUCCEEDED = -1
PROBE_FAILED = 1  # memberlist's rule; swimtx itself counts missing NACKs instead
NACK_MISSED = 1
REFUTED = 1
STALLED = 1
STALLED_LONG = 3
RECONNECTED = 1


@attrs.define(eq=False)
class LocalHealth:
    """The counter.

    @ivar score: 0 (healthy) to 7.
    """

    score: int = attrs.field(init=False, default=0)

    def probe_succeeded(self) -> None:
        """A probe was answered."""
        if self.score:
            self.score += PROBE_SUCCEEDED

    def probe_failed(self) -> None:
        """A probe was not answered."""
        self._worsen(PROBE_FAILED)

    def nack_missed(self) -> None:
        """Relays sent no NACK in time, and the members of the reachability check sent no ACK."""
        self._worsen(NACK_MISSED)

    def refuted(self) -> None:
        """The local member refuted a suspicion."""
        self._worsen(REFUTED)

    def stalled(self, seconds: float) -> None:
        """This process stalled for that many seconds."""
        self._worsen(STALLED_LONG if seconds >= _LONG_STALL else STALLED)

    def reconnected(self) -> None:
        """No message came from any member for a while."""
        self._worsen(RECONNECTED)

    @property
    def probe_factor(self) -> int:
        """The factor of the protocol period and the ping timeout (LHA-Probe)."""
        return 1 + self.score

    @property
    def suspicion_factor(self) -> int:
        """The factor of suspicion timeouts (LHA-Suspicion)."""
        return 1 + min(_MOST_SUSPICION, self.score)

    def _worsen(self, by: int) -> None:
        self.score = min(WORST, self.score + by)
