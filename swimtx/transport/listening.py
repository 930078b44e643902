"""A member's two ports: UDP and TCP on one address and one port number."""

from __future__ import annotations

from twisted.internet.error import CannotListenError

from swimtx.interfaces import IStreams
from swimtx.reactor import Reactor
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.udp_port import UdpPort

_TRIES = 20  # to find a number that is free for both


class ListeningPorts:
    """Opens and closes both.

    @ivar number: the port number of the last L{open}; C{None} before the first.
    """

    def __init__(self, reactor: Reactor, protocol: SwimProtocol, streams: IStreams) -> None:
        self._protocol = protocol
        self._streams = streams
        self._udp = UdpPort(reactor, protocol)
        self.number: int | None = None

    def open(self, host: str, port: int) -> int:
        """Bind both; with port 0 the system picks a number.

        @return: the number.
        @raise CannotListenError: it is taken, for the one or the other.
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
        """Close both, and return when they are closed."""
        closing = self._udp.close()
        await self._streams.stop()
        await closing
