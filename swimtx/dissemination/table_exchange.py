"""One table exchange, as the one who asks sees it.

By a stream if one opens within a second, else in pages of datagrams, so that a group lives with
either alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
ANSWER_WAIT = 1.0  # seconds without a page after which it is asked again
TRIES = 4
_HEADER = 300  # bytes that the header of a DIGEST may take
STREAM_PATIENCE = 5.0  # seconds without a page on a stream


class TableExchange:
    """Sends a DIGEST, collects the TABLE pages, and calls C{ended(exchange)} once.

    @ivar complete: whether all pages came.
    @ivar peer: the stream or address that answered.
    @ivar heard: the records that came, by name.
    @ivar wanted: the parts that differ, as the answering member found.
    """

    def __init__(
        self,
        address: Address,
        messenger: Messenger,
        digest: Callable[[], tuple[int, ...]],
        take: Callable[[Claim], object],
        ended: Callable[[TableExchange], object],
    ) -> None:
        self.complete = False
        self.wanted = 0
        self.heard: dict[str, Claim] = {}
        self.peer: Peer = address
        self._address = address
        self._messenger = messenger
        self._digest = digest
        self._take = take
        self._ended = ended
        self._over = False
        self._pages: set[int] = set()
        self._tries = 0
        self._timer = Timer(messenger.clock)
        self._sequence = messenger.requests.open(self._page)
        self._connecting: Deferred[IStream] | None = messenger.connect(address, STREAM_WAIT)
        self._connecting.addCallbacks(self._by_stream, self._by_datagrams)

    def stop(self) -> None:
        """Give it up without a word."""
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
        self._ask(STREAM_PATIENCE, self._give_up_stream)

    def _closed(self, stream: IStream) -> None:
        """The other side went away, or has no room for another stream."""
        if not self._over and self.peer is stream:
            self.peer = self._address
            self._by_datagrams(None)

    def _give_up_stream(self) -> None:
        """It opened and nobody answers; datagrams may still arrive."""
        self.close()
        self.peer = self._address
        self._by_datagrams(None)

    def _by_datagrams(self, failure: Failure | None) -> None:
        self._connecting = None
        if not self._over:
            self._ask(ANSWER_WAIT, self._again)

    def _again(self) -> None:
        self._tries += 1
        if self._tries >= TRIES:
            self._end()
        else:
            self._ask(ANSWER_WAIT, self._again)

    def _ask(self, wait: float, then: Callable[[], object]) -> None:
        self._pages.clear()
        question = fields(sequence=self._sequence, digest=self._digest())
        mine = framed(encode_update(self._messenger.me()))
        if len(question) + len(mine) <= self._messenger.protocol.room - _HEADER:
            question += mine  # else it goes with what differs
        self._wait(wait, then)
        self._messenger.protocol.send(self.peer, MessageType.DIGEST, question, piggyback=False)

    def _wait(self, seconds: float, then: Callable[[], object]) -> None:
        self._timer.set(seconds, then)

    def _page(self, message: Message, peer: Peer) -> None:
        if self._over or message.type is not MessageType.TABLE:
            return
        self.wanted = message.wanted
        self._pages.add(message.page)
        if type(peer) is not Address:
            self._wait(STREAM_PATIENCE, self._give_up_stream)
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
