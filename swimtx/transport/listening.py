"""The UDP port and the TCP port of a member, on one address and one port number."""

from __future__ import annotations

from twisted.internet.error import CannotListenError

from swimtx.interfaces import IStreams
from swimtx.reactor import Reactor
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.udp_port import UdpPort

_TRIES = 20  # attempts to find a number that is free for both


class ListeningPorts:
    """Opens and closes both ports.

    @ivar number: the port number of the last L{open}; C{None} before the first.
    """

    def __init__(self, reactor: Reactor, protocol: SwimProtocol, streams: IStreams) -> None:
        self._protocol = protocol
        self._streams = streams
        self._udp = UdpPort(reactor, protocol)
        self.number: int | None = None

    def open(self, host: str, port: int) -> int:
        """Bind both ports; with port 0 the system picks the number.

        @return: the port number.
        @raise CannotListenError: the number is taken for UDP or for TCP.
        """
        for tries_left in reversed(range(_TRIES)):
            _, number = self._udp.open(host, port)
            try:
                self._streams.listen(host, number, self._protocol.frame_received)
            except CannotListenError:
                self._udp.release()
                if port or not tries_left:
                    raise
            else:
                self.number = number
                return number
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close both ports, and return when they are closed."""
        closing = self._udp.close()
        await self._streams.stop()
        await closing
