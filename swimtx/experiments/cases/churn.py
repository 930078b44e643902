"""E12: members join and crash all the time, and some restart at once on the same port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Summary
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.events import Event
from swimtx.simulation.group import Group

_SETTLE = 5.0  # seconds
_BOUND = 60.0  # seconds in which all lists should agree afterwards

DESCRIPTION = Description(
    "E12",
    "churn, and restarts on the same port",
    "No paper has figures. Expected: nobody who is gone stays listed, no new run is blamed for the "
    "old one.",
    {"seeds": 2, "members": 48, "seconds": 30.0, "restarts": [0.02, 0.5, 1.5]},
    {"seeds": 5, "members": 128, "seconds": 300.0, "restarts": [0.02, 0.1, 0.5, 1.5]},
)
_COLUMNS = (
    Column("settled", "all list the same after the last change, median", "s"),
    Column("ghosts", "gone, and listed as living by somebody", "members per run", mean_of),
    Column("listed", "the new run is listed by all after, median", "s"),
    Column("wrong", "verdicts on members that ran", "per run", mean_of),
)


def cells(scale: Scale) -> list[Cell]:
    """Churn, and restarts after several pauses."""
    names, pauses = ("members", "seconds", "pause"), scale["restarts"]
    churn = "one joins and one crashes each second".format
    restart = "back after {pause:g} s".format
    return grid("E12", scale, names, churn, _weight, pause=None) + grid(
        "E12", scale, names, restart, _weight, seconds=10.0, pause=pauses
    )


def _weight(settings: Mapping[str, Any]) -> float:
    return float(settings["members"] * settings["seconds"])


def run(cell: Cell) -> dict[str, Any]:
    """Either churn or a restart."""
    settings = cell.settings
    chance = Random(cell.chance)
    events = (Event.FAILED,)
    group = acquainted(settings["members"], cell.chance, Config.lan(), events=events)
    group.run_for(_SETTLE)
    if settings["pause"] is None:
        return _churn(group, chance, settings["members"], int(settings["seconds"]))
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


def _churn(group: Group, chance: Random, members: int, seconds: int) -> dict[str, Any]:
    group.seeds = [group.address("n1")]
    for second in range(seconds):
        group.add(f"n{members + second + 1}")
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
    listed = {
        member.name
        for key in running
        for member in group.nodes[key].membership.members()
        if member.state.living
    }
    return {
        "settled": [group.now - since] if whole else [],
        "ghosts": len(listed - running),
        "wrong": len(group.wrongly_failed()),
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians, and counts that should be zero."""
    return Summary.of(rows_of(outcomes, _COLUMNS), ())
