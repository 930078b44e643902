"""E14: swimtx with one rule left out at a time, to measure what each rule is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.ablations import WITHOUT
from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Summary
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.tables import Column, rows_of
from swimtx.membership.claim import State
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.simulation.measures import Knowledge, knowledge

_SETTLE = 10.0  # seconds
_KNOWN_BY_ALL = 40.0  # seconds after which the run stops waiting
_STOPPED = 20.0  # seconds
_BLIP = 3.0  # seconds that a member is cut off
_BLIPS = 0.02  # per second and member
_FROZEN, _FREEZES = 6.0, 4
_MOST = 0.8  # of the hosts


def _until_known(
    group: Group, figure: str, strike: Callable[[str], object], key: str
) -> dict[str, Any]:
    since = group.now
    strike(key)
    survivors = group.running

    def known() -> Knowledge:
        return knowledge(group, key, Event.FAILED, since, survivors)

    group.run_until(lambda: known().complete, _KNOWN_BY_ALL)
    return {figure: [known().last] if known().complete else []}


def _most(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    gone = chance.sample(group.running, round(_MOST * len(group.running)))
    since = group.now
    for key in gone:
        group.vanish(key)
    survivors = group.running

    def all_know() -> bool:
        return all(group.lists(key, gone, State.FAILED) for key in survivors)

    return {"most": [group.now - since] if group.run_until(all_know, 2 * _KNOWN_BY_ALL) else []}


def _masked(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    key = chance.choice(group.running)
    group.network.mute_streams(group.hosts(key)[0])
    return _until_known(group, "masked", group.kill, key)


def _stopped(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    group.stall(chance.choice(group.running), _STOPPED)
    group.run_for(_STOPPED + 5)
    return {"stopped": int(bool(group.wrongly_failed())), "times": 1}


def _wrong(group: Group, figure: str, seconds: float, loss: float = 0.3) -> dict[str, Any]:
    group.network.lose(loss)
    traffic = group.network.traffic
    sent, octets = traffic.datagrams_sent, traffic.bytes_sent
    group.run_for(seconds)
    size = len(group.running)
    sent = traffic.datagrams_sent - sent
    found = {figure: len(group.wrongly_failed()), "member_hours": size * seconds / 3600}
    if figure == "loss":
        found["datagrams"] = sent / seconds / size
        found["octets"] = (traffic.bytes_sent - octets + 28 * sent) / seconds / size
    return found


def _blips(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    network = group.network
    for key in group.running:
        hosts = group.hosts(key)
        at = chance.expovariate(_BLIPS)
        while at < seconds:
            group.clock.post(at, network.unplug, hosts)
            group.clock.post(at + _BLIP, network.plug_in, hosts)
            at += _BLIP + chance.expovariate(_BLIPS)
    return _wrong(group, "blips", seconds, loss=0.0)


def _freezes(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    for key in chance.sample(group.running, _FREEZES):
        group.freeze_host(key, _FROZEN)
        group.run_for(2.5 * _FROZEN)
    return {"freezes": len({a.about for a in group.wrongly_failed()}), "times": _FREEZES}


def _split(group: Group, chance: Random, seconds: float) -> dict[str, Any]:
    names = group.running
    group.partition(names[::2], names[1::2])
    group.run_for(30)
    group.heal()
    since = group.now
    whole = group.run_until(group.everybody_lists, 2 * _KNOWN_BY_ALL)
    return {"split": [group.now - since] if whole else []}


#: C{scene(group, chance, seconds)}: makes something happen to a group, and returns figures.
_SCENES: dict[str, Callable[[Group, Random, float], dict[str, Any]]] = {
    "killed": lambda group, chance, _: _until_known(
        group, "killed", group.kill, chance.choice(group.running)
    ),
    "gone": lambda group, chance, _: _until_known(
        group, "gone", group.vanish, chance.choice(group.running)
    ),
    "stopped": _stopped,
    "loss": lambda group, chance, seconds: _wrong(group, "loss", seconds),
    "rejecting": lambda group, chance, seconds: _wrong(group, "rejecting", seconds),
    "blips": _blips,
    "freezes": _freezes,
    "split": _split,
    "masked": _masked,
    "most": _most,
}
_QUICK = ["killed", "gone", "stopped", "loss", "masked"]

DESCRIPTION = Description(
    "E14",
    "what each rule is worth",
    "No paper: swimtx's own rules. Lifeguard's paper leaves out its three parts one by one, see "
    "E8.",
    {"seeds": 1, "members": 24, "seconds": 20.0, "scenes": _QUICK},
    {"seeds": 8, "members": 100, "seconds": 240.0, "scenes": list(_SCENES)},
    {"scenes": tuple(_SCENES)},
)
_PER_HOUR, _FREEZING = "per member-hour", "hosts frozen for 6 s, one after another: called failed"
_COLUMNS = (
    Column("killed", "killed: all know, median", "s"),
    Column("gone", "host gone: all know, median", "s"),
    Column("stopped", "stopped for 20 s: called failed", "share", per="times"),
    Column("loss", "30 % loss: wrong verdicts heard", _PER_HOUR, per="member_hours"),
    Column("datagrams", "30 % loss: sent", "datagrams/s each", mean_of),
    Column("octets", "30 % loss: sent", "bytes/s each, with headers", mean_of),
    Column("rejecting", "streams rejected, 30 % loss: wrong", _PER_HOUR, per="member_hours"),
    Column("blips", "cut off for 3 s: wrong", _PER_HOUR, per="member_hours"),
    Column("freezes", _FREEZING, "share", per="times"),
    Column("split", "halves apart for 30 s: healed after, median", "s"),
    Column("masked", "killed behind something that accepts: all know, median", "s"),
    Column("most", "four fifths of the hosts gone: the rest know of all, median", "s"),
)


def cells(scale: Scale) -> list[Cell]:
    """Each rule left out, in each scene."""
    return grid(
        "E14",
        scale,
        ("rule", "scene", "members", "seconds"),
        "without {rule}".format,
        lambda settings: 4.0 if settings["scene"] in ("loss", "rejecting", "blips") else 1.0,
        rule=list(WITHOUT),
    )


def run(cell: Cell) -> dict[str, Any]:
    """One scene without one rule."""
    settings = cell.settings
    config = Config.lan(silence_tolerance=3.0)
    wiring = WITHOUT[settings["rule"]]
    group = acquainted(settings["members"], cell.chance, config, wiring, 0.0, (Event.FAILED,))
    if settings["scene"] == "rejecting":
        for host in group.hosts(group.running):
            group.network.refuse_streams(host)
    else:
        for node in group.nodes.values():
            # Each member claims this some minutes after its start.
            node._parts.membership.accepted_stream()
    chance = Random(cell.chance)
    group.run_for(_SETTLE + chance.random())
    group.history.clear()
    return _SCENES[settings["scene"]](group, chance, settings["seconds"])


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """One table: a row for each rule and figure."""
    return Summary.of(
        rows_of(outcomes, _COLUMNS),
        (),
        "silence_tolerance is 3 periods.",
        "Few runs tell large effects only: one incident is heard by all members, and a "
        "difference of one incident is noise.",
    )
