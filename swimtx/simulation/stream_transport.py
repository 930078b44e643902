"""TCP of a simulated process: one end of an open stream, with the interfaces of Twisted."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IProducer,
    IProtocol,
    IPullProducer,
    IPushProducer,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.simulation.addresses import Endpoint, is_loopback, on_host, twisted_address
from swimtx.simulation.stream_link import Mark, Segment, Wire

if TYPE_CHECKING:
    from swimtx.simulation.memory_reactor import MemoryReactor

_log = Logger()
_USER_TIMEOUT = (socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", -1))


@implementer(ITCPTransport, IConsumer, IPushProducer)
class StreamTransport:
    """One end of a stream. Its write buffer is unbounded: it never pauses a producer.

    @ivar connected: whether data may be written.
    @ivar disconnecting: whether C{loseConnection} was called.
    """

    def __init__(self, process: MemoryReactor, here: Endpoint, there: Endpoint) -> None:
        self.connected = False
        self.disconnecting = False
        self.protocol: IProtocol | None = None
        self.producer: IProducer | None = None
        self._streaming = False
        self._process = process
        self._host = twisted_address("TCP", *here)
        self._peer = twisted_address("TCP", *there)
        self._out: Wire | None = None
        self._write_closed = False
        self._paused = False
        self._unread: deque[Segment] = deque()
        self._options: dict[str, bool] = {}

    def link(self, other: StreamTransport | None) -> Wire:
        """Send to this other end from now on; without one, discard what is sent."""
        host, peer = self._host.host, self._peer.host
        there = on_host(peer, host) if is_loopback(peer) else peer
        deliver = _discard if other is None else other.arrived
        self._out = wire = Wire(self._process.network, host, there, deliver, self._gave_up)
        self._process.transports[self] = None
        return wire

    # Called by the protocol.

    def write(self, data: bytes) -> None:
        """Send data, in order; ignored once the connection is gone.

        @raise TypeError: C{data} is not bytes.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"a bytes-like object is required, not {type(data).__name__!r}")
        if self.connected and not self._write_closed and data and self._out is not None:
            outbox = self._process.outbox
            if outbox is None:
                self._send(bytes(data))
            else:
                outbox.append((self._send, (bytes(data),)))
            if self.producer is not None and not self._streaming:
                self._process.callLater(0, self._pull)

    def _send(self, data: bytes) -> None:
        if self.connected and self._out is not None:
            self._process.network.traffic.stream_bytes_sent += len(data)
            self._out.send(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send several pieces of data in order."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close once a producer is done; written data has already been sent."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            if self.producer is None:
                self._process.callLater(0, self.close, ConnectionDone())

    def loseWriteConnection(self) -> None:  # noqa: N802
        """Send a FIN, but go on reading."""
        if self.connected and not self._write_closed and self._out is not None:
            self._write_closed = True
            self._out.send(Mark.FIN)
            half_closeable = _half_closeable(self.protocol)
            if half_closeable is not None:
                self._process.callLater(0, self._call, half_closeable.writeConnectionLost)

    def abortConnection(self) -> None:
        """Close now with a reset; data that has not arrived is dropped."""
        if self.connected:
            self.disconnecting = True
            self._write_closed = True
            if self._out is not None:
                self._out.reset()
            self._process.callLater(0, self.close, ConnectionAborted())

    def getHost(self) -> IPv4Address | IPv6Address:
        """The address of this end."""
        return self._host

    def getPeer(self) -> IPv4Address | IPv6Address:
        """The address of the other end."""
        return self._peer

    def getTcpNoDelay(self) -> bool:  # noqa: N802
        """The value that was set."""
        return self._options.get("no delay", False)

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """Remembered, without effect."""
        self._options["no delay"] = bool(enabled)

    def getTcpKeepAlive(self) -> bool:  # noqa: N802
        """The value that was set."""
        return self._options.get("keep alive", False)

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802
        """Remembered, without effect."""
        self._options["keep alive"] = bool(enabled)

    def getHandle(self) -> _Socket:
        """An object for the socket options."""
        return _Socket(self._out)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Take all that this producer writes, at once.

        @raise RuntimeError: another producer is registered.
        """
        if self.producer is not None:
            raise RuntimeError(f"{self} has a producer already: {self.producer}")
        if not self.connected:
            producer.stopProducing()
            return
        self.producer = producer
        self._streaming = streaming
        if not streaming:
            self._pull()

    def unregisterProducer(self) -> None:
        """Remove the producer, which is done."""
        self.producer = None
        if self.connected and self.disconnecting:
            self._process.callLater(0, self.close, ConnectionDone())

    def _pull(self) -> None:
        if self.producer is not None:
            IPullProducer(self.producer).resumeProducing()

    def pauseProducing(self) -> None:
        """Stop reading until L{resumeProducing}."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Read again."""
        self._paused = False
        if self._unread:
            self._process.callLater(0, self._read_on)

    def stopProducing(self) -> None:
        """As L{loseConnection}."""
        self.loseConnection()

    # Called by the network.

    def arrived(self, segment: Segment) -> None:
        """A segment from the other end arrives at the kernel."""
        if self in self._process.transports:
            self._process.tell(self._take, segment)
        elif isinstance(segment, bytes) and segment and self._out is not None:
            self._out.reset()  # as a kernel answers data for a closed socket

    def _take(self, segment: Segment) -> None:
        self._unread.append(segment)
        if not self._paused:
            self._read_on()

    def _read_on(self) -> None:
        while self._unread and not self._paused:
            self._read(self._unread.popleft())

    def _read(self, segment: Segment) -> None:
        if not self.connected or self.protocol is None:
            return
        if segment is Mark.RESET:
            self.close(ConnectionLost())
        elif segment is Mark.FIN:
            half_closeable = _half_closeable(self.protocol)
            if half_closeable is None:
                self.close(ConnectionDone())
            else:
                self._call(half_closeable.readConnectionLost)
        elif isinstance(segment, bytes) and segment:
            self._process.network.traffic.stream_bytes_delivered += len(segment)
            self._call(self.protocol.dataReceived, segment)

    def _call(self, function: Callable[..., object], *args: Any) -> None:
        """Call the protocol; if that raises, close the stream, as Twisted does."""
        try:
            function(*args)
        except Exception as error:
            _log.failure("Unhandled Error")
            self.close(error)

    def _gave_up(self) -> None:
        self._process.tell(self.close, ConnectionLost())

    def close(self, reason: Exception) -> None:
        """Close now, and give the reason to the protocol."""
        if not self.connected:
            return
        self.connected = False
        self.disconnecting = True
        self._process.transports.pop(self, None)
        if self._out is not None and not self._write_closed:
            self._out.send(Mark.FIN)
        if self.producer is not None:
            producer, self.producer = self.producer, None
            producer.stopProducing()
        failure = Failure(reason)
        if self.protocol is not None:
            try:
                self.protocol.connectionLost(failure)
            except Exception:
                _log.failure("Unhandled Error")
        self.closed(failure)

    def closed(self, reason: Failure) -> None:
        """Called after the protocol is told of the end; for subclasses."""

    def release(self, quietly: bool, unread: bool) -> None:
        """Close for an ended process, as a kernel does: with a reset if data is unread."""
        self.connected = False
        self._process.transports.pop(self, None)
        if self._out is None:
            return
        if quietly:
            self._out.drop()
        elif unread or self._unread:
            self._out.reset()
        elif not self._write_closed:
            self._out.send(Mark.FIN)


@attrs.define(eq=False, repr=False)
class _Socket:
    """The socket options that the simulation knows: TCP_USER_TIMEOUT only."""

    _wire: Wire | None

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Set how long sent data may stay unconfirmed, in milliseconds."""
        if (level, option) == _USER_TIMEOUT and self._wire is not None:
            self._wire.longest = value / 1000


def _half_closeable(protocol: object) -> Any:
    """The protocol as L{IHalfCloseableProtocol}, or L{None} if it is not one."""
    return IHalfCloseableProtocol(protocol, None)


def _discard(segment: Segment) -> None:
    """Discard a segment: the far end of a mute stream."""
