"""Computes the suspicion timeout of a silent suspect (Lifeguard §IV-B)."""

from __future__ import annotations

import math

from swimtx.membership.evidence import BROKEN_ENOUGH, count_of
from swimtx.membership.observation import Evidence, Observation

TMAX = 6.0  # the longest timeout, that of a single witness, in silence tolerances
ENOUGH = 3  # further witnesses after which the timeout is the tolerance (Lifeguard's K)


def silence_timeout(entries: tuple[Evidence, ...], tolerance: float, living: int) -> float:
    """The timeout of a silent suspect in seconds: shorter with each further witness.

    C{Tmax - (Tmax - Ts) * min(1, log(n+1) / log(k+1))} with C{Ts} the tolerance, C{Tmax = 6 Ts},
    and C{n} the further witnesses (Lifeguard §IV-B).

    @param tolerance: the silence tolerance in seconds.
    @param living: the number of living members.
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
