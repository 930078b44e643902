"""Falls back to TCP for members that UDP does not reach, until a datagram is answered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
_UNCONFIRMED = 2  # periods, after which the stream is given up, or it would stay slow for minutes


class StreamFallback:
    """Learns from probes by which route their ACK came.

    @param fell_back: told C{fell_back(address)} when it turns out that only streams reach a
        member: what was sent there by datagram before has been lost, either way.
    """

    __slots__ = ("__weakref__", "_fell_back", "_kept", "_messenger", "_outlets", "_period")

    def __init__(
        self, messenger: Messenger, config: Config, fell_back: Callable[[Address], object]
    ) -> None:
        self._messenger = messenger
        self._period = config.protocol_period
        self._fell_back = fell_back
        self._outlets: set[Address] = set()
        self._kept: dict[Address, FallbackStream] = {}

    def reached(self, address: Address, route: Route) -> None:
        """A probe of that address was answered."""
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
            stream.open(self._messenger, address, self._period)
        stream.send(data)

    def _close(self, address: Address) -> None:
        stream = self._kept.pop(address, None)
        if stream is not None:
            stream.close()


@implementer(IOutlet)
class _Outlet:
    """A stream that is opened when something is sent."""

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send

    def send(self, data: bytes) -> None:
        """Send one message's bytes."""
        self._send(data)


class FallbackStream:
    """One stream, opened for what is sent first, and kept for answers and for what is sent then.

    @param gone: called when it could not be opened, or was closed by whichever side.
    """

    def __init__(self, gone: Callable[[], object]) -> None:
        self._gone = gone
        self._stream: IStream | None = None
        self._waiting: list[bytes] = []
        self._over = False
        self._patience = 0.0

    def open(self, messenger: Messenger, address: Address, period: float) -> None:
        """Connect, for C{period} seconds at the most."""
        self._patience = _UNCONFIRMED * period
        messenger.connect(address, period).addCallbacks(self._opened, self._failed)

    def send(self, data: bytes) -> None:
        """Send it now, or once the stream is open."""
        if self._stream is not None:
            self._stream.send(data)
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append(data)

    def close(self) -> None:
        """Close the stream, or the one that is being opened."""
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
