"""Test doubles for users' trial tests: a reactor with a simulated network and virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorUDP
from twisted.internet.protocol import ClientFactory, DatagramProtocol, Factory
from twisted.internet.testing import MemoryReactorClock as TwistedMemoryReactorClock
from zope.interface import implementer

from swimtx.simulation import Group, MemoryNetwork, MemoryReactor, VirtualClock, run_for
from swimtx.simulation.stream_connector import StreamConnector
from swimtx.simulation.stream_listener import StreamListener
from swimtx.simulation.udp_port import DatagramPort

__all__ = [
    "Group",
    "HeapClock",
    "MemoryNetwork",
    "MemoryReactor",
    "MemoryReactorClock",
    "VirtualClock",
    "run_for",
]

#: The former name of L{VirtualClock}, kept for one release.
HeapClock = VirtualClock


@implementer(IReactorUDP)
class MemoryReactorClock(TwistedMemoryReactorClock):
    """Twisted's C{MemoryReactorClock}, with working UDP and TCP on a simulated network.

    Reactors on one network share its time: advancing one advances all::

        one = MemoryReactorClock(host="10.0.0.1")
        other = MemoryReactorClock(one.network, host="10.0.0.2")

    Time starts at 1,790,000,000 seconds since 1970. Unlike Twisted's, it advances from one due time
    to the next, so that a timer of one second that sets itself again fires every second.

    @param network: the network to attach to; C{None}: a new local network without packet loss.
    @param host: the IP literal of the simulated host that the process runs on.
    @ivar network: the C{MemoryNetwork}.
    @ivar process: the simulated process, which can be stalled or killed.
    """

    def __init__(self, network: MemoryNetwork | None = None, host: str = "10.0.0.1") -> None:
        # Skips the initialiser of Clock, whose list of calls is not used.
        super(TwistedMemoryReactorClock, self).__init__()
        self.network = network or MemoryNetwork(VirtualClock(), Random(0))
        self.process: MemoryReactor = self.network.host(host)

    @property
    def rightNow(self) -> float:  # type: ignore[override]  # noqa: N802
        """The same as L{seconds}; L{advance} changes it."""
        return self.process.seconds()

    @property
    def calls(self) -> list[Any]:  # type: ignore[override]
        """The same as L{getDelayedCalls}, in a new list."""
        return list(self.process.getDelayedCalls())

    def seconds(self) -> float:
        """The current time, in seconds since 1970."""
        return self.process.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call C{callable} in C{delay} seconds.

        @raise AssertionError: C{delay} is negative.
        """
        return self.process.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The pending calls of this process only, not of others on the network."""
        return self.process.getDelayedCalls()

    def advance(self, amount: float) -> None:
        """Let C{amount} seconds pass in the whole network, from one due time to the next.

        @raise ValueError: C{amount} is negative.
        """
        self.network.clock.advance(amount)

    run_for = advance

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> DatagramPort:
        """Listen for datagrams from the network; see L{MemoryReactor.listenUDP}."""
        return self.process.listenUDP(port, protocol, interface, maxPacketSize)

    def listenTCP(
        self, port: int, factory: Factory[Any], backlog: int = 50, interface: str = ""
    ) -> StreamListener:
        """Listen for streams, and append to C{tcpServers} as Twisted's does.

        @raise CannotListenError: the port is taken, or C{interface} is not the host's address.
        """
        listening = self.process.listenTCP(port, factory, backlog, interface)
        self.tcpServers.append((port, factory, backlog, interface))
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> StreamConnector:
        """Open a stream, and append to C{tcpClients} as Twisted's does.

        @param timeout: seconds.
        """
        self.tcpClients.append((host, port, factory, timeout, bindAddress))  # type: ignore[arg-type]
        connector = self.process.connectTCP(host, port, factory, timeout, bindAddress)
        self.connectors.append(connector)
        return connector
