"""E4c: how long a suspect has, in SWIM's experiments (SWIM §5, Figure 3c)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Chart, Reference, Summary, reference_line
from swimtx.experiments.scenes import acquainted, crash
from swimtx.experiments.swim_baseline import PERIOD, Suspicion, as_in_the_paper, suspicion_periods
from swimtx.experiments.tables import Column, lines_of, rows_of
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
    return grid(
        "E4c",
        scale,
        ("members", "crashes"),
        "N={members}".format,
        lambda settings: settings["members"],
    )


def run(cell: Cell) -> dict[str, Any]:
    """From the first suspicion to the first verdict, and until all members know."""
    chance = Random(cell.chance)
    group = acquainted(cell.settings["members"], cell.chance, as_in_the_paper(), Suspicion)
    crashes = [
        crash(group, chance, PERIOD * chance.uniform(3, 4), 80 * PERIOD, Event.FAILED)
        for _ in range(cell.settings["crashes"])
    ]
    return {
        "timeout": [
            (c.first - c.suspected) / PERIOD
            for c in crashes
            if c.suspected is not None and c.first is not None
        ],
        "removed": [c.last / PERIOD for c in crashes if c.last is not None],
    }


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    paper = (Reference("paper", suspicion_periods(settings["members"])),)
    return [
        Column("timeout", "suspicion to verdict", "periods", references=paper),
        Column("removed", "crash until all know", "periods"),
    ]


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians beside the formula."""
    rows = rows_of(outcomes, _columns)
    formula = {float(n): float(suspicion_periods(n)) for n in range(8, 57)}
    lines = (
        *lines_of(outcomes, rows, "suspicion to verdict", "here"),
        *lines_of(outcomes, rows, "crash until all know", "crash until all know"),
        reference_line("paper: 3 ceil(ln(N+1))", formula, steps=True),
    )
    chart = Chart("timeout", "From suspicion to verdict", "members", "periods", lines)
    return Summary.of(rows, [chart])
