"""Local health: how well this member itself works (Lifeguard §IV-A).

A saturating counter; 0 is healthy. A member whose score is above 0 probes less often, waits longer
for answers (LHA-Probe), and gives suspects more time to refute (LHA-Suspicion).
"""

from __future__ import annotations

WORST = 7
_MOST_SUSPICION = 3  # how far the counter stretches suspicion timeouts
_LONG_STALL = 1.0  # seconds

# What each event adds to the score.
PROBE_SUCCEEDED = -1
PROBE_FAILED = 1  # memberlist's rule; swimtx itself waits for the relays' word
NACK_MISSED = 1
REFUTED = 1
STALLED = 1
STALLED_LONG = 3
RECONNECTED = 1


class LocalHealth:
    """The counter, 0 to 7.

    @ivar score: 0 is best.
    """

    __slots__ = ("score",)

    def __init__(self) -> None:
        self.score = 0

    def probe_succeeded(self) -> None:
        """A probe was answered."""
        if self.score:
            self.score += PROBE_SUCCEEDED

    def probe_failed(self) -> None:
        """A probe was not answered."""
        self._worsen(PROBE_FAILED)

    def nack_missed(self) -> None:
        """Relays did not answer in time, and nobody else did who was asked."""
        self._worsen(NACK_MISSED)

    def refuted(self) -> None:
        """Others suspected this member, and it lives."""
        self._worsen(REFUTED)

    def stalled(self, seconds: float) -> None:
        """This process stood still for so long."""
        self._worsen(STALLED_LONG if seconds >= _LONG_STALL else STALLED)

    def reconnected(self) -> None:
        """Nothing was heard from anybody for a while."""
        self._worsen(RECONNECTED)

    @property
    def probe_factor(self) -> int:
        """What the protocol period and the ping timeout are multiplied with (LHA-Probe)."""
        return 1 + self.score

    @property
    def suspicion_factor(self) -> int:
        """What suspicion timeouts are multiplied with (LHA-Suspicion)."""
        return 1 + min(_MOST_SUSPICION, self.score)

    def _worsen(self, by: int) -> None:
        self.score = min(WORST, self.score + by)
