"""Protocols that record their events, and a simulated network for them."""

from __future__ import annotations

from random import Random

from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.python.failure import Failure

from swimtx.simulation import MemoryNetwork, MemoryReactor, VirtualClock, fixed
from swimtx.simulation.stream_transport import StreamTransport
from swimtx.simulation.udp_port import DatagramPort

#: The latency of the test network: a power of two, so that sums are exact.
LATENCY = 1 / 1024


def network(seed: int = 1) -> MemoryNetwork:
    """A network without jitter."""
    return MemoryNetwork(VirtualClock(), Random(seed), latency=fixed(LATENCY))


class RecordingProtocol(DatagramProtocol):
    """Records each datagram that it receives."""

    noisy = False
    transport: DatagramPort

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, tuple[str, int]]] = []
        self.stopped = False

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.heard.append((datagram, addr))

    def stopProtocol(self) -> None:
        self.stopped = True

    def say(self, data: bytes, *to: tuple[str, int]) -> None:
        for addr in to:
            self.transport.write(data, addr)


def recorder(process: MemoryReactor, port: int = 7946, interface: str = "") -> RecordingProtocol:
    """A L{RecordingProtocol} that listens."""
    listener = RecordingProtocol()
    process.listenUDP(port, listener, interface)
    return listener


class RecordingStream(Protocol):
    """Records the received data, and the reason of its end."""

    transport: StreamTransport

    def __init__(self) -> None:
        self.heard = b""
        self.made = False
        self.reason: type[BaseException] | None = None

    def connectionMade(self) -> None:
        self.made = True

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.reason = reason.type


class RecordingFactory(Factory[RecordingStream]):
    """Builds a L{RecordingStream} for each accepted stream."""

    noisy = False

    def __init__(self) -> None:
        self.all: list[RecordingStream] = []

    def buildProtocol(self, addr: object) -> RecordingStream:
        stream = RecordingStream()
        stream.factory = self
        self.all.append(stream)
        return stream
