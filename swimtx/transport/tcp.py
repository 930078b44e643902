"""Streams over TCP: messages in frames, on the same port number as UDP.

A frame is a length in four bytes, big-endian, and that many bytes of one message.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IDelayedCall, IReactorTCP, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.addresses import Address, normal_host
from swimtx.counters import Counters
from swimtx.interfaces import IAdmission, IStream, IStreams, Received
from swimtx.reactor import Reactor

MAX_FRAME = 128 * 1024  # bytes
BACKLOG = 1024
MAX_ACCEPTED = 512  # accepted streams at a time
IDLE = 30.0  # seconds after which a stream that has received no frame is closed
KEPT = 3600.0  # seconds without a frame after which any other stream is closed


@implementer(IStream)
class TcpStream(Int32StringReceiver):
    """One TCP connection."""

    MAX_LENGTH = MAX_FRAME

    def __init__(self, streams: TcpStreams, received: Received, accepted: bool) -> None:
        self._streams = streams
        self._received = received
        self.accepted = accepted
        self._idle: IDelayedCall | None = None
        self.address = Address("", 0)
        self._on_close: Callable[[], object] | None = None

    def send(self, data: bytes) -> None:
        """Send one message's bytes."""
        if self.connected:
            self.sendString(data)

    def on_close(self, callback: Callable[[], object] | None) -> None:
        """Call C{callback()}, and no other, when the stream has closed; C{None}: call nothing."""
        self._on_close = callback

    def close(self) -> None:
        """Close the stream when all that was written has been sent."""
        if self.transport is not None:
            self.transport.loseConnection()

    def give_up_after(self, seconds: float) -> None:
        """Close the stream when sent data is not acknowledged for that long (TCP_USER_TIMEOUT)."""
        handle = getattr(self.transport, "getHandle", None)
        if handle is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            handle().setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, round(seconds * 1000))
            )

    def connectionMade(self) -> None:
        """Set the socket's options and the idle timer; abort a stream from a link-local peer."""
        assert self.transport is not None
        peer: Any = self.transport.getPeer()
        try:
            self.address = Address(normal_host(peer.host), peer.port)
        except ValueError:  # a link-local address, to which no datagram could be sent
            self.transport.abortConnection()  # type: ignore[attr-defined]
            return
        self.transport.setTcpNoDelay(True)  # type: ignore[attr-defined]
        self.transport.setTcpKeepAlive(True)  # type: ignore[attr-defined]
        self._idle = self._streams.clock.callLater(IDLE, self.close)
        self._streams.opened(self)

    def stringReceived(self, string: bytes) -> None:
        """Pass a received frame to the receiver, and postpone the idle timer."""
        if self._idle is not None and self._idle.active():
            self._idle.reset(KEPT)
        self._received(string, self)

    def lengthLimitExceeded(self, length: int) -> None:
        """Abort the connection: no member sends frames of that length."""
        assert self.transport is not None
        self.transport.abortConnection()  # type: ignore[attr-defined]

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Report that either side has closed the stream."""
        self.connected = 0
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self._streams.closed(self)
        if self._on_close is not None:
            self._on_close()


class _Accepting(ServerFactory):
    noisy = False

    def __init__(self, streams: TcpStreams, received: Received) -> None:
        self._streams = streams
        self._received = received

    def buildProtocol(self, addr: Any) -> Protocol | None:
        if not self._streams.admits(addr) or self._streams.accepted >= MAX_ACCEPTED:
            return None
        return TcpStream(self._streams, self._received, accepted=True)


class _Connecting(_Accepting):
    def buildProtocol(self, addr: Any) -> Protocol:
        return TcpStream(self._streams, self._received, accepted=False)


@implementer(IStreams)
class TcpStreams:
    """Opens and accepts TCP connections.

    @param reactor: provides C{IReactorTCP} and C{IReactorTime}.
    @param admission: checks the source of each stream before the stream is accepted.
    @ivar accepted: number of accepted streams that are open.
    """

    def __init__(self, reactor: Reactor, admission: IAdmission, counters: Counters) -> None:
        self._reactor = IReactorTCP(reactor)
        self._admission = admission
        self._counters = counters
        self.clock = IReactorTime(reactor)
        self.accepted = 0
        self._open: dict[TcpStream, None] = {}
        self._connecting: dict[Deferred[Any], None] = {}
        self._port: Any = None
        self._gone: Deferred[None] | None = None

    def listen(self, host: str, port: int, received: Received) -> None:
        """Accept streams on that address.

        @param received: C{received(frame, stream)} is called for each frame.
        @raise twisted.internet.error.CannotListenError: the port is taken.
        """
        factory = _Accepting(self, received)
        self._port = self._reactor.listenTCP(port, factory, backlog=BACKLOG, interface=host)

    def connect(self, address: Address, timeout: float, received: Received) -> Deferred[IStream]:
        """Open a stream.

        @param timeout: seconds.
        @param received: C{received(frame, stream)} is called for each frame.
        @return: a Deferred of the stream; fails with C{ConnectError} or one of its subclasses when
            the connection fails, and with C{ConnectingCancelledError} when the Deferred is
            cancelled.
        """
        endpoint = TCP6ClientEndpoint if ":" in address.host else TCP4ClientEndpoint
        connecting = endpoint(
            self._reactor, address.host, address.port, timeout=max(0.05, timeout)
        ).connect(_Connecting(self, received))
        self._connecting[connecting] = None

        def settled(result: Any) -> Any:
            self._connecting.pop(connecting, None)
            return result

        connecting.addBoth(settled)
        return connecting  # type: ignore[return-value]

    def stop(self) -> Deferred[None]:
        """Close the port and all streams.

        @return: fires when they are closed.
        """
        for connecting in list(self._connecting):
            connecting.cancel()
        waits: list[Deferred[Any]] = []
        if self._port is not None:
            waits.append(maybeDeferred(self._port.stopListening))
            self._port = None
        if self._open:
            self._gone = Deferred()
            waits.append(self._gone)
            for stream in list(self._open):
                assert stream.transport is not None
                stream.transport.abortConnection()  # type: ignore[attr-defined]
        if not waits:
            return succeed(None)
        return DeferredList(waits).addCallback(lambda results: None)

    def admits(self, address: Any) -> bool:
        """Whether a stream from that address is accepted."""
        try:
            admitted = self._admission.admits(Address(normal_host(address.host), address.port))
        except ValueError:  # a link-local address, which is not supported
            admitted = False
        self._counters.not_admitted += not admitted
        return admitted

    def opened(self, stream: TcpStream) -> None:
        """Add a stream that has opened."""
        self._open[stream] = None
        self.accepted += stream.accepted

    def closed(self, stream: TcpStream) -> None:
        """Remove a stream that has closed."""
        if stream not in self._open:
            return
        del self._open[stream]
        self.accepted -= stream.accepted
        if not self._open and self._gone is not None:
            gone, self._gone = self._gone, None
            gone.callback(None)
