"""Asking seeds: a JOIN_REQ to each, by datagram, and by stream to those that stay silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from swimtx.addresses import Address, normal_host
from swimtx.config import Config
from swimtx.interfaces import Found, IStream
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, fields, framed, sequence_field
from swimtx.wire.messages import Message, MessageType

_PADDED = 1200  # bytes of a JOIN_REQ, so that as many may come back


class ExchangeTables(Protocol):
    """Starts to compare tables with whoever is at an address."""

    def __call__(
        self, address: Address, done: Callable[[bool], object] = lambda done: None
    ) -> object:
        """Start; C{done(whether)} tells whether it worked."""


class SeedQuery:
    """One round of JOIN_REQs to all seeds. Calls C{ended()} at the first answer, or in time.

    @ivar answers: each JOIN_RES that came, and from whom.
    @ivar ourselves: seeds that turned out to be us, under another address.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        messenger: Messenger,
        config: Config,
        ended: Callable[[], object],
    ) -> None:
        self.answers: list[tuple[Message, Peer]] = []
        self.ourselves: set[Address] = set()
        self._addresses = addresses
        self._messenger = messenger
        self._ended = ended
        self._connecting: list[Deferred[IStream]] = []
        self._streams: list[IStream] = []
        self._sequence = messenger.requests.open(self._answered)
        self._config = config
        self._timer = Timer(messenger.clock)
        self._timer.set(config.ping_timeout, self._by_stream)
        for address in addresses:
            self._send(address)

    def stop(self) -> None:
        """Hear no more answers."""
        self._messenger.requests.close(self._sequence)
        self._timer.cancel()
        for connecting in self._connecting:
            connecting.cancel()
        for stream in self._streams:
            stream.close()
        self._connecting.clear()
        self._streams.clear()

    def _send(self, peer: Peer) -> None:
        body = join_request(self._messenger, self._sequence, _PADDED)
        self._messenger.protocol.send(peer, MessageType.JOIN_REQ, body, piggyback=False)

    def _by_stream(self) -> None:
        left = self._config.protocol_period - self._config.ping_timeout
        self._timer.set(left, self._ended)
        for address in self._addresses:
            self._send(address)
            connecting = self._messenger.connect(address, left)
            connecting.addCallbacks(self._opened, lambda failure: None)
            self._connecting.append(connecting)

    def _opened(self, stream: IStream) -> None:
        self._streams.append(stream)
        self._send(stream)

    def _answered(self, message: Message, peer: Peer) -> None:
        if message.type is not MessageType.JOIN_RES:
            return
        me = self._messenger.me()
        if (message.name, message.epoch) == (me.name, me.epoch):
            self.ourselves.add(peer if type(peer) is Address else message.address)
        else:
            self.answers.append((message, peer))
            # The other seeds' answers are a moment behind; they are worth that moment.
            self._timer.set(0.0, self._ended)


def usable(found: Any) -> Found:
    """What a source of seeds has found, each address in its one form.

    @raise ValueError: it is no list of addresses with a dict of failures.
    """
    try:
        addresses, failures = found
        pairs = [(host, port) for host, port in addresses]
        sentences = dict(failures)
    except (TypeError, ValueError):
        raise ValueError(f"{found!r} is not (addresses, failures)") from None
    checked: list[Address] = []
    for host, port in pairs:
        if not isinstance(host, str) or not isinstance(port, int) or not 0 < port <= 0xFFFF:
            raise ValueError(f"{(host, port)!r} is no address that could be asked")
        try:
            checked.append(Address(normal_host(host), port))
        except ValueError as error:
            raise ValueError(f"{(host, port)!r} is no address: {error}") from None
    return checked, sentences


def join_request(messenger: Messenger, sequence: int, size: int) -> bytes:
    """A JOIN_REQ's fields with our ALIVE, padded so that an answer of C{size} bytes is allowed."""
    body = sequence_field(sequence) + framed(encode_update(messenger.me()))
    return body + fields(padding=bytes(max(0, size - len(body) - 120)))
