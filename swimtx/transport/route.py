"""By which way a member is reached: by datagram, or only by stream."""

from __future__ import annotations

import enum

from swimtx.addresses import Address
from swimtx.interfaces import IOutlet, IStream

Peer = Address | IStream
"""The other end of a message: where datagrams go to, or the open stream that it came by."""


class Route(enum.Enum):
    """How an ACK came."""

    DATAGRAM = "datagram"
    STREAM = "stream"
    RELAY = "relay"


class Routes:
    """The addresses that datagrams do not reach, and the stream that messages to each go by."""

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams: dict[Address, IOutlet] = {}

    def peer(self, address: Address) -> Address | IOutlet:
        """What to send to, to reach that address."""
        return self._streams.get(address) or address

    def stream(self, address: Address) -> IOutlet | None:
        """What to send to as well, where datagrams do not arrive; else C{None}."""
        return self._streams.get(address)

    def use_stream(self, address: Address, outlet: IOutlet) -> None:
        """Reach that address by this stream from now on."""
        self._streams[address] = outlet

    def use_datagrams(self, address: Address) -> None:
        """Reach that address by datagram from now on."""
        self._streams.pop(address, None)
