"""What the experiments have in common: a group that knows itself, crashes and those who return."""

from __future__ import annotations

from collections.abc import Collection
from random import Random
from typing import NamedTuple

from swimtx.config import Config
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.simulation.latency import uniform
from swimtx.wiring import Wiring

LATENCY = uniform(0.00025, 0.00075)  # seconds one way: 0.5 ms, give or take 0.25
_STEP = 0.02  # seconds between two looks at what is waited for


def acquainted(
    size: int,
    seed: object,
    config: Config,
    wiring: type[Wiring] = Wiring,
    loss: float = 0.0,
    events: Collection[Event] = (Event.SUSPECTED, Event.FAILED),
    settled: bool = False,
) -> Group:
    """A group in which everybody knows everybody: forming it is not what is measured.

    @param settled: whether all know of each other's stream ports that they accept, too. Else they
        find that out, and tell, in the first seconds; in a large group that is a lot of news.
    """
    group = Group(size, seed, config, loss=loss, latency=LATENCY, events=events, wiring=wiring)
    group.seeds = []
    group.start()
    if settled:
        for node in group.nodes.values():
            node._parts.membership.accepted_stream()
    for key in group.running:
        acquaint(group, key)
    if settled:
        for node in group.nodes.values():
            node._parts.updates.clear()
    return group


def acquaint(group: Group, key: str) -> None:
    """Have a member know all that run, and them know it."""
    newcomer = group.table(key)
    for other in group.running:
        if other != key:
            membership = group.table(other)
            newcomer.apply(membership.local, spread=False)
            membership.apply(newcomer.local, spread=False)


def bring_back(group: Group, key: str) -> None:
    """Start a member that crashed as a new run that everybody knows."""
    seeds, group.seeds = group.seeds, []
    group.restart(key)
    group.seeds = seeds
    acquaint(group, key)


class Crash(NamedTuple):
    """How a crash was found; all in seconds after it, C{None} if it never was.

    @ivar suspected: when somebody first suspected it,
    @ivar first: when somebody first declared it failed,
    @ivar last: when the last survivor knew.
    """

    suspected: float | None
    first: float | None
    last: float | None


def crash(group: Group, chance: Random, bound: float, until: Event, vanish: bool) -> Crash:
    """Let one member at random crash, wait until it is suspected or failed, and bring it back.

    @param bound: seconds to wait at the most.
    @param until: C{SUSPECTED} waits for the first suspicion, C{FAILED} until everybody knows.
    @param vanish: whether its host goes too.
    """
    victim = chance.choice(group.running)
    since, start = group.now, len(group.history)
    if vanish:
        group.vanish(victim)
    else:
        group.kill(victim)
    survivors = set(group.running)
    times: dict[Event, dict[str, float]] = {Event.SUSPECTED: {}, Event.FAILED: {}}
    end = since + bound
    seen = start
    while group.now < end:
        group.run_for(min(_STEP, end - group.now))
        for announced in group.history[seen:]:
            if announced.about == victim and announced.by in survivors:
                if announced.event in times:
                    heard = times[announced.event]
                    heard.setdefault(announced.by, announced.time - since)
        seen = len(group.history)
        if until is Event.SUSPECTED and (times[until] or times[Event.FAILED]):
            break
        if len(times[Event.FAILED]) == len(survivors):
            break
    bring_back(group, victim)
    suspected, failed = times[Event.SUSPECTED].values(), times[Event.FAILED].values()
    everybody = len(failed) == len(survivors)
    return Crash(
        min(suspected, default=None),
        min(failed, default=None),
        max(failed) if everybody else None,
    )


def receipts(group: Group, origin: str, number: int, bound: float) -> list[float]:
    """Have a member tell something new; when the others heard, in order, in seconds since then.

    @param number: not told before.
    @param bound: seconds to wait at the most.
    """
    since, start = group.now, len(group.history)
    group.nodes[origin].set_tags({"update": str(number)})
    others = len(group.running) - 1
    heard: dict[str, float] = {}
    seen = start
    while len(heard) < others and group.now < since + bound:
        group.run_for(min(_STEP, since + bound - group.now))
        for announced in group.history[seen:]:
            if announced.about == origin and announced.event is Event.UPDATED:
                if announced.by != origin:
                    heard.setdefault(announced.by, announced.time - since)
        seen = len(group.history)
    return sorted(heard.values())
