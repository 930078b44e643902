"""The SWIM datagram protocol: decodes a message, applies the updates piggybacked on it, then gives
it to the handler registered for its type; fills each message sent with updates (SWIM §4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.abstract import isIPv6Address
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from swimtx.addresses import Address, normal_host
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.errors import Malformed
from swimtx.interfaces import IAdmission, IEnvelope, IOutlet, IStream, IUpdateSource
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.transport.route import Peer
from swimtx.transport.udp_port import LOST, UdpProtocol
from swimtx.wire.codec import Codec, fields, header
from swimtx.wire.messages import VERSION, Message, MessageType

Handler = Callable[[Message, Peer], object]
MessageCallback = Callable[[Message, Address], object]

_TABLE = MessageType.TABLE
_new = tuple.__new__  # twice as quick as Address(*pair)


class SwimProtocol(UdpProtocol):
    """The C{DatagramProtocol} that a node hands to C{reactor.listenUDP}. Streams use it too.

    A C{peer} is an C{Address}, or the open stream that a message came by.

    @param admission: checks the source of each datagram before the datagram is opened.
    @param sources: the sources of piggybacked updates, in this order.
    @param legacy: C{legacy(message, peer)} translates a message of the original seven fields, or
        returns C{None} when there is nothing more to do with it.
    @param accepted_stream: called for each message of this cluster on an accepted stream: it shows
        that others can reach the stream port, so that a later refusal there means that this process
        is gone.
    @ivar last_received_at: when the last message of this cluster came, in seconds of the clock.
    @ivar last_received_from: the peer that it came from; C{None}: none has come.
    """

    __slots__ = (
        "_accepted_stream",
        "_admission",
        "_callbacks",
        "_clock",
        "_cluster",
        "_codec",
        "_counters",
        "_envelope",
        "_handlers",
        "_header_of",
        "_headers",
        "_heard",
        "_legacy",
        "_mapped",
        "_membership",
        "_room",
        "_sources",
        "last_received_at",
        "last_received_from",
    )

    _log = Logger()

    def __init__(
        self,
        membership: Membership,
        codec: Codec,
        envelope: IEnvelope,
        admission: IAdmission,
        sources: Sequence[IUpdateSource],
        legacy: Callable[[Message, Peer], Message | None],
        accepted_stream: Callable[[], object],
        config: Config,
        counters: Counters,
        clock: IReactorTime,
    ) -> None:
        self._membership = membership
        self._codec = codec
        self._envelope = envelope
        self._admission = admission
        self._sources = tuple(sources)
        self._legacy = legacy
        self._accepted_stream = accepted_stream
        self._cluster = config.cluster
        self._mapped = config.interface == "::"
        self._room: int = config.capacity - envelope.overhead
        self._counters = counters
        self._handlers: dict[MessageType, Handler] = {}
        self._callbacks: dict[MessageType, tuple[list[MessageCallback], ...]] = {}
        self._header_of: Claim | None = None
        self._headers: dict[MessageType, bytes] = {}
        self._clock = clock
        self._heard: Callable[[], object] | None = None
        self.last_received_at = 0.0
        self.last_received_from: Peer | None = None

    # Registering

    def handle(self, kind: MessageType, handler: Handler) -> None:
        """Call C{handler(message, peer)} for each message of that type; it replaces another."""
        self._handlers[kind] = handler

    def on_message(self, kind: MessageType, callback: MessageCallback) -> Callable[[], None]:
        """Call C{callback(message, address)} for each message of that type, after its handler.

        The message's updates have been applied by then.

        @return: a function that ends this; a second call does nothing.
        """
        registered = [callback]  # the same callback may be registered twice
        self._callbacks[kind] = (*self._callbacks.get(kind, ()), registered)

        def stop() -> None:
            left = tuple(one for one in self._callbacks.get(kind, ()) if one is not registered)
            if left:
                self._callbacks[kind] = left
            else:
                self._callbacks.pop(kind, None)

        return stop

    def once_received(self, heard: Callable[[], object]) -> None:
        """Call C{heard()} once, at the next message of this cluster."""
        self._heard = heard

    # Sending

    def send(
        self,
        peer: Address | IOutlet,
        kind: MessageType,
        *parts: bytes,
        piggyback: bool = True,
        sender: Claim | None = None,
        room: int = 0,
    ) -> None:
        """Send one message.

        @param parts: its encoded fields, after the header.
        @param piggyback: whether it is filled up with updates.
        @param sender: the member in the header; C{None}: the local member.
        @param room: the maximum size in bytes; 0: that of a datagram.
        """
        if sender is not None:
            head = header(sender, kind, self._cluster, VERSION)
        elif self._header_of is self._membership.local:
            head = self._headers.get(kind) or self._make_header(kind)
        else:
            head = self._make_header(kind)
        data = head + b"".join(parts)
        if piggyback:
            for source in self._sources:
                if source.pending:
                    data += source.fill((room or self._room) - len(data))
        self.transmit(peer, data)

    def send_legacy(
        self,
        peer: Address | IOutlet,
        kind: MessageType,
        destination: Address,
        sender: Claim | None = None,
        most: int = 0,
    ) -> None:
        """Send a message with only the fields of the original schema.

        @param destination: the address in its destination fields.
        @param sender: the member in the header; C{None}: the local member.
        @param most: the maximum size in bytes; 0: any. A message that is longer is sent without
            its destination fields; if it is still longer, nothing is sent.
        """
        data = header(sender or self._membership.local, kind, "", 0)
        aim = fields(dest_addr=destination.host, dest_port=destination.port)
        if not most or len(data) + len(aim) <= most:
            data += aim
        if not most or len(data) <= most:
            self.transmit(peer, data)

    def transmit(self, peer: Address | IOutlet, data: bytes) -> None:
        """Seal an encoded message, and send it. An error of the socket counts as packet loss."""
        counters = self._counters
        data = self._envelope.seal(data)
        counters.bytes_sent += len(data)
        if type(peer) is not Address:
            counters.frames_sent += 1
            peer.send(data)
            return
        counters.datagrams_sent += 1
        if self._mapped and not isIPv6Address(peer.host):
            peer = Address(f"::ffff:{peer.host}", peer.port)
        transport = self.transport
        if transport is None:  # the port is closed
            counters.send_failures += 1
            return
        try:
            transport.write(data, peer)
        except LOST:
            counters.send_failures += 1

    @property
    def room(self) -> int:
        """The maximum size of a datagram before it is sealed, in bytes."""
        return self._room

    # Receiving

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Receive one datagram; no content of it can raise an exception into the reactor."""
        counters = self._counters
        counters.datagrams_received += 1
        counters.bytes_received += len(datagram)
        if ":" in addr[0]:
            try:
                addr = (normal_host(addr[0]), addr[1])
            except ValueError:  # a link-local address, whose zone the socket has lost
                self._refuse("address")
                return
        peer = _new(Address, addr)
        if not self._admission.admits(peer):
            counters.not_admitted += 1
            return
        self._receive(datagram, peer)

    def frame_received(self, frame: bytes, stream: IStream) -> None:
        """Receive one frame of a stream."""
        self._counters.frames_received += 1
        self._counters.bytes_received += len(frame)
        if self._receive(frame, stream) and stream.accepted:
            self._accepted_stream()

    def _receive(self, data: bytes, peer: Peer) -> bool:
        """Handle one message; all in one function, for speed.

        @return: whether it was a message of this cluster.
        """
        try:
            message = self._codec.decode(self._envelope.open(data))
        except Malformed as error:
            self._refuse(error.reason)
            return False
        heading = message.header
        if heading.cluster != self._cluster and heading.version:
            self._counters.other_cluster += 1
            return False
        self.last_received_at = self._clock.seconds()
        self.last_received_from = peer
        if self._heard is not None:
            heard, self._heard = self._heard, None
            heard()
        try:
            if not heading.version:
                translated = self._legacy(message, peer)
                if translated is None:
                    return True
                message = translated
            kind = message.header.type
            updates = message.updates
            if updates and kind is not _TABLE:
                apply = self._membership.apply
                for claim in updates:
                    apply(claim)
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(message, peer)
            if kind in self._callbacks:
                address = peer if type(peer) is Address else peer.address
                for (callback,) in self._callbacks[kind]:
                    callback(message, address)
        except Exception:
            self._counters.handler_errors += 1
            self._log.failure("could not handle {message!r}", message=message)
        return True

    def _refuse(self, reason: str) -> None:
        malformed = self._counters.malformed
        malformed[reason] = malformed.get(reason, 0) + 1

    def _make_header(self, kind: MessageType) -> bytes:
        me = self._membership.local
        if self._header_of is not me:
            self._header_of = me
            self._headers = {}
        head = self._headers[kind] = header(me, kind, self._cluster, VERSION)
        return head
