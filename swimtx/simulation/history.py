"""What a group has been through: the runs of its members, and what they announced of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from swimtx.membership.events import Event
from swimtx.node import Node
from swimtx.simulation.memory_reactor import MemoryReactor


class Announced(NamedTuple):
    """A subscriber of one member was told something.

    @ivar time: seconds since the simulation began.
    @ivar by: which member told it, by its key in the group.
    @ivar event: what happened.
    @ivar about: the name of the member to whom it happened.
    @ivar epoch: the run of that member.
    @ivar why: as the change said.
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
    @ivar until: when it was killed, vanished or began to leave; C{None} while it runs.
    """

    name: str
    host: str
    process: MemoryReactor
    node: Node
    until: float | None = None


def wrong_failures(history: Iterable[Announced], runs: Iterable[Run]) -> Iterator[Announced]:
    """The failures that were announced of runs that were running at that time."""
    of_name: dict[str, list[Run]] = {}
    for run in runs:
        of_name.setdefault(run.name, []).append(run)
    for announced in history:
        if announced.event is Event.FAILED:
            meant = _meant(of_name.get(announced.about, ()), announced.epoch)
            if meant is not None and (meant.until is None or announced.time < meant.until):
                yield announced


def _meant(runs: Iterable[Run], epoch: int) -> Run | None:
    """The run that an epoch belongs to: the first that fits, since a run may raise its epoch."""
    return next(
        (run for run in runs if run.until is None or epoch <= run.node.membership.me.epoch), None
    )
