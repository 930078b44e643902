"""How well are we ourselves: Lifeguard's local health, a saturating counter (Lifeguard §IV-A).

0 is healthy. Who is not well probes less often, waits longer for answers, and gives others more
time to refute.
"""

from __future__ import annotations

WORST = 7
_MOST_SUSPICION = 3  # how far the counter stretches suspicion timeouts


class LocalHealth:
    """The counter, 0 to 7.

    @ivar score: 0 is best.
    """

    __slots__ = ("score",)

    def __init__(self) -> None:
        self.score = 0

    def succeeded(self) -> None:
        """A probe was answered."""
        if self.score:
            self.score -= 1

    def worsen(self, by: int = 1) -> None:
        """A sign that the trouble is ours: a refutation, nobody who hears us, a stall."""
        self.score = min(WORST, self.score + by)

    @property
    def probe_factor(self) -> int:
        """What the protocol period and the ping timeout are multiplied with (LHA-Probe)."""
        return 1 + self.score

    @property
    def suspicion_factor(self) -> int:
        """What suspicion timeouts are multiplied with."""
        return 1 + min(_MOST_SUSPICION, self.score)
