"""E4b: how soon an update spreads by gossip ticks while packets are lost (memberlist)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.dissemination.gossip import Gossip
from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.memberlist_baseline import Memberlist, as_in_memberlist
from swimtx.experiments.results import Chart, Summary, references_in
from swimtx.experiments.scenes import acquainted, receipts
from swimtx.experiments.stand_ins import using
from swimtx.experiments.tables import Column, lines_of, rows_of
from swimtx.membership.events import Event
from swimtx.wiring import Wiring

DESCRIPTION = Description(
    "E4b",
    "gossip: an update told to three members each 0.2 s",
    "Random push to three: 4.4 rounds of 0.2 s for 32 members, 6.0 for 128; 5.3 and 7.1 where a "
    "quarter is lost. Within memberlist's limit of transmissions all of 32 are reached in 98.5 % "
    "of the cases, with a quarter lost in 90.5 %; of 128 in 100 and 98.5 %.",
    {"seeds": 2, "members": [32, 128], "loss": [0.0, 0.1, 0.25], "updates": {32: 25, 128: 6}},
    {"seeds": 10, "members": [32, 128, 1000], "updates": {32: 100, 128: 50, 1000: 10}},
)
_ROUNDS = {(32, 0.0): 4.4, (128, 0.0): 6.0, (32, 0.25): 5.3, (128, 0.25): 7.1, (1000, 0.0): 8.1}
_REACHED = {(32, 0.0): 0.985, (32, 0.25): 0.905, (128, 0.0): 1.0, (128, 0.25): 0.985}
_TICK = 0.2  # seconds
_BOUND = 15.0  # seconds; by then no member sends an update any more
_QUIET = 3600.0  # seconds: a protocol period in which nothing is probed


def cells(scale: Scale) -> list[Cell]:
    """Gossip ticks alone, and swimtx as it is, at each size and loss."""
    return grid(
        "E4b",
        scale,
        ("wiring", "members", "loss", "updates"),
        "{wiring} N={members} loss {loss:.0%}".format,
        lambda s: s["members"] * s["updates"] * (1 + (s["wiring"] == "swimtx")),
        wiring=["ticks", "swimtx"],
    )


class WaitingForTicks(Memberlist):
    """memberlist, in which an update waits for a whole tick before each hop."""

    make_gossip = using(Wiring.make_gossip, Gossip)


def run(cell: Cell) -> dict[str, Any]:
    """Updates one after the other, each of a random member."""
    settings = cell.settings
    members, ticks = settings["members"], settings["wiring"] == "ticks"
    chance = Random(cell.chance)
    quiet = {"protocol_period": _QUIET, "table_interval": 1e9, "patience": 1e9}
    config = as_in_memberlist(members, **quiet) if ticks else Config.lan(table_interval=1e9)
    wiring = WaitingForTicks if ticks else Wiring
    group = acquainted(
        members, cell.chance, config, wiring, settings["loss"], events=(Event.UPDATED,)
    )
    group.run_for(5.0)
    heard: list[list[float]] = []
    sends: list[float] = []
    for number in range(settings["updates"]):
        before = _sent(group.nodes.values())
        heard.append(receipts(group, chance.choice(group.running), number, _BOUND))
        group.run_for(3.0 + chance.random())  # until no member sends it any more
        sends.append((_sent(group.nodes.values()) - before) / members)
    complete = [times[-1] for times in heard if len(times) == members - 1]
    return {"all": complete, "sends": sends, "missed": len(heard) - len(complete)}


def _sent(nodes: Any) -> int:
    return sum(node.counters.updates_sent for node in nodes)


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    key = settings["members"], settings["loss"]
    ticks = settings["wiring"] == "ticks"
    times = {known: round(_TICK * rounds, 2) for known, rounds in _ROUNDS.items() if ticks}
    missed = {known: round(1 - reached, 3) for known, reached in _REACHED.items() if ticks}
    late, never = (references_in(known, key, "theory") for known in (times, missed))
    return [
        Column("all", "all know, median", "s", references=late),
        Column("missed", "somebody never knew", "share", per=_updates, references=never),
        Column("sends", "told", "times per member", mean_of),
    ]


def _updates(figures: Mapping[str, Any]) -> int:
    return int(figures["missed"]) + len(figures["all"])


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """The time until all know an update, and the share of updates that did not reach all."""
    rows = rows_of(outcomes, _columns)
    lines = lines_of(
        outcomes, rows, "all know, median", "{wiring} N={members}", lambda s: 100 * s["loss"]
    )
    title = "An update, until all know"
    chart = Chart("gossip", title, "packets lost, %", "s, median", (*lines,))
    return Summary.of(
        rows,
        (chart,),
        "Ticks: nothing but gossip, 3 members each 0.2 s. swimtx: eager gossip, PINGs, ACKs "
        "and what loss makes them say besides; without table exchanges in both.",
        "Medians are of those updates that reached everybody.",
    )
