"""UDP of a simulated process: a port that behaves like Twisted's."""

from __future__ import annotations

from collections import deque
from errno import EACCES, EINVAL
from typing import TYPE_CHECKING

import attrs
from twisted.internet.error import InvalidAddressError, MessageLengthError
from twisted.internet.interfaces import IListeningPort, IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from swimtx.simulation.addresses import Endpoint, is_loopback, is_v6, normal, on_host, unmapped
from swimtx.simulation.bound_socket import BoundSocket, system_error

if TYPE_CHECKING:
    from swimtx.simulation.network import MemoryNetwork

#: The largest payload of a UDP datagram, in bytes.
LARGEST = 65507

#: The size of a socket's receive buffer, and the bytes that Linux counts in it per datagram beside
#: its data.
RECEIVE_BUFFER = 212_992
OVERHEAD = 832

_log = Logger()


@implementer(IListeningPort, IUDPTransport)
@attrs.define(eq=False, repr=False)
class DatagramPort(BoundSocket):
    """A UDP socket of one process.

    @ivar maxThroughput: bytes of kept datagrams that are read before due timers fire again.
    @ivar kept: the datagrams in the kernel's buffer while the process does not read, else C{None}.
    """

    protocol: DatagramProtocol
    maxPacketSize: int
    maxThroughput: int = attrs.field(init=False, default=256 * 1024)
    kept: deque[tuple[bytes, Endpoint]] | None = attrs.field(init=False, default=None)
    _kept_bytes: int = attrs.field(init=False, default=0)
    _network: MemoryNetwork = attrs.field(init=False)
    # The targets for which write() makes no further checks; none for a loopback socket.
    _known: dict[Endpoint, DatagramPort] = attrs.field(init=False, factory=dict)
    _v6: bool = attrs.field(init=False)
    _source: Endpoint = attrs.field(init=False, default=("", 0))
    _connected_to: Endpoint | None = attrs.field(init=False, default=None)
    _broadcast: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if normal(self._interface) is None:
            raise InvalidAddressError(self._interface, "not an IPv4 or IPv6 address.")
        self._network = self.process.network
        self._v6 = is_v6(self._interface)

    def startListening(self) -> None:
        """Bind, and start the protocol.

        @raise CannotListenError: the port is taken on this host, or the host has no such address.
        """
        self._bind("UDP")
        self._sockets.update(dict.fromkeys(self._bound, self))
        address, port = self._bound[0]
        self._source = (address.partition("%")[0], port)
        self.listening = True
        self.let_go()
        self.process.datagram_ports[self] = None
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
        if not self.listening:
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
        destination = (on_host(literal, self.process.address), port)
        if port == 0 or (is_loopback(source[0]) and not is_loopback(literal)):
            raise system_error(EINVAL)
        send = self._network.send_datagram
        if is_loopback(literal):
            send, source = self._network.send_locally, (literal, source[1])
        outbox = self.process.outbox
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
        while self.kept and read < self.maxThroughput and self.process.reads:
            packet, source = self.kept.popleft()
            self._kept_bytes -= len(packet) + OVERHEAD
            read += len(packet)
            self.read(packet, source)
        if not self.kept and self.process.reads:
            self.kept = None
        return bool(self.kept)

    def _stop(self) -> None:
        try:
            self.protocol.doStop()
        except Exception:
            _log.failure("Unhandled Error")

    def release(self) -> None:
        """Free the port without a call to the protocol, as the kernel does for an ended process."""
        super().release()
        self.kept = None
        self._known = {}
        self.process.datagram_ports.pop(self, None)

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
