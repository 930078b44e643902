"""Lengthens suspicion timeouts after a false positive; the effect halves every hour."""

from __future__ import annotations

from collections.abc import Callable

_STEP = 1.5
_MOST = 4.0
_HALF_LIFE = 3600.0  # seconds
_AT_MOST_EVERY = 1.0  # seconds


class FalsePositiveBackoff:
    """A factor of 1 to 4 for the timeouts of silent suspects.

    It grows when a member that was declared failed returns in the same run: it had been alive all
    along.

    @param now: gives the time in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._excess = 0.0
        self._since = now()

    @property
    def factor(self) -> float:
        """What a timeout of silence is multiplied with."""
        decayed: float = 0.5 ** ((self._now() - self._since) / _HALF_LIFE)
        return 1.0 + self._excess * decayed

    def record(self) -> None:
        """A member that we held failed is back in the same run."""
        now = self._now()
        if self._excess and now - self._since < _AT_MOST_EVERY:
            return
        self._excess = min(_MOST, self.factor * _STEP) - 1.0
        self._since = now
