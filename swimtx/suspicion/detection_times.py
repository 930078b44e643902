"""Computes the expected detection times of failures from the configuration.

The wait for the first probe is uniform in one period, and a probe takes one more; a tripwire or a
refusal makes both unnecessary. Packet loss is not accounted for: each lost probe adds a period.
"""

from __future__ import annotations

from typing import NamedTuple

from swimtx.config import Config
from swimtx.membership.evidence import refusals_needed
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.schedule import BROKEN_QUIET
from swimtx.suspicion.timeout import silence_timeout

_ROUND_TRIPS = 0.01  # seconds for a few round trips
_STRAGGLER_TICKS = 3  # gossip ticks until the last member knows, in groups beyond direct notices


class Span(NamedTuple):
    """The bounds of a detection time, in seconds."""

    soonest: float
    latest: float


def expected_detection_times(config: Config, living: int) -> dict[str, Span]:
    """The expected times from a failure until the last member knows, by kind of failure.

    @param living: the number of members.
    @return: C{killed} (the process ended, its host lives), C{stalled} (the process stands still
        and is reported stalled), C{hung} (that process is declared failed) and C{silent} (the
        host is gone).
    """
    period, first = config.protocol_period, config.ping_timeout
    spread = (
        0.0 if living <= config.direct_notice_limit else _STRAGGLER_TICKS * config.gossip_interval
    )
    alone = refusals_needed(living) < 2
    quiet = BROKEN_QUIET * period if config.tripwires else first / 3
    killed = Span(_ROUND_TRIPS if alone else quiet, period + first + _ROUND_TRIPS)
    if not config.refused_verdict:
        killed = _silent(config, living)
    stalled = Span(period, 2 * period)
    hung = Span(stalled.soonest + config.patience, stalled.latest + config.patience)
    found = {"killed": killed, "stalled": stalled, "hung": hung, "silent": _silent(config, living)}
    return {kind: Span(span.soonest, span.latest + spread) for kind, span in found.items()}


def _silent(config: Config, living: int) -> Span:
    """A probe and the silence timeout, with the prober and its relays as witnesses."""
    witnesses = min(1 + config.relays, max(1, living - 1))
    seen = tuple(Evidence(str(number), Observation.SILENT) for number in range(witnesses))
    timeout = silence_timeout(seen, config.silence_tolerance_seconds, living)
    return Span(config.protocol_period + timeout, 2 * config.protocol_period + timeout)
