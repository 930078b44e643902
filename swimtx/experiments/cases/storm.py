"""E15: a few members receive nothing for a minute but can still send: how many accusations?"""

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

_USUAL = 5.0  # seconds before the fault in which the usual traffic is counted
_AFTER = 30.0  # seconds after the end of the fault that still count

DESCRIPTION = Description(
    "E15",
    "a storm of accusations",
    "No paper has figures; users of memberlist have told of groups in which a few members with a "
    "bad network had healthy ones accused without end.",
    {"seeds": 1, "members": 64, "deaf": [1, 5], "seconds": 60.0, "wirings": COMPARED},
    {"seeds": 3, "members": 1000, "wirings": [*COMPARED, "SWIM"]},
    {"wirings": WIRINGS},
)
_COLUMNS = (
    Column("suspected", "accusations of healthy members heard", "per healthy member", mean_of),
    Column("refuted", "refutations by healthy members", "per healthy member", mean_of),
    Column("wrong", "verdicts on healthy members by healthy ones", "per run", per="runs"),
    Column("by_deaf", "verdicts on healthy members by the deaf", "per run", per="runs"),
    Column("usual", "sent before", "datagrams/s each", mean_of),
    Column("peak", "sent in the busiest second", "datagrams/s each", mean_of),
)


def cells(scale: Scale) -> list[Cell]:
    """Each wiring, with some deaf members."""
    return grid(
        "E15",
        scale,
        ("wiring", "members", "deaf", "seconds"),
        "{wiring}, {deaf} deaf of {members}".format,
    )


def run(cell: Cell) -> dict[str, Any]:
    """Some members are deaf for C{seconds}; a while after that still counts."""
    settings = cell.settings
    members = settings["members"]
    events = (Event.SUSPECTED, Event.FAILED)
    group = group_for(settings["wiring"], members, cell.chance, events)
    traffic = group.network.traffic
    before = traffic.datagrams_sent
    group.run_for(_USUAL)
    usual = (traffic.datagrams_sent - before) / _USUAL / members
    deaf = set(Random(cell.chance).sample(group.running, settings["deaf"]))
    healthy = [key for key in group.running if key not in deaf]
    memberships = [group.table(key) for key in healthy]
    refuted = sum(membership.refutations for membership in memberships)
    group.network.cut("*", group.hosts(deaf))
    peak = 0
    for second in range(int(settings["seconds"] + _AFTER)):
        if second == int(settings["seconds"]):
            group.network.heal()
        before = traffic.datagrams_sent
        group.run_for(1.0)
        peak = max(peak, traffic.datagrams_sent - before)
    about = [a for a in group.history if a.about not in deaf]
    failed = [a for a in about if a.event is Event.FAILED]
    heard = [a for a in about if a.event is Event.SUSPECTED and a.by not in deaf]
    return {
        "runs": 1,
        "suspected": len(heard) / len(healthy),
        "refuted": (sum(m.refutations for m in memberships) - refuted) / len(healthy),
        "wrong": sum(a.by not in deaf for a in failed),
        "by_deaf": sum(a.by in deaf for a in failed),
        "usual": usual,
        "peak": peak / members,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """The announcements of the healthy members, and their load."""
    return Summary.of(rows_of(outcomes, _COLUMNS), ())
