"""E7: some members are slow once (Lifeguard §V-B, Threshold): how soon they are detected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Summary, references_in
from swimtx.experiments.slow_members import (
    MODELS,
    WIRINGS,
    equally_tolerant,
    false_positives,
    slow_ones,
)
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.events import Event
from swimtx.simulation.measures import knowledge

_BOUND = 120.0  # seconds after which the run stops waiting
_LOOK = 1.0  # seconds between two checks whether all list all again

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
_PAPER_FIRST = {("SWIM", 128): 12.44, ("Lifeguard", 128): 12.45}
_PAPER_FULL = {("SWIM", 128): 12.90, ("Lifeguard", 128): 12.91}


def cells(scale: Scale) -> list[Cell]:
    """How many members are slow, and for how long."""
    return grid(
        "E7",
        scale,
        ("wiring", "model", "members", "slow", "lasting"),
        "{wiring}, {model}, C={slow} D={lasting:g} s".format,
        lambda settings: settings["members"] * (1 + settings["slow"] / 16),
    )


def run(cell: Cell) -> dict[str, Any]:
    """One anomaly, until all list all again."""
    settings = cell.settings
    group = equally_tolerant(settings["wiring"], settings["members"], cell.chance)
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
        failed, found = (
            knowledge(group, name, event, since, well) for event in (Event.FAILED, Event.STALLED)
        )
        first += [] if failed.first is None else [failed.first]
        full += [failed.last] if failed.complete and failed.last is not None else []
        stalled += [] if found.first is None else [found.first]
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


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    key = settings["wiring"], settings["members"]
    first, full = (references_in(paper, key) for paper in (_PAPER_FIRST, _PAPER_FULL))
    return [
        Column("first", "first called failed, median", "s", references=first),
        Column("full", "all well members know, median", "s", references=full),
        Column("stalled", "first called stalled, median", "s"),
        Column("found", "of the slow were called failed", "share", per="slow"),
        Column("fp", "FP", "per run", per="runs"),
        Column("fp_healthy", "FP-", "per run", per="runs"),
    ]


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Latencies of true detections, and the number of false ones."""
    return Summary.of(
        rows_of(outcomes, _columns),
        (),
        "All forgive a silence of alpha log10 N + 1 s. To swimtx these members are stalled, "
        "not silent: their hosts accept streams for them. It says so at once and gives them "
        "30 s of patience, so that an anomaly shorter than that is never called a failure.",
        "A median over runs in which somebody was found; see the share that was.",
    )
