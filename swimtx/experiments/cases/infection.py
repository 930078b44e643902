"""E4: how soon an update spreads by piggyback alone (SWIM §4.1, §5, Figure 3b)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import quantile_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Chart, Reference, Summary, reference_line, references_in
from swimtx.experiments.scenes import acquainted, receipts
from swimtx.experiments.swim_baseline import PERIOD, Infection, as_in_the_paper
from swimtx.experiments.tables import Column, lines_of, rows_of
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
_BOUND = 30  # periods; by then no member sends an update any more


def cells(scale: Scale) -> list[Cell]:
    """Each size."""
    return grid(
        "E4",
        scale,
        ("members", "updates"),
        "N={members}".format,
        lambda settings: settings["members"] ** 1.3,
    )


def run(cell: Cell) -> dict[str, Any]:
    """Updates one after the other, each of a random member."""
    members, updates = cell.settings["members"], cell.settings["updates"]
    chance = Random(cell.chance)
    config = as_in_the_paper()
    group = acquainted(members, cell.chance, config, Infection, events=(Event.UPDATED,))
    heard: list[list[float]] = []
    for number in range(updates):
        group.run_for(PERIOD * chance.uniform(8, 9))  # until no member sends the last one any more
        heard.append(receipts(group, chance.choice(group.running), number, _BOUND * PERIOD))
    complete = [times for times in heard if len(times) == members - 1]
    return {
        "median": [times[len(times) // 2] / PERIOD for times in complete],
        "longest": [times[-1] / PERIOD for times in complete],
        "missed": updates - len(complete),
    }


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    n = settings["members"]
    half, last = (Reference("theory", round(f * half_infected(n), 2)) for f in (1, 2))
    medians, longest = (half, *references_in(MEDIANS, n)), (last, *references_in(LONGEST, n))
    return [
        Column("median", "half know", "periods", references=medians),
        Column("longest", "all know", "periods", references=longest),
        Column("longest", "all know, 95 %", "periods", lambda times: quantile_of(times, 0.95)),
        Column("missed", "somebody never knew", "share", per=_updates),
    ]


def _updates(figures: Mapping[str, Any]) -> int:
    return int(figures["missed"]) + len(figures["longest"])


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians over updates, of the median member and of the last."""
    rows = rows_of(outcomes, _columns)
    half = lines_of(outcomes, rows, "half know", "half know")
    theory = {n: half_infected(int(n)) for line in half for n, _ in line.points}
    lines = (
        *half,
        *lines_of(outcomes, rows, "all know", "all know"),
        reference_line("half know, theory", theory),
        reference_line("half know, paper", {float(n): y for n, y in MEDIANS.items()}),
        reference_line("all know, paper", {float(n): y for n, y in LONGEST.items()}),
    )
    chart = Chart("infection", "An update by piggyback alone", "members", "periods", lines)
    return Summary.of(rows, [chart], "The paper's points are single failures.")


def half_infected(n: int) -> float:
    """Periods until half of n know, by x(t) = n / (1 + (n-1) e^-(2-1/n)t) (SWIM §4.1)."""
    return math.log(n - 1) / (2 - 1 / n)
