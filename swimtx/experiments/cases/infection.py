"""E4: how an update spreads by piggyback alone (SWIM §4.1, §5, Figure 3b)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import Estimate, median_of, quantile_of, share_of
from swimtx.experiments.experiment import (
    Cell,
    Description,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.experiments.results import (
    Chart,
    Reference,
    Row,
    Summary,
    line_of,
    reference_line,
)
from swimtx.experiments.scenes import acquainted, receipts
from swimtx.experiments.swim_baseline import PERIOD, Infection, as_in_the_paper
from swimtx.membership.events import Event

MEDIANS = {6: 1.03, 13: 1.26, 20: 3.02, 28: 3.03, 35: 1.97, 43: 2.49, 52: 1.51, 56: 2.26}
LONGEST = {6: 2.55, 13: 2.50, 20: 4.98, 28: 5.53, 35: 3.47, 43: 5.48, 52: 4.26, 56: 3.55}

DESCRIPTION = Description(
    "E4",
    "infection: an update that rides on PINGs and ACKs",
    "SWIM §4.1 has half the group infected after about ln(n-1)/2 periods. Figure 3b: medians of "
    "1.03 to 3.03 periods for 6 to 56 members, the last member after 2.5 to 5.53.",
    {"seeds": 3, "members": list(MEDIANS), "updates": 20},
    {"seeds": 20, "members": list(MEDIANS), "updates": 50},
)
_BOUND = 30  # periods; by then nobody tells an update any more


def cells(scale: Scale) -> list[Cell]:
    """Each size."""
    return [
        Cell("E4", f"N={n}", seed, {"members": n, "updates": scale["updates"]}, n**1.3)
        for n in scale["members"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Updates one after the other, each of a member at random."""
    members = cell.settings["members"]
    chance = Random(cell.chance)
    config = as_in_the_paper()
    group = acquainted(members, cell.chance, config, Infection, events=(Event.UPDATED,))
    medians: list[float] = []
    longest: list[float] = []
    missed = 0
    for number in range(cell.settings["updates"]):
        group.run_for(PERIOD * chance.uniform(8, 9))  # until nobody tells the last one any more
        times = receipts(group, chance.choice(group.running), number, _BOUND * PERIOD)
        if len(times) < members - 1:
            missed += 1
            continue
        medians.append(times[len(times) // 2] / PERIOD)
        longest.append(times[-1] / PERIOD)
    return {"median": medians, "longest": longest, "missed": missed}


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians over updates of the median member and of the last."""
    rows: list[Row] = []
    halves: dict[float, Estimate] = {}
    ends: dict[float, Estimate] = {}
    for case, found in by_case(outcomes).items():
        n = found[0].cell.settings["members"]
        medians, longest = pooled(found, "median"), pooled(found, "longest")
        halves[n], ends[n] = median_of(medians), median_of(longest)
        theory = Reference("theory", round(half_infected(n), 2))
        paper = (Reference("paper", MEDIANS[n]),) if n in MEDIANS else ()
        rows.append(Row(case, "half know", "periods", halves[n], (theory, *paper)))
        last = Reference("theory", round(2 * half_infected(n), 2))
        paper = (Reference("paper", LONGEST[n]),) if n in LONGEST else ()
        rows.append(Row(case, "all know", "periods", ends[n], (last, *paper)))
        rows.append(Row(case, "all know, 95 %", "periods", quantile_of(longest, 0.95)))
        missed = int(sum(pooled(found, "missed")))
        rows.append(
            Row(case, "somebody never knew", "share", share_of(missed, missed + len(longest)))
        )
    chart = Chart(
        "infection",
        "An update by piggyback alone",
        "members",
        "periods",
        (
            line_of("half know", halves),
            line_of("all know", ends),
            reference_line("half know, theory", {n: half_infected(int(n)) for n in halves}),
            reference_line("half know, paper", {float(n): y for n, y in MEDIANS.items()}),
            reference_line("all know, paper", {float(n): y for n, y in LONGEST.items()}),
        ),
    )
    return Summary(tuple(rows), (chart,), ("The paper's points are single failures.",))


def half_infected(n: int) -> float:
    """Periods until half of n know, by x(t) = n / (1 + (n-1) e^-(2-1/n)t) (SWIM §4.1)."""
    return math.log(n - 1) / (2 - 1 / n)
