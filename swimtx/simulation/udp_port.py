"""UDP of a simulated process: a port that behaves like Twisted's."""

from __future__ import annotations

import os
from collections import deque
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL, EINVAL
from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, InvalidAddressError, MessageLengthError
from twisted.internet.interfaces import IListeningPort, IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from swimtx.simulation.addresses import (
    Endpoint,
    bound_addresses,
    is_loopback,
    is_v6,
    normal,
    on_host,
    twisted_address,
    unmapped,
)

if TYPE_CHECKING:
    from swimtx.simulation.memory_reactor import MemoryReactor

#: The largest payload of a UDP datagram, in bytes.
LARGEST = 65507

#: The size of a socket's receive buffer, and the bytes that Linux counts in it per datagram beside
#: its data.
RECEIVE_BUFFER = 212_992
OVERHEAD = 832

_log = Logger()


def system_error(number: int) -> OSError:
    """The error that the kernel reports by this C{errno}."""
    return OSError(number, os.strerror(number))


@implementer(IListeningPort, IUDPTransport)
class DatagramPort:
    """A UDP socket of one process, bound as long as it listens.

    @ivar maxThroughput: bytes of kept datagrams that are read before due timers fire again.
    @ivar kept: the datagrams in the kernel's buffer while the process does not read, else C{None}.
    """

    __slots__ = (
        "__weakref__",
        "_asked",
        "_bound",
        "_broadcast",
        "_closed",
        "_connected_to",
        "_host",
        "_interface",
        "_kept_bytes",
        "_known",
        "_listening",
        "_network",
        "_process",
        "_sockets",
        "_source",
        "_v6",
        "kept",
        "maxPacketSize",
        "maxThroughput",
        "protocol",
    )

    def __init__(
        self,
        process: MemoryReactor,
        port: int,
        protocol: DatagramProtocol,
        interface: str,
        max_packet_size: int,
    ) -> None:
        if interface and normal(interface) is None:
            raise InvalidAddressError(interface, "not an IPv4 or IPv6 address.")
        self.protocol = protocol
        self.maxPacketSize = max_packet_size
        self.maxThroughput = 256 * 1024
        self._process = process
        self._network = process.network
        self._sockets = process.network.datagram_ports
        # The targets for which write() makes no further checks; none for a loopback socket.
        self._known: dict[Endpoint, DatagramPort] = {}
        self._interface = normal(interface or "0.0.0.0") or interface
        self._asked = port
        self._v6 = is_v6(self._interface)
        self._listening = False
        self._host: IPv4Address | IPv6Address | None = None
        self._bound: list[Endpoint] = []
        self._source: Endpoint = ("", 0)
        self._connected_to: Endpoint | None = None
        self._broadcast = False
        self._closed: Deferred[None] | None = None
        self.kept: deque[tuple[bytes, Endpoint]] | None = None
        self._kept_bytes = 0

    def startListening(self) -> None:
        """Bind, and start the protocol.

        @raise CannotListenError: the port is taken on this host, or the host has no such address.
        """
        host = self._process.address
        addresses = bound_addresses(self._interface, host)
        if not addresses:
            raise CannotListenError(self._interface, self._asked, system_error(EADDRNOTAVAIL))
        port = self._asked or self._network.free_port(addresses, self._sockets)
        bound = [(address, port) for address in addresses]
        if any(endpoint in self._sockets for endpoint in bound):
            raise CannotListenError(self._interface, self._asked, system_error(EADDRINUSE))
        self._bound = bound
        self._sockets.update(dict.fromkeys(bound, self))
        self._source = (addresses[0].partition("%")[0], port)
        self._host = twisted_address("UDP", self._interface, port)
        self._listening = True
        self.let_go()
        self.protocol.makeConnection(self)

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send a datagram at once, or raise the errors of a real port.

        @raise InvalidAddressError: C{addr} has a host name, or an address of the other family.
        @raise MessageLengthError: C{packet} has more than 65,507 bytes.
        @raise TypeError: C{packet} is not bytes.
        @raise OverflowError: the port is not within 0 to 65535.
        @raise OSError: the port is 0, or a loopback socket sends to another host.
        """
        known = self._known.get(addr)  # type: ignore[arg-type]
        if (
            known is None
            or known._v6 is not self._v6
            or type(packet) is not bytes
            or len(packet) > LARGEST
        ):
            self._write_carefully(packet, addr or self._connected_to)
        else:
            self._network.send_datagram(self._source, addr, packet)  # type: ignore[arg-type]

    def _write_carefully(self, packet: bytes, addr: Endpoint | None) -> None:
        """Send a datagram to any other target than those in C{_known}, after all checks."""
        if not self._listening:
            return
        if not isinstance(packet, bytes | bytearray | memoryview):
            raise TypeError(f"a bytes-like object is required, not {type(packet).__name__!r}")
        assert addr is not None, "a port that is not connected needs an address to write to"
        literal, port = self._checked(addr[0]), addr[1]
        if len(packet) > LARGEST:
            raise MessageLengthError("message too long")
        if not 0 <= port <= 65535:
            raise OverflowError("port must be 0-65535.")
        source = self._source
        destination = (on_host(literal, self._process.address), port)
        if port == 0 or (is_loopback(source[0]) and not is_loopback(literal)):
            raise system_error(EINVAL)
        send = self._network.send_datagram
        if is_loopback(literal):
            send, source = self._network.send_locally, (literal, source[1])
        outbox = self._process.outbox
        if outbox is None:
            send(source, destination, bytes(packet))
        else:
            outbox.append((send, (source, destination, bytes(packet))))

    def _checked(self, host: str) -> str:
        """The normal spelling of a literal address that this socket can send to."""
        literal = normal(host)
        if literal is None:
            if host == "<broadcast>":
                raise system_error(EACCES)
            raise InvalidAddressError(host, "write() only accepts IP addresses, not hostnames")
        if self._v6 and not is_v6(literal):
            raise InvalidAddressError(host, "IPv6 port write() called with IPv4 address")
        if is_v6(literal) and not self._v6:
            raise InvalidAddressError(host, "IPv4 port write() called with IPv6 address")
        return unmapped(literal)

    def is_full(self, packet: bytes) -> bool:
        """Whether the kernel's buffer has no room for this datagram."""
        return self._kept_bytes + len(packet) + OVERHEAD > RECEIVE_BUFFER

    def put_by(self, packet: bytes, source: Endpoint) -> None:
        """Keep a datagram in the kernel's buffer, since the process does not read."""
        assert self.kept is not None
        self._kept_bytes += len(packet) + OVERHEAD
        self.kept.append((packet, source))

    def read(self, packet: bytes, source: Endpoint) -> None:
        """Give a datagram to the protocol."""
        if self._v6 and not is_v6(source[0]):
            source = (f"::ffff:{source[0]}", source[1])
        if len(packet) > self.maxPacketSize:
            packet = packet[: self.maxPacketSize]
        try:
            self.protocol.datagramReceived(packet, source)
        except Exception:
            _log.failure("Unhandled Error")

    def hold(self) -> None:
        """Have L{write} check each datagram, and so put it into the outbox."""
        self._known = {}

    def let_go(self) -> None:
        """Undo L{hold}: send datagrams as they are written."""
        self._known = {} if is_loopback(self._source[0]) else self._sockets

    def keep(self) -> None:
        """Keep arriving datagrams in the kernel's buffer from now on."""
        if self.kept is None:
            self.kept = deque()

    def read_kept(self) -> bool:
        """Read up to C{maxThroughput} bytes of the kept datagrams; return whether more wait."""
        read = 0
        while self.kept and read < self.maxThroughput and self._process.reads:
            packet, source = self.kept.popleft()
            self._kept_bytes -= len(packet) + OVERHEAD
            read += len(packet)
            self.read(packet, source)
        if not self.kept and self._process.reads:
            self.kept = None
        return bool(self.kept)

    def getHost(self) -> IPv4Address | IPv6Address:
        """The bound address; C{0.0.0.0} or C{::} if bound to all addresses of the host."""
        assert self._host is not None, "it has never listened"
        return self._host

    def stopListening(self) -> Deferred[None] | None:
        """Close at the next step of the clock.

        @return: a Deferred that fires when the protocol is stopped; C{None} if it does not listen.
        """
        if not self._listening:
            return None
        if self._closed is None:
            self._closed = Deferred()
            self._process.callLater(0, self._close)
        return self._closed

    def _close(self) -> None:
        self.release()
        try:
            self.protocol.doStop()
        except Exception:
            _log.failure("Unhandled Error")
        if self._closed is not None:
            self._closed.callback(None)

    def release(self) -> None:
        """Free the port without a call to the protocol, as the kernel does for an ended process."""
        self._listening = False
        for endpoint in self._bound:
            self._sockets.pop(endpoint, None)
        self._bound = []
        self.kept = None
        self._known = {}
        self._process.datagram_ports.pop(self, None)

    def connect(self, host: str, port: int) -> None:
        """Set the address of datagrams that are written without one.

        @raise RuntimeError: the port is connected already.
        @raise InvalidAddressError: C{host} is a host name, or an address of the other family.
        """
        if self._connected_to is not None:
            raise RuntimeError("already connected, reconnecting is not currently supported")
        self._connected_to = (self._checked(host), port)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Remember this, without effect: the simulated network has no broadcast."""
        self._broadcast = bool(enabled)

    def getBroadcastAllowed(self) -> bool:
        """The value that was set."""
        return self._broadcast

    def __repr__(self) -> str:
        return f"<{type(self.protocol).__name__} on {self._host}>"
