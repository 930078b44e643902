"""Falls back to TCP for members that UDP does not reach, until a PING by UDP is answered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.interfaces import IOutlet, IStream
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Route

_DATAGRAM = Route.DATAGRAM
_MOST_KEPT = 64  # streams
_MOST_WAITING = 64  # messages for a stream that is being opened
_UNCONFIRMED = 2  # protocol periods without a TCP ACK; by default TCP retries for minutes


@attrs.define(eq=False, repr=False)
class StreamFallback:
    """Selects the route to an address by the route of the ACKs from it.

    @param fell_back: C{fell_back(address)} is called when only a stream reaches a member, as the
        datagrams sent to it before, and those that it sent, have been lost.
    """

    _messenger: Messenger
    _config: Config
    _fell_back: Callable[[Address], object]
    _outlets: set[Address] = attrs.field(init=False, factory=set)
    _kept: dict[Address, FallbackStream] = attrs.field(init=False, factory=dict)

    def reached(self, address: Address, route: Route) -> None:
        """Record the route of the ACK to a probe of that address."""
        if route is _DATAGRAM:
            if self._outlets and address in self._outlets:
                self._outlets.discard(address)
                self._messenger.routes.use_datagrams(address)
                self._close(address)
        elif route is Route.STREAM and address not in self._outlets:
            self._outlets.add(address)
            self._messenger.routes.use_stream(address, _Outlet(partial(self._send, address)))
            self._fell_back(address)

    def _send(self, address: Address, data: bytes) -> None:
        stream = self._kept.get(address)
        if stream is None:
            if len(self._kept) >= _MOST_KEPT:
                self._close(next(iter(self._kept)))
            stream = self._kept[address] = FallbackStream(partial(self._kept.pop, address, None))
            stream.open(self._messenger, address, self._config.protocol_period)
        stream.send(data)

    def _close(self, address: Address) -> None:
        stream = self._kept.pop(address, None)
        if stream is not None:
            stream.close()


@implementer(IOutlet)
@attrs.define(eq=False)
class _Outlet:
    """An outlet whose stream is opened by the first message."""

    _send: Callable[[bytes], object]

    def send(self, data: bytes) -> None:
        """Send one message's bytes."""
        self._send(data)


@attrs.define(eq=False, repr=False)
class FallbackStream:
    """One stream, kept open for answers and for further messages.

    @param gone: called when the stream could not be opened, or either side has closed it.
    """

    _gone: Callable[[], object]
    _stream: IStream | None = attrs.field(init=False, default=None)
    _waiting: list[bytes] = attrs.field(init=False, factory=list)
    _over: bool = attrs.field(init=False, default=False)
    _patience: float = attrs.field(init=False, default=0.0)

    def open(self, messenger: Messenger, address: Address, period: float) -> None:
        """Connect; give up after C{period} seconds."""
        self._patience = _UNCONFIRMED * period
        messenger.connect(address, period).addCallbacks(self._opened, self._failed)

    def send(self, data: bytes) -> None:
        """Send one message's bytes, now or once the stream is open."""
        if self._stream is not None:
            self._stream.send(data)
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append(data)

    def close(self) -> None:
        """Close the stream, also if it is still being opened."""
        self._over = True
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.on_close(None)
            stream.close()

    def _opened(self, stream: IStream) -> None:
        if self._over:
            stream.close()
            return
        self._stream = stream
        stream.on_close(self._gone)
        stream.give_up_after(self._patience)
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            stream.send(data)

    def _failed(self, failure: Failure) -> None:
        if not self._over:
            self._gone()
