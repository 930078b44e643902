"""E8: some members are slow again and again (Lifeguard §V-C, Interval): the false positives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.experiments.estimates import Estimate, mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid, grouped, total
from swimtx.experiments.results import Chart, Row, Summary, line_of, references_in
from swimtx.experiments.slow_members import (
    MODELS,
    WIRINGS,
    equally_tolerant,
    false_positives,
    slow_ones,
)
from swimtx.experiments.tables import Column, rows_of

_LASTS = 120.0  # seconds, and then to the end of the next anomaly

DESCRIPTION = Description(
    "E8",
    "some members are slow again and again",
    "Lifeguard, Table IV, 4320 runs of each: FP 339,002 with SWIM, 5,193 with Lifeguard, a ratio "
    "of 65; at healthy members (FP-) 1,326 and 25, a ratio of 53. LHA-Probe alone has 0.68 of "
    "SWIM's FP, LHA-Suspicion 0.030, the Buddy System 0.94. Lifeguard sends 11 % more messages.",
    {
        "seeds": 1,
        "members": 64,
        "wirings": ["SWIM", "Lifeguard", "swimtx"],
        "models": ["sends block"],
        "slow": [8, 16],
        "lasting": [16.384, 32.768],
        "apart": [0.001],
    },
    {
        "members": 128,
        "wirings": list(WIRINGS),
        "models": list(MODELS),
        "slow": [1, 8, 16, 32],
        "lasting": [2.048, 16.384, 32.768],
        "apart": [0.001, 0.064, 4.096],
    },
    {"wirings": WIRINGS, "models": MODELS},
)
_RATIO_HEALTHY = 53.0
_SHARES = {"LHA-Probe": 0.677, "LHA-Suspicion": 0.030, "Buddy System": 0.941, "Lifeguard": 0.0153}
_PAPER_SHARES = {"fp": _SHARES, "fp_healthy": {"Lifeguard": round(1 / _RATIO_HEALTHY, 4)}}
_FP = Column("fp", "FP", "per run", per="runs")
_COLUMNS = (
    _FP,
    Column("fp_healthy", "FP-", "per run", per="runs"),
    Column("datagrams", "sent", "datagrams/s each", mean_of),
    Column("bytes", "sent", "bytes/s each", mean_of),
)


def cells(scale: Scale) -> list[Cell]:
    """How many members are slow, for how long, and how long they are well in between."""
    return grid(
        "E8",
        scale,
        ("wiring", "model", "members", "slow", "lasting", "apart"),
        _case,
        lambda settings: settings["members"] * (1 + settings["slow"] / 8),
    )


def _case(apart: float, **settings: Any) -> str:
    case = "{wiring}, {model}, C={slow} D={lasting:g} s I={ms:g} ms"
    return case.format(ms=1000 * apart, **settings)


def run(cell: Cell) -> dict[str, Any]:
    """One run: slow, well, slow, ... for at least two minutes."""
    settings = cell.settings
    group = equally_tolerant(settings["wiring"], settings["members"], cell.chance)
    slow = slow_ones(group, cell.chance, settings["slow"])
    befall = MODELS[settings["model"]]
    traffic = group.network.traffic
    sent, octets, began = traffic.datagrams_sent, traffic.bytes_sent, group.now
    while True:
        for key in slow:
            befall(group, key, settings["lasting"])
        group.run_for(settings["lasting"])
        if group.now - began >= _LASTS:
            break
        group.run_for(settings["apart"])
    everywhere, healthy = false_positives(group, slow)
    exposure = settings["members"] * (group.now - began)
    return {
        "runs": 1,
        "member_hours": exposure / 3600,
        "fp": everywhere,
        "fp_healthy": healthy,
        "datagrams": (traffic.datagrams_sent - sent) / exposure,
        "bytes": (traffic.bytes_sent - octets) / exposure,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Per run, pooled over the grid, and per number of slow members."""
    rows = rows_of(outcomes, _COLUMNS, lambda cell: "{wiring}, {model}".format(**cell.settings))
    groups = grouped(outcomes, lambda cell: (cell.settings["wiring"], cell.settings["model"]))
    lines = []
    for (wiring, model), found in groups.items():
        by_slow = grouped(found, lambda cell: float(cell.settings["slow"]))
        points = {slow: _FP.estimated(several) for slow, several in by_slow.items()}
        lines.append(line_of(f"{wiring}, {model}", points))
        base = groups.get(("SWIM", model), [])
        if wiring == "SWIM" or not total(base, "fp"):
            continue
        for column in _COLUMNS[:2]:
            figure = column.figure
            share = _share(total(found, figure), total(base, figure))
            paper = _PAPER_SHARES[figure] if model == "sends block" else {}
            words, references = f"{column.words} beside SWIM's", references_in(paper, wiring)
            rows.append(Row(f"{wiring}, {model}", words, "share", share, references))
    chart = Chart(
        "slow",
        "Failures announced of members that were never slow",
        "slow members",
        "FP per run",
        tuple(lines),
        logarithmic=True,
    )
    notes = (
        "All forgive a silence of alpha log10 N + 1 s; alpha is 5.",
        "Only shares of SWIM's figures may be compared with the paper's: the counts themselves "
        "depend on what exactly a slow member still does.",
        "Events of one run are not independent: an interval rests on runs, not on events.",
    )
    return Summary(tuple(rows), (chart,), notes)


def _share(events: float, base: float) -> Estimate:
    """The ratio of two counts; 3 is the bound of a count of zero."""
    if not base:
        return Estimate(float("nan"), 0.0, float("inf"), int(events))
    if not events:
        return Estimate(0.0, 0.0, 3 / base, 0, bound=True)
    spread = 1.96 * (1 / events + 1 / base) ** 0.5
    share = events / base
    return Estimate(share, share * 2.718**-spread, share * 2.718**spread, int(events))
