"""E7: some members are slow once (Lifeguard §V-B, Threshold): how soon the slow are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.experiments.experiment import Cell, Description, Outcome, Scale
from swimtx.experiments.results import Reference, Summary
from swimtx.experiments.slow_members import (
    MODELS,
    WIRINGS,
    false_positives,
    group_for,
    slow_ones,
)
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.events import Event

_BOUND = 120.0  # seconds until it is given up
_LOOK = 1.0  # seconds between two looks whether all are well again

DESCRIPTION = Description(
    "E7",
    "some members are slow once",
    "Lifeguard, Table V, 128 members, anomalies of up to 32.8 s: the slow are first called failed "
    "after 12.44 s with SWIM and 12.45 s with Lifeguard (medians), everybody knows after 12.90 and "
    "12.91 s.",
    {
        "seeds": 1,
        "members": 128,
        "wirings": ["SWIM", "Lifeguard", "swimtx"],
        "models": ["sends block"],
        "slow": [4],
        "lasting": [16.384],
    },
    {
        "seeds": 10,
        "wirings": list(WIRINGS),
        "models": list(MODELS),
        "slow": [1, 4, 8, 12, 16, 20, 24, 28, 32],
        "lasting": [0.128, 0.512, 2.048, 8.192, 16.384, 32.768],
    },
    {"wirings": WIRINGS, "models": MODELS},
)
_COLUMNS = {
    "first": Column("first called failed, median", "s"),
    "full": Column("all well members know, median", "s"),
    "stalled": Column("first called stalled, median", "s"),
    "found": Column("of the slow were called failed", "share", per="slow"),
    "fp": Column("FP", "per run", per="runs"),
    "fp_healthy": Column("FP-", "per run", per="runs"),
}
_PAPER = {"SWIM": (12.44, 12.90), "Lifeguard": (12.45, 12.91)}


def cells(scale: Scale) -> list[Cell]:
    """The grid: how many are slow, and for how long."""
    return [
        Cell(
            "E7",
            f"{wiring}, {model}, C={slow} D={lasting:g} s",
            seed,
            {
                "wiring": wiring,
                "model": model,
                "members": scale["members"],
                "slow": slow,
                "lasting": lasting,
            },
            scale["members"] * (1 + slow / 16),
        )
        for wiring in scale["wirings"]
        for model in scale["models"]
        for slow in scale["slow"]
        for lasting in scale["lasting"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """One anomaly, until all list all again."""
    settings = cell.settings
    group = group_for(settings["wiring"], settings["members"], cell.chance)
    slow = slow_ones(group, cell.chance, settings["slow"])
    well = set(group.running) - set(slow)
    since = group.now
    for key in slow:
        MODELS[settings["model"]](group, key, settings["lasting"])
    group.run_for(settings["lasting"])
    while group.now < since + _BOUND and not group.everybody_lists():
        group.run_for(_LOOK)
    first: list[float] = []
    full: list[float] = []
    stalled: list[float] = []
    for name in slow:
        heard: dict[str, float] = {}
        for announced in group.history:
            if announced.about == name and announced.event is Event.FAILED:
                heard.setdefault(announced.by, announced.time - since)
        times = [time for by, time in heard.items() if by in well]
        first += [min(times)] if times else []
        full += [max(times)] if len(times) == len(well) else []
        told = [
            a.time - since
            for a in group.history
            if a.about == name and a.event is Event.STALLED and a.by in well
        ]
        stalled += [min(told)] if told else []
    everywhere, healthy = false_positives(group, slow)
    return {
        "runs": 1,
        "slow": len(slow),
        "first": first,
        "full": full,
        "stalled": stalled,
        "found": len(first),
        "fp": everywhere,
        "fp_healthy": healthy,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Latencies of true detections, and whether there were false ones."""
    references = {}
    for outcome in outcomes:
        settings = outcome.cell.settings
        if settings["wiring"] in _PAPER and settings["members"] == 128:
            first, full = _PAPER[settings["wiring"]]
            references[outcome.cell.case, "first"] = (Reference("paper", first),)
            references[outcome.cell.case, "full"] = (Reference("paper", full),)
    return Summary(
        tuple(rows_of(outcomes, _COLUMNS, references)),
        (),
        (
            "All forgive a silence of alpha log10 N + 1 s. To swimtx these members are stalled, "
            "not silent: their hosts accept streams for them. It says so at once and gives them "
            "30 s of patience, so that an anomaly shorter than that is never called a failure.",
            "A median over runs in which somebody was found; see the share that was.",
        ),
    )
