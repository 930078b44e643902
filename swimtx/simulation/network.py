"""A simulated network: hosts by address, the packets between them, and the faults of both."""

from __future__ import annotations

from collections.abc import Callable, Container
from random import Random
from typing import TYPE_CHECKING

import attrs

from swimtx.simulation.addresses import Endpoint, is_loopback, normal
from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.faults import Faults
from swimtx.simulation.latency import LAN, LOOPBACK, Latency
from swimtx.simulation.memory_reactor import MemoryReactor

if TYPE_CHECKING:
    from swimtx.simulation.stream_listener import StreamListener
    from swimtx.simulation.udp_port import DatagramPort

#: C{trace(time, source, destination, data)} is called with each datagram that reaches a socket.
Trace = Callable[[float, Endpoint, Endpoint, bytes], object]

#: The first port of sockets that ask for port 0.
FIRST_FREE_PORT = 32768


@attrs.define(eq=False)
class Traffic:
    """Counters of the datagrams, streams and bytes that a network has carried.

    @ivar datagrams_lost: lost on the way, at a full buffer, or for lack of a socket that takes
        them. Datagrams that are neither delivered nor lost are under way.
    @ivar streams_opened: accepted streams, also those that a mute host accepted.
    """

    datagrams_sent: int = 0
    datagrams_delivered: int = 0
    datagrams_lost: int = 0
    bytes_sent: int = 0
    bytes_delivered: int = 0
    bytes_lost: int = 0
    streams_opened: int = 0
    stream_bytes_sent: int = 0
    stream_bytes_delivered: int = 0


class MemoryNetwork(Faults):
    """A network of hosts in virtual time; its methods make the faults.

    All randomness comes from C{rng}, and no result depends on the order of a set: the same seed and
    the same program give the same trace.

    @param latency: the travel time of a packet, see L{swimtx.simulation.latency}. May be changed.
    @param loss: the probability that a packet is lost, 0 to 1.
    @ivar trace: if set, called with each datagram that reaches a socket.
    @ivar traffic: the counters.
    """

    def __init__(
        self, clock: VirtualClock, rng: Random, latency: Latency = LAN, loss: float = 0.0
    ) -> None:
        super().__init__(loss)
        self.clock = clock
        self.latency = latency
        self.trace: Trace | None = None
        self.traffic = Traffic()
        self.datagram_ports: dict[Endpoint, DatagramPort] = {}
        self.stream_ports: dict[Endpoint, StreamListener] = {}
        self._rng = rng
        self._random = rng.random
        self._arrive = self._datagram_arrives  # bound once, not for each datagram
        self._processes: dict[str, list[MemoryReactor]] = {}
        self._next_ports: dict[str, int] = {}

    def host(self, address: str, skew: float = 0.0) -> MemoryReactor:
        """Start a process on the host of this literal address, and return its reactor.

        The host is made if there is none; after L{vanish} it is back, without processes.

        @param skew: seconds by which its clock is ahead of the network's. C{getTime} of its timers
            gives their due time by the network's clock.
        @raise ValueError: C{address} is not a literal address, or is a loopback address.
        """
        literal = normal(address)
        if literal is None or is_loopback(literal):
            raise ValueError(f"not a host's address: {address!r}")
        if literal in self._vanished:
            del self._vanished[literal]
            self._changed()
        process = MemoryReactor(self, literal, skew)
        self._processes.setdefault(literal, []).append(process)
        return process

    def vanish(self, host: str) -> None:
        """Cut a host's power: its processes end, and its peers get no sign of that."""
        literal = normal(host) or host
        self._vanished[literal] = None
        self._changed()
        for process in self._processes.get(literal, ()):
            process.end(quietly=True)
        self._processes[literal] = []

    def knows(self, host: str) -> bool:
        """Whether such a host is or was there; streams to any other address find no route."""
        return host in self._processes

    def forget(self, process: MemoryReactor) -> None:
        """Remove a process that has ended; its host remains."""
        self._processes[process.address].remove(process)

    def free_port(self, addresses: list[str], taken: Container[Endpoint]) -> int:
        """The next port that is free on all these addresses of a host."""
        first = addresses[0]
        port = self._next_ports.get(first, FIRST_FREE_PORT)
        while any((address, port) in taken for address in addresses):
            port += 1
        self._next_ports[first] = port + 1 if port < 65535 else FIRST_FREE_PORT
        return port

    def send_datagram(self, source: Endpoint, destination: Endpoint, data: bytes) -> None:
        """Send a datagram from a host's own address; it arrives after the latency, or is lost."""
        traffic = self.traffic
        traffic.datagrams_sent += 1
        traffic.bytes_sent += len(data)
        here = source[0]
        there = destination[0]
        if here == there:
            delay = LOOPBACK
        else:
            path = (
                self._same_for_all
                or self._paths.get((here, there))  # a shortcut for path()
                or self.path(here, there)
            )
            loss = path.datagram_loss
            lost = loss and self._random() < loss
            travel = None if lost else self.latency(self._rng, here, there)
            if travel is None:
                traffic.datagrams_lost += 1
                traffic.bytes_lost += len(data)
                return
            delay = travel
        self.clock.post(delay, self._arrive, data, source, destination)

    def send_locally(self, source: Endpoint, destination: Endpoint, data: bytes) -> None:
        """Send a datagram between loopback addresses of one host."""
        self.traffic.datagrams_sent += 1
        self.traffic.bytes_sent += len(data)
        self.clock.post(LOOPBACK, self._arrive, data, source, destination)

    def _datagram_arrives(self, data: bytes, source: Endpoint, destination: Endpoint) -> None:
        traffic = self.traffic
        port = self.datagram_ports.get(destination)
        if port is None or (port.kept is not None and port.is_full(data)):
            traffic.datagrams_lost += 1
            traffic.bytes_lost += len(data)
            return
        traffic.datagrams_delivered += 1
        traffic.bytes_delivered += len(data)
        if self.trace is not None:
            self.trace(self.clock.seconds(), source, destination, data)
        if port.kept is None:
            port.read(data, source)
        else:
            port.put_by(data, source)

    def travel(self, source: str, destination: str) -> float | None:
        """The travel time of a segment of a stream, in seconds; L{None} if it is lost."""
        if source == destination or "%" in destination:
            return LOOPBACK
        loss = self.path(source, destination).stream_loss
        if loss and self._random() < loss:
            return None
        return self.latency(self._rng, source, destination)
