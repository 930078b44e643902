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

    A peer, wherever one is named here, is an C{Address}, or the open stream that a message came by.

    @param sources: where piggybacked updates come from, asked in this order.
    @param admission: asked about the sender of each datagram, before anything else is done with it.
    @param legacy: C{legacy(message, peer)} turns what a peer of the original seven fields sends
        into a message of ours, or returns C{None} when there is nothing more to do with it.
    @param accepted_stream: called for each message of our cluster by a stream that we accepted:
        from then on a refusal of our stream port means that this process is gone.
    @ivar last_received_at: when the last message of our cluster came.
    @ivar last_received_from: the peer that it came from.
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

    # What components register

    def handle(self, kind: MessageType, handler: Handler) -> None:
        """Give each message of that type to C{handler(message, peer)}."""
        self._handlers[kind] = handler

    def on_message(self, kind: MessageType, callback: MessageCallback) -> Callable[[], None]:
        """Also tell C{callback(message, address)}, after the message's updates were applied.

        @return: a callable that ends this; called again it does nothing.
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
        """Call C{heard()} once, with the next message of our cluster."""
        self._heard = heard

    # Out

    def send(
        self,
        peer: Address | IOutlet,
        kind: MessageType,
        *parts: bytes,
        piggyback: bool = True,
        sender: Claim | None = None,
        room: int = 0,
    ) -> None:
        """Send one message of encoded parts.

        @param piggyback: whether it is filled up with updates.
        @param sender: whom the header names, if not ourselves.
        @param room: bytes that the message may have, if not those of a datagram.
        """
        if sender is not None:
            head = header(sender, kind, self._cluster, VERSION)
        elif self._header_of is not self._membership.local or kind not in (
            headers := self._headers
        ):
            head = self._make_header(kind)
        else:
            head = headers[kind]
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
        """Send what the original schema can say, and nothing else.

        @param destination: whom to.
        @param sender: whom the header names, if not ourselves.
        @param most: bytes that the message may have, if it may not have any number. To stay within,
            the destination is left off; if that does not do, nothing is sent.
        """
        data = header(sender or self._membership.local, kind, "", 0)
        aim = fields(dest_addr=destination.host, dest_port=destination.port)
        if not most or len(data) + len(aim) <= most:
            data += aim
        if not most or len(data) <= most:
            self.transmit(peer, data)

    def transmit(self, peer: Address | IOutlet, data: bytes) -> None:
        """Seal these bytes and send them."""
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
        """Bytes that a datagram may have before it is sealed."""
        return self._room

    # In

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """One datagram; nothing it holds can raise into the reactor."""
        counters = self._counters
        counters.datagrams_received += 1
        counters.bytes_received += len(datagram)
        if ":" in addr[0]:
            try:
                addr = (normal_host(addr[0]), addr[1])
            except ValueError:  # a link-local one, whose zone the socket has lost
                self._refuse("address")
                return
        peer = _new(Address, addr)
        if not self._admission.admits(peer):
            counters.not_admitted += 1
            return
        self._receive(datagram, peer)

    def frame_received(self, frame: bytes, stream: IStream) -> None:
        """One frame of a stream."""
        self._counters.frames_received += 1
        self._counters.bytes_received += len(frame)
        if self._receive(frame, stream) and stream.accepted:
            self._accepted_stream()

    def _receive(self, data: bytes, peer: Peer) -> bool:
        """Whether it was a message of our cluster. All of it is one function, for speed."""
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
