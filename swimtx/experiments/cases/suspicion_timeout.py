"""E4c: how long a suspect has, in SWIM's experiments (SWIM §5, Figure 3c)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import Estimate, median_of
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
from swimtx.experiments.scenes import acquainted, crash
from swimtx.experiments.swim_baseline import PERIOD, Suspicion, as_in_the_paper, suspicion_periods
from swimtx.membership.events import Event

DESCRIPTION = Description(
    "E4c",
    "the time that a suspect has",
    "SWIM, Figure 3c: 3 ceil(ln(N+1)) periods, that is 9, from 20 members on 12, from 54 on 15.",
    {"seeds": 2, "members": [8, 13, 19, 20, 28, 44, 53, 54], "crashes": 3},
    {"seeds": 10, "members": list(range(8, 57)), "crashes": 5},
)


def cells(scale: Scale) -> list[Cell]:
    """Each size."""
    return [
        Cell("E4c", f"N={n}", seed, {"members": n, "crashes": scale["crashes"]}, n)
        for n in scale["members"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """From the first suspicion to the first verdict, and until everybody knows."""
    chance = Random(cell.chance)
    group = acquainted(cell.settings["members"], cell.chance, as_in_the_paper(), Suspicion)
    timeouts: list[float] = []
    removals: list[float] = []
    for _ in range(cell.settings["crashes"]):
        group.run_for(PERIOD * chance.uniform(3, 4))
        found = crash(group, chance, 80 * PERIOD, Event.FAILED, vanish=True)
        if found.suspected is not None and found.first is not None:
            timeouts.append((found.first - found.suspected) / PERIOD)
        if found.last is not None:
            removals.append(found.last / PERIOD)
    return {"timeout": timeouts, "removed": removals}


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians beside the formula."""
    rows: list[Row] = []
    timeouts: dict[float, Estimate] = {}
    removed: dict[float, Estimate] = {}
    for case, found in by_case(outcomes).items():
        n = found[0].cell.settings["members"]
        timeouts[n], removed[n] = (median_of(pooled(found, f)) for f in ("timeout", "removed"))
        paper = Reference("paper", suspicion_periods(n))
        rows.append(Row(case, "suspicion to verdict", "periods", timeouts[n], (paper,)))
        rows.append(Row(case, "crash until all know", "periods", removed[n]))
    formula = {float(n): float(suspicion_periods(n)) for n in range(8, 57)}
    chart = Chart(
        "timeout",
        "From suspicion to verdict",
        "members",
        "periods",
        (
            line_of("here", timeouts),
            line_of("crash until all know", removed),
            reference_line("paper: 3 ceil(ln(N+1))", formula, steps=True),
        ),
    )
    return Summary(tuple(rows), (chart,))
