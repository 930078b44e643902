"""The time until an update has reached every member (SWIM §4.1, §5.3).

After lambda * ln n periods of infection all but n^-(2 lambda - 2) members are expected to have it;
lambda is 3. The same is shown with piggybacking alone, as in the paper: there an update may die out
before the last member has it, and the next table exchange brings it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

from benchmarks.report import Figure, exactly, shown
from benchmarks.simulated_scenes import at_rest, chance
from swimtx.dissemination.gossip import Gossip
from swimtx.membership.events import Event
from swimtx.parts import PUBLISHED, SHIPPED, Parts

SIZES = (32, 64, 128)
UPDATES = 50
_APART = 10.0  # seconds between two updates


class NoGossip(Gossip):
    """Sends no GOSSIP of its own: updates are only piggybacked."""

    def start(self) -> None:
        """Do nothing, so that no timer is ever armed."""


PIGGYBACK = replace(PUBLISHED, gossip=NoGossip)


def measure() -> list[Figure]:
    """For each size, how many of the updates reached every member within the bound."""
    figures = []
    for size in SIZES:
        for name, parts in (("shipped", SHIPPED), ("piggyback alone", PIGGYBACK)):
            took, bound = _infections(size, parts)
            within = sum(one is not None and one <= bound for one in took)
            what = f"of {UPDATES} updates everywhere within {bound:.1f} periods, N={size}, {name}"
            if parts is SHIPPED:
                figures.append(exactly("infection", what, within, UPDATES))
            else:
                figures.append(shown("infection", what, within))
            times = [one for one in took if one is not None]
            spread = f"{median(times):.2f} / {max(times):.2f}"
            figures.append(shown("infection", "periods to all, median / longest", spread))
    return figures


def _infections(size: int, parts: Parts) -> tuple[list[float | None], float]:
    """The periods that each update took, C{None} if a member missed it; and the bound."""
    group = at_rest(size, f"infection/{size}", parts, events=(Event.UPDATED,))
    period = group.config.period
    random = chance(f"infection/{size}")
    took: list[float | None] = []
    for number in range(UPDATES):
        source = random.choice(group.running)
        began = group.now
        group.history.clear()
        group.nodes[source].set_tags({"update": str(number)})
        group.run_for(_APART)
        times = {a.by: a.time - began for a in group.history if a.about == source}
        took.append(max(times.values()) / period if len(times) == size else None)
    return took, group.config.transmissions * math.log(size)
