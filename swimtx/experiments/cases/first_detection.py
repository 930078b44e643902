"""E2: how soon a crash is first noticed (SWIM §3.1, §5, Figure 3a)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import Estimate, exact, mean_of, quantile_of
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
from swimtx.experiments.swim_baseline import PERIOD, Suspicion, as_in_the_paper
from swimtx.membership.events import Event
from swimtx.wiring import Wiring

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
    return [
        Cell(
            "E2",
            f"{wiring} N={members}",
            seed,
            {"wiring": wiring, "members": members, "crashes": scale["crashes"]},
            members**1.3,
        )
        for wiring in ("SWIM", "swimtx")
        for members in scale["members"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Crashes one after the other, at any moment of a period, each brought back."""
    settings = cell.settings
    published = settings["wiring"] == "SWIM"
    config = as_in_the_paper() if published else Config.lan()
    wiring = Suspicion if published else Wiring
    period = PERIOD if published else config.protocol_period
    chance = Random(cell.chance)
    group = acquainted(settings["members"], cell.chance, config, wiring)
    waits: list[float] = []
    never = 0
    for _ in range(settings["crashes"]):
        group.run_for(period * chance.uniform(3, 4))
        found = crash(group, chance, 40 * period, Event.SUSPECTED, vanish=True)
        if found.suspected is None:
            never += 1
        else:
            waits.append(found.suspected / period - 1.0)
    return {"wait": waits, "whole": [math.ceil(wait) for wait in waits], "never": never}


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """The wait for the first PING, and the verdict at the end of its period."""
    rows: list[Row] = []
    detected: dict[str, dict[float, Estimate]] = {"SWIM": {}, "swimtx": {}}
    whole: dict[float, Estimate] = {}
    for case, found in by_case(outcomes).items():
        settings = found[0].cell.settings
        members, published = settings["members"], settings["wiring"] == "SWIM"
        waits = pooled(found, "wait")
        limit = Reference("theory", 1.0 if published else 0.5)
        rows.append(Row(case, "wait for the first PING", "periods", mean_of(waits), (limit,)))
        rows.append(Row(case, "wait, 99 %", "periods", quantile_of(waits, 0.99)))
        longest = max(waits, default=math.nan)
        bound = (Reference("limit", 2 * members - 1),) if published else ()
        rows.append(Row(case, "longest wait", "periods", exact(longest), bound))
        sum_of = [wait + 1.0 for wait in waits]
        estimate = detected[settings["wiring"]][members] = mean_of(sum_of)
        mean = (Reference("paper", _PAPER_MEAN),) if published else ()
        rows.append(Row(case, "first suspicion", "periods", estimate, mean))
        if published:
            whole[members] = mean_of(pooled(found, "whole"))
            references = (Reference("theory", WHOLE), *mean)
            rows.append(Row(case, "wait in whole periods", "periods", whole[members], references))
    sizes = sorted({float(outcome.cell.settings["members"]) for outcome in outcomes})
    lines = [
        *(line_of(f"{name}, until suspected", es) for name, es in detected.items() if es),
        line_of("SWIM, wait in whole periods", whole),
        reference_line("e/(e-1)", dict.fromkeys(sizes, WHOLE)),
        reference_line("SWIM, paper, mean of 29", dict.fromkeys(sizes, _PAPER_MEAN)),
    ]
    chart = Chart("detection", "First detection of a crash", "members", "periods", (*lines,))
    never = sum(int(outcome.figures.get("never", 0)) for outcome in outcomes)
    return Summary(
        tuple(rows),
        (chart,),
        (
            "Members are in no step, so a verdict comes one period after the PING: 1 + 1 periods.",
            f"Crashes that nobody suspected within 40 periods: {never}.",
        ),
    )
