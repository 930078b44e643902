"""Lifeguard's anomalies: some members are slow, all at the same time (its paper, §V).

A failure announced of a member that was never slow is a false positive, FP; one that a member
announces that was never slow itself is an FP-. Calling a slow member failed is neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from random import Random

from swimtx.config import Config
from swimtx.experiments.memberlist_baseline import as_in_memberlist, lifeguard, memberlist
from swimtx.experiments.scenes import acquainted
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.wiring import Wiring

ALPHA = 5.0
MODELS: dict[str, Callable[[Group, str, float], None]] = {
    "sends block": Group.block_sends,
    "frozen": Group.freeze_io,
    "stalled": Group.stall,
}
"""What it is to be slow. Lifeguard's own is the first."""

WIRINGS: dict[str, Callable[[], type[Wiring]]] = {
    "SWIM": lambda: memberlist(ALPHA),
    "LHA-Probe": lambda: lifeguard(ALPHA, suspicion=False, buddy=False),
    "LHA-Suspicion": lambda: lifeguard(ALPHA, probe=False, buddy=False),
    "Buddy System": lambda: lifeguard(ALPHA, probe=False, suspicion=False),
    "Lifeguard": lambda: lifeguard(ALPHA),
    "swimtx": lambda: Wiring,
}
"""The rows of Lifeguard's Table IV, and ours."""

_QUIESCE = 5.0  # seconds; everybody knows everybody from the start


def group_for(wiring: str, members: int, chance: str) -> Group:
    """A group at rest. All forgive a silence of alpha * log10 n + 1 seconds."""
    least = ALPHA * math.log10(members)
    if wiring == "swimtx":
        config = Config.lan(silence_tolerance=least, patience=max(30.0, least))
    else:
        config = as_in_memberlist(members)
    events = (Event.FAILED, Event.STALLED)
    group = acquainted(members, chance, config, WIRINGS[wiring](), 0.0, events)
    group.run_for(_QUIESCE)
    group.history.clear()
    return group


def slow_ones(group: Group, chance: str, number: int) -> list[str]:
    """Who it happens to."""
    return Random(chance).sample(group.running, number)


def false_positives(group: Group, slow: Iterable[str]) -> tuple[int, int]:
    """FP and FP-."""
    anomalous = set(slow)
    wrong = [a for a in group.history if a.event is Event.FAILED and a.about not in anomalous]
    return len(wrong), sum(a.by not in anomalous for a in wrong)
