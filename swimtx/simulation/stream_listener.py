"""Listening for streams on a simulated host: the listener, and the accepted end of a stream."""

from __future__ import annotations

from errno import EADDRINUSE, EADDRNOTAVAIL
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from zope.interface import implementer

from swimtx.simulation.addresses import Endpoint, bound_addresses, normal, twisted_address
from swimtx.simulation.stream_link import Mark, Segment
from swimtx.simulation.stream_transport import StreamTransport
from swimtx.simulation.udp_port import system_error

if TYPE_CHECKING:
    from swimtx.simulation.memory_reactor import MemoryReactor

_log = Logger()


class AcceptedTransport(StreamTransport):
    """The accepting end of a stream."""

    def __init__(self, listener: StreamListener, here: Endpoint, there: Endpoint) -> None:
        super().__init__(listener.process, here, there)
        self._listener = listener

    def _read(self, segment: Segment) -> None:
        if segment is Mark.OPEN:
            self._accept()
        else:
            super()._read(segment)

    def _accept(self) -> None:
        """Take the stream from the kernel's queue, if the process still listens."""
        try:
            protocol = self._listener.factory.buildProtocol(self._peer)
        except Exception:
            _log.failure("Unhandled Error")
            protocol = None
        if protocol is None or not self._listener.listening:
            self.release(quietly=False, unread=not self._listener.listening)
            return
        self.connected = True
        self.protocol = protocol
        self._call(protocol.makeConnection, self)


@implementer(IListeningPort)
class StreamListener:
    """A TCP socket of one process that accepts streams.

    @ivar listening: whether it accepts streams.
    """

    def __init__(
        self, process: MemoryReactor, port: int, factory: Factory[Any], interface: str
    ) -> None:
        self.process = process
        self.factory = factory
        self.listening = False
        self._interface = normal(interface or "0.0.0.0") or interface
        self._asked = port
        self._sockets = process.network.stream_ports
        self._bound: list[Endpoint] = []
        self._host: IPv4Address | IPv6Address | None = None
        self._closed: Deferred[None] | None = None

    def startListening(self) -> None:
        """Bind, and start the factory.

        @raise CannotListenError: the port is taken on this host, or the host has no such address.
        """
        addresses = bound_addresses(self._interface, self.process.address)
        if not addresses:
            raise CannotListenError(self._interface, self._asked, system_error(EADDRNOTAVAIL))
        port = self._asked or self.process.network.free_port(addresses, self._sockets)
        self._bound = [(address, port) for address in addresses]
        if any(endpoint in self._sockets for endpoint in self._bound):
            self._bound = []
            raise CannotListenError(self._interface, self._asked, system_error(EADDRINUSE))
        self._host = twisted_address("TCP", self._interface, port)
        self.factory.doStart()
        self._sockets.update(dict.fromkeys(self._bound, self))
        self.listening = True
        self.process.listeners[self] = None

    def accept(self, client: StreamTransport) -> AcceptedTransport:
        """The kernel accepts a stream; the process takes it when it runs next."""
        there, here = client.getHost(), client.getPeer()
        return AcceptedTransport(self, (here.host, here.port), (there.host, there.port))

    def getHost(self) -> IPv4Address | IPv6Address:
        """The bound address; C{0.0.0.0} or C{::} if bound to all addresses of the host."""
        assert self._host is not None, "it has never listened"
        return self._host

    def stopListening(self) -> Deferred[None] | None:
        """Stop accepting, at the next step of the clock; open streams stay open.

        @return: a Deferred that fires when the port is free; C{None} if it does not listen.
        """
        if not self.listening:
            return None
        if self._closed is None:
            self._closed = Deferred()
            self.process.callLater(0, self._close)
        return self._closed

    def _close(self) -> None:
        self.release()
        self.factory.doStop()
        if self._closed is not None:
            self._closed.callback(None)

    def release(self) -> None:
        """Free the port without a call to the factory, as the kernel does for an ended process."""
        self.listening = False
        for endpoint in self._bound:
            self._sockets.pop(endpoint, None)
        self._bound = []
        self.process.listeners.pop(self, None)
