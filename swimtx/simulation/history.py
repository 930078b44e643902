"""The history of a group: the runs of its members, and the events that members announced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from swimtx.membership.events import Event
from swimtx.node import Node
from swimtx.simulation.memory_reactor import MemoryReactor


class Announced(NamedTuple):
    """An event that a member announced to its subscribers.

    @ivar time: seconds since the simulation began.
    @ivar by: the key of the member that announced it.
    @ivar event: the event.
    @ivar about: the name of the member that the event is about.
    @ivar epoch: the epoch of that member's run.
    @ivar why: the C{why} of the change.
    """

    time: float
    by: str
    event: Event
    about: str
    epoch: int
    why: str


@dataclass
class Run:
    """One run of a member: a process from its start to its end.

    @ivar name: the member's name.
    @ivar host: the address of its host.
    @ivar until: when it was killed, vanished or began to leave, in seconds since the simulation
        began; C{None} while it runs.
    """

    name: str
    host: str
    process: MemoryReactor
    node: Node
    until: float | None = None


def wrong_failures(history: Iterable[Announced], runs: Iterable[Run]) -> Iterator[Announced]:
    """The announced failures of runs that were running at that time."""
    of_name: dict[str, list[Run]] = {}
    for run in runs:
        of_name.setdefault(run.name, []).append(run)
    for announced in history:
        if announced.event is Event.FAILED:
            failed = _run_of(of_name.get(announced.about, ()), announced.epoch)
            if failed is not None and (failed.until is None or announced.time < failed.until):
                yield announced


def _run_of(runs: Iterable[Run], epoch: int) -> Run | None:
    """The run that an epoch belongs to: the first match, since a run may raise its epoch."""
    return next(
        (run for run in runs if run.until is None or epoch <= run.node.membership.me.epoch), None
    )
