"""E2: how soon a crash is first detected (SWIM §3.1, §5, Figure 3a)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import Estimate, exact, mean_of, quantile_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid, total
from swimtx.experiments.results import Chart, Reference, Summary, reference_line
from swimtx.experiments.scenes import acquainted, crash
from swimtx.experiments.swim_baseline import published_or_shipped
from swimtx.experiments.tables import Column, lines_of, rows_of
from swimtx.membership.events import Event

WHOLE = math.e / (math.e - 1)  # periods: the paper's expectation
_PAPER_MEAN, _PAPER_MAX = 1.76, 4.44  # periods, of 29 crashes

DESCRIPTION = Description(
    "E2",
    "first detection of a crash",
    "SWIM §3.1 expects e/(e-1) = 1.58 periods, counted in whole ones; Figure 3a shows 29 crashes "
    "in groups of 8 to 40: mean 1.76, median 1.56, longest 4.44.",
    {"seeds": 3, "members": [8, 16, 24, 32, 40], "crashes": 40},
    {"seeds": 5, "members": [8, 16, 24, 32, 40, 128], "crashes": 200},
)


def cells(scale: Scale) -> list[Cell]:
    """Each size, as published and as shipped."""
    return grid(
        "E2",
        scale,
        ("wiring", "members", "crashes"),
        "{wiring} N={members}".format,
        lambda settings: settings["members"] ** 1.3,
        wiring=["SWIM", "swimtx"],
    )


def run(cell: Cell) -> dict[str, Any]:
    """Crashes one after the other, at any moment of a period; each member returns."""
    config, wiring = published_or_shipped(cell.settings["wiring"])
    period = config.protocol_period
    chance = Random(cell.chance)
    group = acquainted(cell.settings["members"], cell.chance, config, wiring)
    number = cell.settings["crashes"]
    crashes = [
        crash(group, chance, period * chance.uniform(3, 4), 40 * period, Event.SUSPECTED)
        for _ in range(number)
    ]
    waits = [c.suspected / period - 1.0 for c in crashes if c.suspected is not None]
    return {
        "wait": waits,
        "whole": [math.ceil(wait) for wait in waits],
        "never": number - len(waits),
    }


def _longest(waits: Sequence[float]) -> Estimate:
    return exact(max(waits, default=math.nan))


def _until_suspected(waits: Sequence[float]) -> Estimate:
    return mean_of([wait + 1.0 for wait in waits])


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    published = settings["wiring"] == "SWIM"
    paper = (Reference("paper", _PAPER_MEAN),) if published else ()
    limit = (Reference("limit", 2 * settings["members"] - 1),) if published else ()
    theory = Reference("theory", 1.0 if published else 0.5)
    columns = [
        Column("wait", "wait for the first PING", "periods", mean_of, references=(theory,)),
        Column("wait", "wait, 99 %", "periods", lambda waits: quantile_of(waits, 0.99)),
        Column("wait", "longest wait", "periods", _longest, references=limit),
        Column("wait", "first suspicion", "periods", _until_suspected, references=paper),
    ]
    if published:
        references = (Reference("theory", WHOLE), *paper)
        columns.append(
            Column("whole", "wait in whole periods", "periods", mean_of, references=references)
        )
    return columns


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """The wait for the first PING, and the verdict at the end of its period."""
    rows = rows_of(outcomes, _columns)
    sizes = sorted({float(outcome.cell.settings["members"]) for outcome in outcomes})
    lines = [
        *lines_of(outcomes, rows, "first suspicion", "{wiring}, until suspected"),
        *lines_of(outcomes, rows, "wait in whole periods", "{wiring}, wait in whole periods"),
        reference_line("e/(e-1)", dict.fromkeys(sizes, WHOLE)),
        reference_line("SWIM, paper, mean of 29", dict.fromkeys(sizes, _PAPER_MEAN)),
    ]
    chart = Chart("detection", "First detection of a crash", "members", "periods", (*lines,))
    never = total(outcomes, "never")
    return Summary.of(
        rows,
        (chart,),
        "Members are in no step, so a verdict comes one period after the PING: 1 + 1 periods.",
        f"Crashes that nobody suspected within 40 periods: {never}.",
    )
