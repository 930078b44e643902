"""Measurements of a group: how fast events spread, and the traffic and CPU time of members."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from statistics import median

from swimtx.membership.events import Event
from swimtx.simulation.group import Group


@dataclass(frozen=True)
class Knowledge:
    """How an event spread among witnesses.

    @ivar first: seconds until the first witness announced it; C{None} if none did.
    @ivar median: the median of these seconds, over the witnesses that announced it.
    @ivar last: seconds until the last of them announced it.
    @ivar knew: the number of witnesses that announced it.
    @ivar witnesses: the number of all witnesses.
    """

    first: float | None
    median: float | None
    last: float | None
    knew: int
    witnesses: int

    @property
    def complete(self) -> bool:
        """Whether all witnesses announced the event."""
        return self.knew == self.witnesses


def knowledge(
    group: Group, about: str, event: Event, since: float, witnesses: Collection[str]
) -> Knowledge:
    """When each of the witnesses first announced an event about a member.

    @param about: the name of the member.
    @param since: seconds since the simulation began; earlier announcements do not count.
    @param witnesses: the keys of the witnesses.
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
    """The traffic and CPU time of a group over some time.

    @ivar seconds: virtual seconds.
    @ivar members: the members that ran at the end.
    @ivar datagrams: datagrams sent.
    @ivar octets: bytes sent in datagrams.
    @ivar stream_octets: bytes sent in streams.
    @ivar cpu: seconds of CPU; 0 without a CPU clock.
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
        """Virtual seconds per second of CPU; infinite if no CPU time was measured."""
        return self.seconds / self.cpu if self.cpu else float("inf")

    @property
    def _member_seconds(self) -> float:
        return max(self.seconds * self.members, 1e-9)


class Meter:
    """Measures the load of a group from one reading to the next.

    @param cpu: returns the seconds of CPU used so far, such as C{time.process_time}.
    """

    def __init__(self, group: Group, cpu: Callable[[], float] = lambda: 0.0) -> None:
        self._group = group
        self._cpu = cpu
        self._last = self._read()

    def read(self) -> Load:
        """The load since the last reading, or since the meter was made."""
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
