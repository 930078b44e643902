"""One table exchange, on the side of the member that starts it.

It goes by a stream if one opens within a second, else by datagrams in pages, so that a group works
with streams alone or with datagrams alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from swimtx.addresses import Address
from swimtx.interfaces import IStream
from swimtx.membership.claim import Claim
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, fields, framed
from swimtx.wire.messages import Message, MessageType

STREAM_WAIT = 1.0  # seconds for a stream to open
ANSWER_WAIT = 1.0  # seconds without a page after which the DIGEST is sent again
TRIES = 4
_HEADER = 300  # bytes that the header of a DIGEST may take
STREAM_PATIENCE = 5.0  # seconds without a page on a stream


@attrs.define(eq=False, repr=False)
class TableExchange:
    """Sends a DIGEST, collects the TABLE pages, and calls C{ended(exchange)} once.

    @param address: the C{(host, port)} of the other member.
    @param digest: gives the digest of our table.
    @param take: called C{take(claim)} for each record received.
    @ivar complete: whether all pages were received.
    @ivar peer: the stream or address that answered.
    @ivar heard: the records received, by name.
    @ivar wanted: the parts that differ, as a mask of 64 bits, as the other member found.
    """

    _address: Address
    _messenger: Messenger
    _digest: Callable[[], tuple[int, ...]]
    _take: Callable[[Claim], object]
    _ended: Callable[[TableExchange], object]
    complete: bool = attrs.field(init=False, default=False)
    wanted: int = attrs.field(init=False, default=0)
    heard: dict[str, Claim] = attrs.field(init=False, factory=dict)
    peer: Peer = attrs.field(init=False)
    _over: bool = attrs.field(init=False, default=False)
    _pages: set[int] = attrs.field(init=False, factory=set)
    _tries: int = attrs.field(init=False, default=0)
    _timer: Timer = attrs.field(init=False)
    _sequence: int = attrs.field(init=False)
    _connecting: Deferred[IStream] | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.peer = self._address
        self._timer = Timer(self._messenger.clock)
        self._sequence = self._messenger.requests.open(self._table_received)
        self._connecting = self._messenger.connect(self._address, STREAM_WAIT)
        self._connecting.addCallbacks(self._by_stream, self._by_datagrams)

    def stop(self) -> None:
        """Give the exchange up, without a call of C{ended}."""
        self._over = True
        self._messenger.requests.close(self._sequence)
        self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        self.close()

    def close(self) -> None:
        """Close the stream, if there is one."""
        if type(self.peer) is not Address:
            self.peer.close()

    def _by_stream(self, stream: IStream) -> None:
        self._connecting = None
        if self._over:
            stream.close()
            return
        self.peer = stream
        stream.on_close(partial(self._closed, stream))
        self._send_digest(STREAM_PATIENCE, self._give_up_stream)

    def _closed(self, stream: IStream) -> None:
        """The other member closed the stream: it stopped, or accepts no more streams."""
        if not self._over and self.peer is stream:
            self.peer = self._address
            self._by_datagrams(None)

    def _give_up_stream(self) -> None:
        """The stream opened, but no page came by it; datagrams may still arrive."""
        self.close()
        self.peer = self._address
        self._by_datagrams(None)

    def _by_datagrams(self, failure: Failure | None) -> None:
        self._connecting = None
        if not self._over:
            self._send_digest(ANSWER_WAIT, self._retry)

    def _retry(self) -> None:
        self._tries += 1
        if self._tries >= TRIES:
            self._end()
        else:
            self._send_digest(ANSWER_WAIT, self._retry)

    def _send_digest(self, wait: float, unanswered: Callable[[], object]) -> None:
        """Send the DIGEST, and call C{unanswered()} after C{wait} seconds without a page."""
        self._pages.clear()
        body = fields(sequence=self._sequence, digest=self._digest())
        mine = framed(encode_update(self._messenger.me()))
        if len(body) + len(mine) <= self._messenger.protocol.room - _HEADER:
            body += mine  # else our record goes with those that differ
        self._timer.set(wait, unanswered)
        self._messenger.protocol.send(self.peer, MessageType.DIGEST, body, piggyback=False)

    def _table_received(self, message: Message, peer: Peer) -> None:
        if self._over or message.type is not MessageType.TABLE:
            return
        self.wanted = message.wanted
        self._pages.add(message.page)
        if type(peer) is not Address:
            self._timer.set(STREAM_PATIENCE, self._give_up_stream)
        for claim in message.updates:
            self.heard[claim.name] = claim
            self._take(claim)
        if len(self._pages) >= message.pages:
            self.complete = True
            self._end()

    def _end(self) -> None:
        peer = self.peer
        self.peer = self._address
        self.stop()
        self.peer = peer
        self._ended(self)
