"""Lifeguard's anomalies: some members are slow, all at the same time (Lifeguard §V).

A false positive, FP, is an announced failure of a member that was never slow; it is an FP- if the
member that announces it was never slow either. An announced failure of a slow member is neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
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
"""The models of a slow member. The first is Lifeguard's."""

WIRINGS: dict[str, Callable[[], type[Wiring]]] = {
    "SWIM": lambda: memberlist(ALPHA),
    "LHA-Probe": lambda: lifeguard(ALPHA, suspicion=False, buddy=False),
    "LHA-Suspicion": lambda: lifeguard(ALPHA, probe=False, buddy=False),
    "Buddy System": lambda: lifeguard(ALPHA, probe=False, suspicion=False),
    "Lifeguard": lambda: lifeguard(ALPHA),
    "swimtx": lambda: Wiring,
}
"""The rows of Lifeguard's Table IV, and swimtx."""

COMPARED = ["swimtx", "Lifeguard"]
"""The usual wirings of the experiments without figures of a paper."""

_QUIESCE = 5.0  # seconds; every member knows all others from the start


def group_for(
    wiring: str, members: int, chance: str, events: Collection[Event], ours: Config | None = None
) -> Group:
    """A group at rest, with memberlist's settings unless it is swimtx.

    @param wiring: a key of L{WIRINGS}.
    @param events: the events that the history of the group records from now on.
    @param ours: settings of swimtx, by default C{Config.lan()}.
    """
    config = (ours or Config.lan()) if wiring == "swimtx" else as_in_memberlist(members)
    group = acquainted(members, chance, config, WIRINGS[wiring](), 0.0, events)
    group.run_for(_QUIESCE)
    group.history.clear()
    return group


def equally_tolerant(wiring: str, members: int, chance: str) -> Group:
    """A group at rest that tolerates a silence of alpha * log10 n + 1 seconds in every wiring."""
    least = ALPHA * math.log10(members)
    ours = Config.lan(silence_tolerance=least, patience=max(30.0, least))
    return group_for(wiring, members, chance, (Event.FAILED, Event.STALLED), ours)


def slow_ones(group: Group, chance: str, number: int) -> list[str]:
    """The members that become slow."""
    return Random(chance).sample(group.running, number)


def false_positives(group: Group, slow: Iterable[str]) -> tuple[int, int]:
    """The numbers of FP and FP- so far."""
    anomalous = set(slow)
    wrong = [a for a in group.history if a.event is Event.FAILED and a.about not in anomalous]
    return len(wrong), sum(a.by not in anomalous for a in wrong)
