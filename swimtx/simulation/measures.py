"""Figures of a group: how soon something is known, and what knowing each other costs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from statistics import median

from swimtx.membership.events import Event
from swimtx.simulation.group import Group


@dataclass(frozen=True)
class Knowledge:
    """How something spread, in seconds since it happened; C{None} where nobody knew.

    @ivar knew: how many have heard of it.
    @ivar witnesses: how many should have.
    """

    first: float | None
    median: float | None
    last: float | None
    knew: int
    witnesses: int

    @property
    def complete(self) -> bool:
        """Whether all know."""
        return self.knew == self.witnesses


def knowledge(
    group: Group, about: str, event: Event, since: float, witnesses: Collection[str]
) -> Knowledge:
    """When each of the witnesses first announced an event about a member.

    @param since: seconds since the simulation began; what was announced sooner does not count.
    @param witnesses: keys of members.
    """
    heard: dict[str, float] = {}
    for announced in group.history:
        if announced.about == about and announced.event is event and announced.time >= since:
            if announced.by in witnesses:
                heard.setdefault(announced.by, announced.time - since)
    times = sorted(heard.values())
    if not times:
        return Knowledge(None, None, None, 0, len(witnesses))
    return Knowledge(times[0], median(times), times[-1], len(times), len(witnesses))


@dataclass(frozen=True)
class Load:
    """What some time has cost.

    @ivar seconds: of virtual time.
    @ivar members: that ran at its end.
    @ivar datagrams: sent.
    @ivar octets: sent in datagrams.
    @ivar stream_octets: sent in streams.
    @ivar cpu: seconds of CPU; 0 without a clock for it.
    """

    seconds: float
    members: int
    datagrams: int
    octets: int
    stream_octets: int
    cpu: float

    @property
    def datagrams_each(self) -> float:
        """Datagrams per member and second."""
        return self.datagrams / self._member_seconds

    @property
    def octets_each(self) -> float:
        """Bytes in datagrams per member and second."""
        return self.octets / self._member_seconds

    @property
    def stream_octets_each(self) -> float:
        """Bytes in streams per member and second."""
        return self.stream_octets / self._member_seconds

    @property
    def cpu_each(self) -> float:
        """Microseconds of CPU per member and second."""
        return self.cpu / self._member_seconds * 1e6

    @property
    def speed(self) -> float:
        """Virtual seconds per second of CPU; infinite if that was too short to be seen."""
        return self.seconds / self.cpu if self.cpu else float("inf")

    @property
    def _member_seconds(self) -> float:
        return max(self.seconds * self.members, 1e-9)


class Meter:
    """Reads a group's counters again and again.

    @param cpu: gives the seconds of CPU that were used, such as C{time.process_time}.
    """

    def __init__(self, group: Group, cpu: Callable[[], float] = lambda: 0.0) -> None:
        self._group = group
        self._cpu = cpu
        self._last = self._read()

    def read(self) -> Load:
        """What it took since the last time, or since the meter was made."""
        before, self._last = self._last, self._read()
        time, cpu, *carried = (now - then for now, then in zip(self._last, before, strict=True))
        datagrams, octets, stream_octets = (int(number) for number in carried)
        members = len(self._group.running)
        return Load(time, members, datagrams, octets, stream_octets, cpu)

    def _read(self) -> tuple[float, ...]:
        traffic = self._group.network.traffic
        return (
            self._group.now,
            self._cpu(),
            traffic.datagrams_sent,
            traffic.bytes_sent,
            traffic.stream_bytes_sent,
        )
