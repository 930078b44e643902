"""TCP of a simulated process: one end of an open stream, as protocols know it from Twisted."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

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
    """One end of a stream. It takes whatever is written: nobody is ever asked to pause.

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
        """Send to this other end from now on; without one, to somebody who never reads."""
        host, peer = self._host.host, self._peer.host
        there = on_host(peer, host) if is_loopback(peer) else peer
        deliver = _swallow if other is None else other.arrived
        self._out = wire = Wire(self._process.network, host, there, deliver, self._gave_up)
        self._process.transports[self] = None
        return wire

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Send this, in order; ignored once the connection is gone.

        @raise TypeError: not bytes.
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
        """Send these one after the other."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close once everything written is sent, which is at once, and a producer is done."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            if self.producer is None:
                self._process.callLater(0, self.close, ConnectionDone())

    def loseWriteConnection(self) -> None:  # noqa: N802
        """Tell the other side that no more comes, but go on reading."""
        if self.connected and not self._write_closed and self._out is not None:
            self._write_closed = True
            self._out.send(Mark.FIN)
            half_closeable = _half_closeable(self.protocol)
            if half_closeable is not None:
                self._process.callLater(0, self._call, half_closeable.writeConnectionLost)

    def abortConnection(self) -> None:
        """Close now; what has not arrived is dropped, and the other side sees a reset."""
        if self.connected:
            self.disconnecting = True
            self._write_closed = True
            if self._out is not None:
                self._out.reset()
            self._process.callLater(0, self.close, ConnectionAborted())

    def getHost(self) -> IPv4Address | IPv6Address:
        """Our address."""
        return self._host

    def getPeer(self) -> IPv4Address | IPv6Address:
        """The other side's address."""
        return self._peer

    def getTcpNoDelay(self) -> bool:  # noqa: N802
        """What was set."""
        return self._options.get("no delay", False)

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """Remembered only."""
        self._options["no delay"] = bool(enabled)

    def getTcpKeepAlive(self) -> bool:  # noqa: N802
        """What was set."""
        return self._options.get("keep alive", False)

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802
        """Remembered only."""
        self._options["keep alive"] = bool(enabled)

    def getHandle(self) -> _Socket:
        """What stands for the socket."""
        return _Socket(self._out)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Take what this producer has to write, all at once.

        @raise RuntimeError: there is one already.
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
        """The producer is done."""
        self.producer = None
        if self.connected and self.disconnecting:
            self._process.callLater(0, self.close, ConnectionDone())

    def _pull(self) -> None:
        if self.producer is not None:
            IPullProducer(self.producer).resumeProducing()

    def pauseProducing(self) -> None:
        """Read nothing until L{resumeProducing}."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Read on."""
        self._paused = False
        if self._unread:
            self._process.callLater(0, self._read_on)

    def stopProducing(self) -> None:
        """As L{loseConnection}."""
        self.loseConnection()

    # What the network calls.

    def arrived(self, segment: Segment) -> None:
        """The kernel's side: this came from the other end."""
        if self in self._process.transports:
            self._process.tell(self._take, segment)
        elif isinstance(segment, bytes) and segment and self._out is not None:
            self._out.reset()  # nobody has this stream any more, and so says the kernel

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
        """Call the protocol; a stream whose protocol raises is closed, as in Twisted."""
        try:
            function(*args)
        except Exception as error:
            _log.failure("Unhandled Error")
            self.close(error)

    def _gave_up(self) -> None:
        self._process.tell(self.close, ConnectionLost())

    def close(self, reason: Exception) -> None:
        """Close now, and tell the protocol why."""
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
        """For a subclass that has somebody else to tell."""

    def release(self, quietly: bool, unread: bool) -> None:
        """The process has ended: the kernel closes, with a reset if data was left unread."""
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


class _Socket:
    """The one option of a socket that this network knows."""

    def __init__(self, wire: Wire | None) -> None:
        self._wire = wire

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """How long what was sent may stay unconfirmed, in milliseconds."""
        if (level, option) == _USER_TIMEOUT and self._wire is not None:
            self._wire.longest = value / 1000


def _half_closeable(protocol: object) -> Any:
    """The protocol, if it wants to hear of half a close, else L{None}."""
    return IHalfCloseableProtocol(protocol, None)


def _swallow(segment: Segment) -> None:
    """The far end of a mute stream."""
