"""Whom datagrams do not reach: there, news goes by stream until a datagram is answered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from swimtx.config import Config
from swimtx.interfaces import IStreams
from swimtx.member import Address
from swimtx.probe_round import Way
from swimtx.protocol import SwimProtocol


class Paths:
    """Learns from rounds which way their ACK came.

    @ivar detour: told C{detour(address)} when it turns out that only streams reach somebody. What
        was told there by datagram before has been lost, either way.
    """

    def __init__(self, protocol: SwimProtocol, streams: IStreams, config: Config) -> None:
        self._protocol = protocol
        self._streams = streams
        self._timeout = config.period
        self._detours: set[Address] = set()
        self.detour: Callable[[Address], object] = lambda address: None

    def reached(self, address: Address, way: Way) -> None:
        """A round to that address was answered."""
        if way is Way.DATAGRAM and address in self._detours:
            self._detours.discard(address)
            self._protocol.use_streams(address, None)
        elif way is Way.STREAM and address not in self._detours:
            self._detours.add(address)
            self._protocol.use_streams(address, partial(self._send, address))
            self.detour(address)

    def _send(self, address: Address, data: bytes) -> None:
        self._streams.send(address, data, self._timeout)
