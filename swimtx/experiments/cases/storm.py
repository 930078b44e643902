"""E15: a few members hear nothing for a minute and can still speak: a storm of accusations?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale
from swimtx.experiments.memberlist_baseline import as_in_memberlist
from swimtx.experiments.results import Summary
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.slow_members import WIRINGS
from swimtx.experiments.tables import MEAN, Column, rows_of
from swimtx.membership.events import Event
from swimtx.wiring import Wiring

_SETTLE = 5.0  # seconds
_AFTER = 30.0  # seconds after the end that are watched

DESCRIPTION = Description(
    "E15",
    "a storm of accusations",
    "No paper has figures; users of memberlist have told of groups in which a few members with a "
    "bad network had healthy ones accused without end.",
    {
        "seeds": 1,
        "members": 64,
        "deaf": [1, 5],
        "seconds": 60.0,
        "wirings": ["swimtx", "Lifeguard"],
    },
    {
        "seeds": 3,
        "members": 1000,
        "deaf": [1, 5],
        "seconds": 60.0,
        "wirings": ["swimtx", "Lifeguard", "SWIM"],
    },
    {"wirings": WIRINGS},
)
_COLUMNS = {
    "suspected": Column("accusations of healthy members heard", "per healthy member", MEAN),
    "refuted": Column("refutations by healthy members", "per healthy member", MEAN),
    "wrong": Column("verdicts on healthy members by healthy ones", "per run", per="runs"),
    "by_deaf": Column("verdicts on healthy members by the deaf", "per run", per="runs"),
    "usual": Column("sent before", "datagrams/s each", MEAN),
    "peak": Column("sent in the busiest second", "datagrams/s each", MEAN),
}


def cells(scale: Scale) -> list[Cell]:
    """Each wiring, with some deaf members."""
    return [
        Cell(
            "E15",
            f"{wiring}, {deaf} deaf of {scale['members']}",
            seed,
            {
                "wiring": wiring,
                "members": scale["members"],
                "deaf": deaf,
                "seconds": scale["seconds"],
            },
        )
        for wiring in scale["wirings"]
        for deaf in scale["deaf"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Deaf for so long, and a while after."""
    settings = cell.settings
    members = settings["members"]
    if settings["wiring"] == "swimtx":
        config, wiring = Config.lan(), Wiring
    else:
        config, wiring = as_in_memberlist(members), WIRINGS[settings["wiring"]]()
    events = (Event.SUSPECTED, Event.FAILED)
    group = acquainted(members, cell.chance, config, wiring, 0.0, events)
    group.run_for(_SETTLE)
    group.history.clear()
    traffic = group.network.traffic
    before = traffic.datagrams_sent
    group.run_for(_SETTLE)
    usual = (traffic.datagrams_sent - before) / _SETTLE / members
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
    """What the healthy hear of it, and what it costs them."""
    return Summary(tuple(rows_of(outcomes, _COLUMNS)))
