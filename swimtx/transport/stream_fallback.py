"""Whom datagrams do not reach: there, all goes by stream until a datagram is answered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.python.failure import Failure

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.interfaces import IStreams
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Route

_DATAGRAM = Route.DATAGRAM
_MOST_KEPT = 64  # streams
_MOST_WAITING = 64  # messages for a stream that is being opened
_UNCONFIRMED = 2  # periods, after which the stream is given up, or it would stay slow for minutes


class StreamFallback:
    """Learns from rounds which way their ACK came.

    @ivar detour: told C{detour(address)} when it turns out that only streams reach somebody. What
        was told there by datagram before has been lost, either way.
    """

    __slots__ = ("__weakref__", "_detours", "_kept", "_period", "_protocol", "_streams", "detour")

    def __init__(self, protocol: SwimProtocol, streams: IStreams, config: Config) -> None:
        self._protocol = protocol
        self._streams = streams
        self._period = config.period
        self._detours: set[Address] = set()
        self._kept: dict[Address, FallbackStream] = {}
        self.detour: Callable[[Address], object] = lambda address: None

    def reached(self, address: Address, route: Route) -> None:
        """A round to that address was answered."""
        if route is _DATAGRAM:
            if self._detours and address in self._detours:
                self._detours.discard(address)
                self._protocol.use_streams(address, None)
                self._close(address)
        elif route is Route.STREAM and address not in self._detours:
            self._detours.add(address)
            self._protocol.use_streams(address, partial(self._send, address))
            self.detour(address)

    def _send(self, address: Address, data: bytes) -> None:
        detour = self._kept.get(address)
        if detour is None:
            if len(self._kept) >= _MOST_KEPT:
                self._close(next(iter(self._kept)))
            detour = self._kept[address] = FallbackStream(partial(self._kept.pop, address, None))
            detour.open(self._streams, address, self._period, self._protocol.frame_received)
        detour.send(data)

    def _close(self, address: Address) -> None:
        detour = self._kept.pop(address, None)
        if detour is not None:
            detour.close()


class FallbackStream:
    """One stream, opened for what is sent first, and kept for answers and for what is sent then.

    @param gone: called when it could not be opened, or was closed by whichever side.
    """

    def __init__(self, gone: Callable[[], object]) -> None:
        self._gone = gone
        self._stream: Any = None
        self._waiting: list[bytes] = []
        self._over = False
        self._patience = 0.0

    def open(
        self,
        streams: IStreams,
        address: Address,
        period: float,
        received: Callable[[bytes, Any], object],
    ) -> None:
        """Begin to."""
        self._patience = _UNCONFIRMED * period
        streams.connect(address, period, received).addCallbacks(self._opened, self._failed)

    def send(self, data: bytes) -> None:
        """Send it now, or once the stream is open."""
        if self._stream is not None:
            self._stream.send(data)
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append(data)

    def close(self) -> None:
        """It is not needed any more."""
        self._over = True
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.closed = lambda: None
            stream.close()

    def _opened(self, stream: Any) -> None:
        if self._over:
            stream.close()
            return
        self._stream = stream
        stream.closed = self._gone
        stream.give_up_after(self._patience)
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            stream.send(data)

    def _failed(self, failure: Failure) -> None:
        if not self._over:
            self._gone()
