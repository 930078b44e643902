"""E10: the faults of Rapid's evaluation (§7): many crashes at once, one-way and lossy links."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Summary
from swimtx.experiments.slow_members import COMPARED, WIRINGS, group_for
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.events import Event
from swimtx.simulation.group import Group

_LOOK = 0.5  # seconds between two readings of all lists
_FLIP = 20.0  # seconds that a one-way link is cut, and then whole again
_LOSS = 0.8
_FAULTS = ("crashes", "deaf", "lossy", "mute")

DESCRIPTION = Description(
    "E10",
    "Rapid's faults",
    "Rapid (ATC 2018, §7), 1000 members: ten crashes at once are removed by memberlist about ten "
    "seconds sooner than by Rapid, in many steps; of ten members that hear nothing for 20 s now "
    "and again memberlist's views oscillate and never lose all; nor are members removed that lose "
    "80 % of their packets. Rapid removes all, in one view change.",
    {"seeds": 1, "members": 64, "faults": [*_FAULTS[:3]], "seconds": 60.0, "wirings": COMPARED},
    {"seeds": 3, "members": 1000, "faults": [*_FAULTS], "seconds": 600.0},
    {"wirings": WIRINGS, "faults": _FAULTS},
)
_COLUMNS = (
    Column("removed", "all removed everywhere after, median", "s"),
    Column("not_removed", "affected and not removed everywhere", "share", per="affected"),
    Column("sizes", "different sizes of the list seen", "sizes", mean_of),
    Column("flips", "verdicts and returns of the affected", "per member that saw them", mean_of),
    Column("wrong", "verdicts on members that were well", "per run", per="runs"),
)


def cells(scale: Scale) -> list[Cell]:
    """Each wiring and fault."""
    return grid("E10", scale, ("wiring", "fault", "members", "seconds"), "{wiring}, {fault}".format)


def run(cell: Cell) -> dict[str, Any]:
    """One fault, for C{seconds}."""
    settings = cell.settings
    members = settings["members"]
    events = (Event.FAILED, Event.RECOVERED)
    group = group_for(settings["wiring"], members, cell.chance, events)
    number = 10 if settings["fault"] in ("crashes", "deaf") else max(1, members // 100)
    affected = Random(cell.chance).sample(group.running, number)
    well = [key for key in group.running if key not in affected]
    since = group.now
    _strike(group, settings["fault"], affected)
    sizes: set[int] = set()
    removed = None
    flipped = since + _FLIP
    cut = True
    while group.now < since + settings["seconds"]:
        group.run_for(_LOOK)
        living = [group.nodes[key].membership.living for key in well]
        sizes.update(living)
        if removed is None and max(living) == min(living) == members - number:
            removed = group.now - since
        if settings["fault"] == "deaf" and group.now >= flipped:
            flipped += _FLIP
            cut = not cut
            (group.network.cut if cut else group.network.heal)("*", group.hosts(affected))
    about = [a for a in group.history if a.about in affected and a.by in well]
    remaining = sum(any(_lists(group, key, name) for key in well) for name in affected)
    return {
        "runs": 1,
        "removed": [] if removed is None else [removed],
        "affected": number,
        "not_removed": remaining,
        "sizes": len(sizes),
        "flips": len(about) / len(well) / number,
        "wrong": sum(a.event is Event.FAILED and a.about in well for a in group.history),
    }


def _lists(group: Group, key: str, name: str) -> bool:
    claim = group.table(key).claim(name)
    return claim is not None and claim.state.living


def _strike(group: Group, fault: str, affected: list[str]) -> None:
    hosts = group.hosts(affected)
    if fault == "crashes":
        for key in affected:
            group.kill(key)
    elif fault == "deaf":
        group.network.cut("*", hosts)
    elif fault == "lossy":
        group.network.lose(_LOSS, hosts, "*")
    else:
        group.network.lose(_LOSS, "*", hosts)


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """How soon and how steadily the affected are removed, and which others are."""
    return Summary.of(
        rows_of(outcomes, _COLUMNS),
        (),
        "deaf: ten members hear nothing for 20 s, then all is well for 20 s, and so on; lossy: "
        "1 % of the members lose 80 % of what they send; mute: of what they are sent.",
        "swimtx has no view that all agree on: sizes differ while news spreads.",
    )
