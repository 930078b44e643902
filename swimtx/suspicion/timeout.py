"""How long a silent suspect may take: Lifeguard's formula (Lifeguard §IV-B)."""

from __future__ import annotations

import math

from swimtx.membership.evidence import BROKEN_ENOUGH, count_of
from swimtx.membership.observation import Evidence, Observation

TMAX = 6.0  # how much longer than the silence tolerance a lone accusation lasts
ENOUGH = 3  # further witnesses after which it lasts no longer than the tolerance (Lifeguard's K)


def silence_timeout(entries: tuple[Evidence, ...], tolerance: float, living: int) -> float:
    """Seconds that a silent suspect has: less with each further witness (Lifeguard §IV-B).

    C{Tmax - (Tmax - Ts) * min(1, log(n+1) / log(k+1))} with C{Ts} the tolerance, C{Tmax = 6 Ts}.
    """
    further = len(entries) - 1
    if count_of(entries, Observation.BROKEN) < BROKEN_ENOUGH:
        further -= count_of(entries, Observation.ACCEPTED) + count_of(entries, Observation.BROKEN)
    wanted = min(ENOUGH, living - 2)
    if wanted < 1:
        return tolerance
    longest = TMAX * tolerance
    share = min(1.0, math.log(max(0, further) + 1) / math.log(wanted + 1))
    return longest - (longest - tolerance) * share
