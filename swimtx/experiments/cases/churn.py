"""E12: members come and crash all the time, some to be back at once on the same port."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale
from swimtx.experiments.results import Summary
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.tables import MEAN, Column, rows_of
from swimtx.membership.events import Event

_SETTLE = 5.0  # seconds
_BOUND = 60.0  # seconds in which all should list the same afterwards

DESCRIPTION = Description(
    "E12",
    "churn, and restarts on the same port",
    "No paper has figures. Expected: nobody who is gone stays listed, no new run is blamed for the "
    "old one.",
    {"seeds": 2, "members": 48, "seconds": 30.0, "restarts": [0.02, 0.5, 1.5]},
    {"seeds": 5, "members": 128, "seconds": 300.0, "restarts": [0.02, 0.1, 0.5, 1.5]},
)
_COLUMNS = {
    "settled": Column("all list the same after the last change, median", "s"),
    "ghosts": Column("gone, and listed as living by somebody", "members per run", MEAN),
    "listed": Column("the new run is listed by all after, median", "s"),
    "wrong": Column("verdicts on members that ran", "per run", MEAN),
}


def cells(scale: Scale) -> list[Cell]:
    """Churn, and restarts after some pauses."""
    size = scale["members"]
    churn = [
        Cell(
            "E12",
            "one joins and one crashes each second",
            seed,
            {"members": size, "seconds": scale["seconds"], "pause": None},
            size * scale["seconds"],
        )
        for seed in range(scale["seeds"])
    ]
    return churn + [
        Cell(
            "E12",
            f"back after {pause:g} s",
            seed,
            {"members": size, "seconds": 10.0, "pause": pause},
            size * 10.0,
        )
        for pause in scale["restarts"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Either of both."""
    settings = cell.settings
    chance = Random(cell.chance)
    events = (Event.FAILED,)
    group = acquainted(settings["members"], cell.chance, Config.lan(), events=events)
    group.run_for(_SETTLE)
    if settings["pause"] is not None:
        key = chance.choice(group.running[1:])
        group.kill(key)
        group.run_for(settings["pause"])
        group.seeds = [group.address("n1")]
        since = group.now
        group.restart(key)
        whole = group.run_until(group.everybody_lists, _BOUND)
        listed = group.now - since
        group.run_for(settings["seconds"])
        return {"listed": [listed] if whole else [], "wrong": len(group.wrongly_failed())}
    group.seeds = [group.address("n1")]
    number = settings["members"]
    for second in range(int(settings["seconds"])):
        number += 1
        group.add(f"n{number}")
        group.kill(chance.choice(group.running[1:]))
        group.run_for(0.5 + chance.random() * (second % 2 == 0))
    since = group.now

    def settled() -> bool:
        size = len(group.running)
        return group.everybody_lists() and all(
            group.nodes[key].membership.living == size for key in group.running
        )

    whole = group.run_until(settled, _BOUND)
    running = set(group.running)
    ghosts = {
        member.name
        for key in running
        for member in group.nodes[key].membership.members()
        if member.state.living and member.name not in running
    }
    return {
        "settled": [group.now - since] if whole else [],
        "ghosts": len(ghosts),
        "wrong": len(group.wrongly_failed()),
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians, and what should be none."""
    return Summary(tuple(rows_of(outcomes, _COLUMNS)))
