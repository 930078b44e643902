"""E9: a partition: when each side knows of it, and when all list all again after healing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Summary
from swimtx.experiments.slow_members import COMPARED, WIRINGS, group_for
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.claim import State

_BOUND = 120.0  # seconds in which all should list all again

DESCRIPTION = Description(
    "E9",
    "a partition, and its healing",
    "No paper has figures. memberlist contacts nobody whom it holds failed, but for gossip within "
    "30 s of the death: a longer split stays, unless something above it reconnects.",
    {"seeds": 1, "members": 64, "shares": [0.1, 0.5], "seconds": [30.0], "wirings": COMPARED},
    {
        "seeds": 5,
        "members": 128,
        "shares": [0.1, 0.3, 0.5],
        "seconds": [20.0, 30.0, 600.0],
        "wirings": [*COMPARED, "SWIM"],
    },
    {"wirings": WIRINGS},
)
_COLUMNS = (
    Column("apart", "each side holds the other failed, median", "s"),
    Column("healed", "all list all after healing, median", "s"),
    Column("still_apart", "not healed within 120 s", "share", per="runs"),
    Column("burst", "busiest 5 s after healing, median", "datagrams/s each"),
)


def cells(scale: Scale) -> list[Cell]:
    """Each wiring, split and duration."""
    return grid(
        "E9",
        scale,
        ("wiring", "members", "share", "seconds"),
        "{wiring}, {share:.0%} cut off for {seconds:g} s".format,
        lambda settings: settings["members"] * settings["seconds"],
    )


def run(cell: Cell) -> dict[str, Any]:
    """One partition, and the time until the healed group is whole, if it becomes so."""
    settings = cell.settings
    members = settings["members"]
    group = group_for(settings["wiring"], members, cell.chance, ())
    names = group.running
    some = names[: round(settings["share"] * members)]
    rest = names[len(some) :]
    group.partition(some, rest)
    since = group.now

    def split() -> bool:
        return all(group.lists(key, rest, State.FAILED) for key in some) and all(
            group.lists(key, some, State.FAILED) for key in rest
        )

    apart = [group.now - since] if group.run_until(split, settings["seconds"]) else []
    group.run_for(since + settings["seconds"] - group.now)
    group.heal()
    since = group.now
    traffic = group.network.traffic
    busiest = 0.0
    whole = False
    while not whole and group.now < since + _BOUND:
        sent = traffic.datagrams_sent
        began = group.now
        whole = group.run_until(group.everybody_lists, 5.0)
        busiest = max(busiest, (traffic.datagrams_sent - sent) / max(1.0, group.now - began))
    return {
        "runs": 1,
        "apart": apart,
        "healed": [group.now - since] if whole else [],
        "still_apart": int(not whole),
        "burst": busiest / members,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians, and how often the sides stayed apart."""
    return Summary.of(
        rows_of(outcomes, _COLUMNS),
        (),
        "The table exchange is ours in all wirings; memberlist's resurrects those who are "
        "called dead by telling them, ours accuses nobody. What Serf adds, a reconnect every "
        "30 s, is in none.",
    )
