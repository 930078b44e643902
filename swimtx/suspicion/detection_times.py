"""When to expect that a failure is known, from the times that were configured.

The wait for the first probe is uniform in one period; a round takes one more; a tripwire, or a
refusal, makes both unnecessary. What is not here is loss: each lost round adds a period.
"""

from __future__ import annotations

from typing import NamedTuple

from swimtx.config import Config
from swimtx.membership.evidence import refusals_needed
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.schedule import BROKEN_QUIET
from swimtx.suspicion.timeout import silence_timeout

_ROUND_TRIPS = 0.01  # seconds for a few messages to go back and forth
_STRAGGLER_TICKS = 3  # gossip ticks until the last member has heard, beyond direct notices


class Span(NamedTuple):
    """From the soonest to the latest, in seconds."""

    soonest: float
    latest: float


def expected_detection_times(config: Config, living: int) -> dict[str, Span]:
    """What a group of so many members should see, by kind of failure, in seconds after it.

    @return: C{killed} (its process ended, its host lives), C{stalled} (reported so: its process
        stands still), C{hung} (that process declared failed), C{silent} (its host is gone), each
        until the last member knows.
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
    """A round, and the tolerance: with the prober and its relays as witnesses."""
    witnesses = min(1 + config.relays, max(1, living - 1))
    seen = tuple(Evidence(str(number), Observation.SILENT) for number in range(witnesses))
    timeout = silence_timeout(seen, config.silence_tolerance_seconds, living)
    return Span(config.protocol_period + timeout, 2 * config.protocol_period + timeout)
