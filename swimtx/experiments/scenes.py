"""Scenes that several experiments share: an acquainted group, crashes, returns and updates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import NamedTuple

from swimtx.config import Config
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.simulation.latency import uniform
from swimtx.wiring import Wiring

LATENCY = uniform(0.00025, 0.00075)  # seconds one way: 0.5 ms, give or take 0.25
_STEP = 0.02  # seconds between two checks of the history


def acquainted(
    size: int,
    seed: object,
    config: Config,
    wiring: type[Wiring] = Wiring,
    loss: float = 0.0,
    events: Collection[Event] = (Event.SUSPECTED, Event.FAILED),
    settled: bool = False,
) -> Group:
    """A group in which every member knows all others: forming it is not measured.

    @param loss: the share of datagrams that is lost.
    @param events: the events that the history of the group records.
    @param settled: whether all members know, too, that the stream ports of all others accept.
        Otherwise they find that out, and spread it, in the first seconds; in a large group these
        are many updates.
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
    """Make a member and all running members known to each other."""
    newcomer = group.table(key)
    for other in group.running:
        if other != key:
            membership = group.table(other)
            newcomer.apply(membership.local, spread=False)
            membership.apply(newcomer.local, spread=False)


def bring_back(group: Group, key: str) -> None:
    """Restart a member that crashed; all members know its new run."""
    seeds, group.seeds = group.seeds, []
    group.restart(key)
    group.seeds = seeds
    acquaint(group, key)


class Crash(NamedTuple):
    """How a crash was detected, in seconds after it; C{None} if it was not.

    @ivar suspected: when the first survivor suspected the victim,
    @ivar first: when the first survivor declared it failed,
    @ivar last: when the last survivor knew.
    """

    suspected: float | None
    first: float | None
    last: float | None


def crash(
    group: Group, chance: Random, rest: float, bound: float, until: Event, vanish: bool = True
) -> Crash:
    """Let a random member crash, wait until it is suspected or failed, and bring it back.

    @param rest: seconds before the crash.
    @param bound: seconds to wait at most.
    @param until: C{SUSPECTED} waits for the first suspicion, C{FAILED} until all survivors know.
    @param vanish: whether the host of the member vanishes too.
    """
    group.run_for(rest)
    victim = chance.choice(group.running)
    (group.vanish if vanish else group.kill)(victim)
    suspected: dict[str, float] = {}
    failed: dict[str, float] = {}
    survivors = len(group.running)

    def over() -> bool:
        early = until is Event.SUSPECTED and bool(suspected or failed)
        return early or len(failed) == survivors

    _listen(group, victim, {Event.SUSPECTED: suspected, Event.FAILED: failed}, bound, over)
    bring_back(group, victim)
    return Crash(
        min(suspected.values(), default=None),
        min(failed.values(), default=None),
        max(failed.values()) if len(failed) == survivors else None,
    )


def receipts(group: Group, origin: str, number: int, bound: float) -> list[float]:
    """Have a member spread an update: when each other member received it, in ascending seconds.

    @param number: the content of the update, not spread before.
    @param bound: seconds to wait at most.
    """
    heard: dict[str, float] = {}
    group.nodes[origin].set_tags({"update": str(number)})
    others = len(group.running) - 1
    _listen(group, origin, {Event.UPDATED: heard}, bound, lambda: len(heard) == others)
    return sorted(heard.values())


def _listen(
    group: Group,
    about: str,
    heard: Mapping[Event, dict[str, float]],
    bound: float,
    over: Callable[[], bool],
) -> None:
    """Note when each other member first announced each event about a member, until C{over()}.

    @param heard: by event and member the seconds from now on; this function adds them.
    @param bound: seconds to wait at most.
    """
    since, seen = group.now, len(group.history)
    others = {key for key in group.running if key != about}
    while group.now < since + bound and not over():
        group.run_for(min(_STEP, since + bound - group.now))
        for announced in group.history[seen:]:
            if announced.about == about and announced.by in others and announced.event in heard:
                heard[announced.event].setdefault(announced.by, announced.time - since)
        seen = len(group.history)
