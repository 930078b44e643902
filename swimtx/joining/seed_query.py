"""Asks seeds for members: a JOIN_REQ by datagram, then by stream too if no seed has answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs
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
    """Starts a table exchange with the member at an address."""

    def __call__(
        self, address: Address, done: Callable[[bool], object] = lambda done: None
    ) -> object:
        """Start; C{done(complete)} is called once, and tells whether the exchange succeeded."""


@attrs.define(eq=False, repr=False)
class SeedQuery:
    """One round of JOIN_REQs to all seeds.

    @param ended: called C{ended()} at the first answer, else after one protocol period.
    @ivar answers: each JOIN_RES received, and the peer that sent it.
    @ivar ourselves: the addresses of seeds that turned out to be this member.
    """

    _addresses: Sequence[Address]
    _messenger: Messenger
    _config: Config
    _ended: Callable[[], object]
    answers: list[tuple[Message, Peer]] = attrs.field(init=False, factory=list)
    ourselves: set[Address] = attrs.field(init=False, factory=set)
    _connecting: list[Deferred[IStream]] = attrs.field(init=False, factory=list)
    _streams: list[IStream] = attrs.field(init=False, factory=list)
    _sequence: int = attrs.field(init=False)
    _timer: Timer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._sequence = self._messenger.requests.open(self._join_res_received)
        self._timer = Timer(self._messenger.clock)
        self._timer.set(self._config.ping_timeout, self._by_stream)
        for address in self._addresses:
            self._send(address)

    def stop(self) -> None:
        """Wait for no more answers, and close the streams."""
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
            connecting.addCallbacks(self._stream_opened, lambda failure: None)
            self._connecting.append(connecting)

    def _stream_opened(self, stream: IStream) -> None:
        self._streams.append(stream)
        self._send(stream)

    def _join_res_received(self, message: Message, peer: Peer) -> None:
        if message.type is not MessageType.JOIN_RES:
            return
        me = self._messenger.me()
        if (message.name, message.epoch) == (me.name, me.epoch):
            self.ourselves.add(peer if type(peer) is Address else message.address)
        else:
            self.answers.append((message, peer))
            # Answers of other seeds may come in the same moment: they count too.
            self._timer.set(0.0, self._ended)


def usable(found: Any) -> Found:
    """The addresses and failures that a source of seeds has found, the hosts in normal form.

    @raise ValueError: when it is no list of C{(host, port)} with a dict of failures.
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
    """The fields of a JOIN_REQ with our ALIVE, padded so that C{size} bytes may be answered."""
    body = sequence_field(sequence) + framed(encode_update(messenger.me()))
    return body + fields(padding=bytes(max(0, size - len(body) - 120)))
