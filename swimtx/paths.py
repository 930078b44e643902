"""Whom datagrams do not reach: there, news goes by stream until a datagram is answered again."""

from __future__ import annotations

from swimtx.config import Config
from swimtx.interfaces import IStreams
from swimtx.member import Address
from swimtx.probe_round import Way
from swimtx.protocol import SwimProtocol


class Paths:
    """Learns from rounds which way their ACK came."""

    def __init__(self, protocol: SwimProtocol, streams: IStreams, config: Config) -> None:
        self._protocol = protocol
        self._streams = streams
        self._timeout = config.period

    def reached(self, address: Address, way: Way) -> None:
        """A round to that address was answered."""
        if way is Way.DATAGRAM:
            self._protocol.use_streams(address, None)
        elif way is Way.STREAM:

            def send(data: bytes) -> None:
                self._streams.send(address, data, self._timeout)

            self._protocol.use_streams(address, send)
