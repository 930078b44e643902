"""Opening streams on a simulated network: the connector, and the opening end of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import BaseConnector
from twisted.internet.error import (
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
)
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.simulation.addresses import (
    Endpoint,
    is_loopback,
    is_v6,
    normal,
    on_host,
    twisted_address,
    unmapped,
)
from swimtx.simulation.faults import Answer
from swimtx.simulation.stream_link import Mark
from swimtx.simulation.stream_transport import StreamTransport
from swimtx.timer import Timer

if TYPE_CHECKING:
    from swimtx.simulation.memory_reactor import MemoryReactor
    from swimtx.simulation.stream_listener import StreamListener

#: The kernel sends the SYN again after this many seconds, then after twice as many and so on, up to
#: so many times.
FIRST_RETRY = 1.0
RETRIES = 6

#: Seconds until the kernel reports that no host has an address.
NO_ROUTE_AFTER = 3.0


class OpeningTransport(StreamTransport):
    """The opening end of a stream."""

    def __init__(self, connector: StreamConnector, here: Endpoint, there: Endpoint) -> None:
        super().__init__(connector.process, here, there)
        self._connector = connector
        self._connecting = True
        self._tries = 0
        self._retry = Timer(connector.process.network.clock)
        self._target = (on_host(there[0], connector.process.address), there[1])

    def open(self) -> None:
        """Send a SYN to the other host, again and again until that answers."""
        network = self._process.network
        if not self._connecting:
            return
        if self._tries > RETRIES:
            self._fail(TCPTimedOutError())
            return
        travel = network.travel(self._host.host, self._target[0])
        if travel is not None:
            network.clock.post(travel, self._syn_arrives)
        self._retry.set(FIRST_RETRY * 2.0**self._tries, self.open)
        self._tries += 1

    def _syn_arrives(self) -> None:
        """The SYN arrives at the other host, whose kernel may answer it."""
        network = self._process.network
        host, port = self._target
        if not is_loopback(host.partition("%")[0]) and not network.knows(host):
            network.clock.post(NO_ROUTE_AFTER, self._fail, NoRouteError())
            return
        answer = network.answer(host, port)
        listener = network.stream_ports.get(self._target)
        back = network.travel(self._peer.host, self._host.host)
        if answer is Answer.SILENT or back is None:
            return
        if answer is Answer.MUTE:
            network.clock.post(back, self._accepted, None)
        elif answer is Answer.REFUSE or listener is None:
            network.clock.post(back, self._fail, ConnectionRefusedError())
        else:
            network.clock.post(back, self._accepted, listener)

    def _fail(self, reason: Exception) -> None:
        self._process.tell(self.failIfNotConnected, reason)

    def _accepted(self, listener: StreamListener | None) -> None:
        """The answer arrives at our kernel: the stream is open, even if our process is stalled."""
        if not self._connecting or self._out is not None or not self._process.alive:
            return
        self._retry.cancel()
        self._process.network.traffic.streams_opened += 1
        other = None if listener is None else listener.accept(self)
        wire = self.link(other)
        if other is not None:
            other.link(self)
            wire.send(Mark.OPEN)
        self._process.tell(self._opened)

    def _opened(self) -> None:
        if not self._connecting:
            return
        self._connecting = False
        self.connected = True
        protocol = self._connector.buildProtocol(self._peer)
        if protocol is None:
            self.protocol = Protocol()
            self.loseConnection()
        else:
            self.protocol = protocol
            self._call(protocol.makeConnection, self)

    def failIfNotConnected(self, reason: Exception) -> None:  # noqa: N802
        """Give up with C{reason}, unless the stream is open."""
        if self._connecting:
            self._connecting = False
            self._retry.cancel()
            self.release(quietly=False, unread=True)
            self._connector.connectionFailed(Failure(reason))

    def closed(self, reason: Failure) -> None:
        """Tell the connector as well."""
        self._connector.connectionLost(reason)


@implementer(IConnector)
class StreamConnector(BaseConnector):
    """Opens streams for a factory; see L{IConnector}."""

    def __init__(
        self,
        process: MemoryReactor,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float,
        bind_address: tuple[str, int] | None,
    ) -> None:
        # The base class uses only callLater of the reactor.
        super().__init__(factory, timeout, process)  # type: ignore[arg-type]
        self.process = process
        self._there = (host, port)
        self._bind_address = bind_address or ("", 0)

    def _makeTransport(self) -> Any:  # noqa: N802
        """The base class calls this for each attempt."""
        host, port = self._there
        literal = normal(host)
        here = self._local_address(literal or "0.0.0.0")
        transport = OpeningTransport(self, here, (unmapped(literal) if literal else host, port))
        if literal is None:
            self.process.callLater(0, transport.failIfNotConnected, DNSLookupError(host))
        elif is_v6(here[0]) is not is_v6(unmapped(literal)):
            self.process.callLater(0, transport.failIfNotConnected, NoRouteError())
        else:
            self.process.callLater(0, transport.open)
        return transport

    def _local_address(self, there: str) -> Endpoint:
        host, port = self._bind_address
        address = host or (there if is_loopback(there) else self.process.address)
        network = self.process.network
        return address, port or network.free_port([address], network.stream_ports)

    def getDestination(self) -> IPv4Address | IPv6Address:  # noqa: N802
        """The address that the stream is opened to."""
        return twisted_address("TCP", *self._there)
