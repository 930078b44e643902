"""E9: a group is split, and heals: when each side knows, and when all are together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.config import Config
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale
from swimtx.experiments.memberlist_baseline import as_in_memberlist
from swimtx.experiments.results import Summary
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.slow_members import WIRINGS
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.claim import State
from swimtx.wiring import Wiring

_BOUND = 120.0  # seconds in which all should be together again
_SETTLE = 5.0  # seconds

DESCRIPTION = Description(
    "E9",
    "a partition, and its healing",
    "No paper has figures. memberlist contacts nobody whom it holds failed, but for gossip within "
    "30 s of the death: a longer split stays, unless something above it reconnects.",
    {
        "seeds": 1,
        "members": 64,
        "shares": [0.1, 0.5],
        "seconds": [30.0],
        "wirings": ["swimtx", "Lifeguard"],
    },
    {
        "seeds": 5,
        "members": 128,
        "shares": [0.1, 0.3, 0.5],
        "seconds": [20.0, 30.0, 600.0],
        "wirings": ["swimtx", "Lifeguard", "SWIM"],
    },
    {"wirings": WIRINGS},
)
_COLUMNS = {
    "apart": Column("each side holds the other failed, median", "s"),
    "healed": Column("all list all after healing, median", "s"),
    "still_apart": Column("not healed within 120 s", "share", per="runs"),
    "burst": Column("busiest 5 s after healing, median", "datagrams/s each"),
}


def cells(scale: Scale) -> list[Cell]:
    """Each wiring, split and duration."""
    return [
        Cell(
            "E9",
            f"{wiring}, {share:.0%} cut off for {seconds:g} s",
            seed,
            {
                "wiring": wiring,
                "members": scale["members"],
                "share": share,
                "seconds": seconds,
            },
            scale["members"] * seconds,
        )
        for wiring in scale["wirings"]
        for share in scale["shares"]
        for seconds in scale["seconds"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Apart, and together again if they find each other."""
    settings = cell.settings
    members = settings["members"]
    if settings["wiring"] == "swimtx":
        config, wiring = Config.lan(), Wiring
    else:
        config, wiring = as_in_memberlist(members), WIRINGS[settings["wiring"]]()
    group = acquainted(members, cell.chance, config, wiring, 0.0, ())
    group.run_for(_SETTLE)
    names = group.running
    some = names[: round(settings["share"] * members)]
    rest = names[len(some) :]
    group.partition(some, rest)
    since = group.now

    def split() -> bool:
        return all(group.lists(key, rest, State.FAILED) for key in some) and all(
            group.lists(key, some, State.FAILED) for key in rest
        )

    found: dict[str, Any] = {"runs": 1}
    if group.run_until(split, settings["seconds"]):
        found["apart"] = [group.now - since]
    else:
        found["apart"] = []
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
    found["healed"] = [group.now - since] if whole else []
    found["still_apart"] = int(not whole)
    found["burst"] = busiest / members
    return found


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians, and how often they stayed apart."""
    return Summary(
        tuple(rows_of(outcomes, _COLUMNS)),
        (),
        (
            "The table exchange is ours in all wirings; memberlist's resurrects those who are "
            "called dead by telling them, ours accuses nobody. What Serf adds, a reconnect every "
            "30 s, is in none.",
        ),
    )
