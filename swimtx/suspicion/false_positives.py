"""Lengthens suspicion timeouts after false positives; the effect halves every hour."""

from __future__ import annotations

from collections.abc import Callable

import attrs

_STEP = 1.5
_MOST = 4.0
_HALF_LIFE = 3600.0  # seconds
_AT_MOST_EVERY = 1.0  # seconds


@attrs.define(eq=False)
class FalsePositiveBackoff:
    """A factor of 1 to 4 for the timeouts of silent suspects.

    It grows when a member that was declared failed returns in the same run, as that member was
    alive all along.

    @param now: returns the time in seconds.
    """

    _now: Callable[[], float]
    _excess: float = attrs.field(init=False, default=0.0)
    _since: float = attrs.field(init=False, default=0.0)

    @property
    def factor(self) -> float:
        """The factor for the timeout of a silent suspect."""
        decayed: float = 0.5 ** ((self._now() - self._since) / _HALF_LIFE)
        return 1.0 + self._excess * decayed

    def record(self) -> None:
        """Count a false positive: a failed member has returned in the same run."""
        now = self._now()
        if self._excess and now - self._since < _AT_MOST_EVERY:
            return
        self._excess = min(_MOST, self.factor * _STEP) - 1.0
        self._since = now
