"""The route by which a member is reached: by datagram, or by stream only."""

from __future__ import annotations

import enum

import attrs

from swimtx.addresses import Address
from swimtx.interfaces import IOutlet, IStream

Peer = Address | IStream
"""The other end of a message: an address for datagrams, or the open stream that carries it."""


class Route(enum.Enum):
    """The route by which an ACK was received."""

    DATAGRAM = "datagram"
    STREAM = "stream"
    RELAY = "relay"


@attrs.define(eq=False, repr=False)
class Routes:
    """The addresses that datagrams do not reach, with the stream for the messages to each."""

    _streams: dict[Address, IOutlet] = attrs.field(init=False, factory=dict)

    def peer(self, address: Address) -> Address | IOutlet:
        """The address itself if datagrams reach it, else its stream."""
        return self._streams.get(address) or address

    def stream(self, address: Address) -> IOutlet | None:
        """The stream to that address if datagrams do not reach it, else C{None}."""
        return self._streams.get(address)

    def use_stream(self, address: Address, outlet: IOutlet) -> None:
        """Send to that address by this stream from now on."""
        self._streams[address] = outlet

    def use_datagrams(self, address: Address) -> None:
        """Send to that address by datagram from now on."""
        self._streams.pop(address, None)
