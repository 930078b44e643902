"""A member's two sockets: UDP and TCP on one address and one port number."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime, IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from swimtx.interfaces import IStreams
from swimtx.reactor import Reactor
from swimtx.timer import Timer
from swimtx.transport.protocol import SwimProtocol

_TRIES = 20  # to find a number that is free for both
_AGAIN = 1.0  # seconds until a port that could not be opened again is tried once more
_MAX_DATAGRAM = 65535  # bytes; Twisted's own default would cut longer ones off in silence


class ListeningPorts:
    """Opens and closes both."""

    _log = Logger()

    def __init__(
        self,
        reactor: Reactor,
        protocol: SwimProtocol,
        streams: IStreams,
    ) -> None:
        self._udp = IReactorUDP(reactor)
        self._protocol = protocol
        self._streams = streams
        self._port: Any = None
        self._bound = ("", 0)
        self._reopening = Timer(IReactorTime(reactor))
        protocol.on_unasked_stop(self.reopen)

    def open(self, host: str, port: int) -> int:
        """Bind both; with port 0 the system picks a number.

        @return: the number.
        @raise CannotListenError: it is taken, for the one or the other.
        """
        for tries_left in reversed(range(_TRIES)):
            udp = self._listen(host, port)
            number: int = udp.getHost().port
            try:
                self._streams.listen(host, number, self._protocol.frame_received)
            except CannotListenError:
                self._let_go(udp)
                if port or not tries_left:
                    raise
            else:
                self._port = udp
                self._bound = (host, number)
                return number
        raise AssertionError("unreachable")

    def reopen(self) -> None:
        """An error of the socket has made Twisted close the UDP port: open it again.

        Not yet: while it tells us, Twisted still holds the number.
        """
        if self._port is None or self._reopening.pending:
            return
        self._log.error("the UDP port was closed by an error; opening it again")
        self._reopening.set(0, self._reopen)

    @property
    def number(self) -> int | None:
        """The port number of the last L{open}; C{None} before the first."""
        return self._bound[1] or None

    async def close(self) -> None:
        """Close both; who awaits this finds them closed."""
        port, self._port = self._port, None
        self._reopening.cancel()
        closing = maybeDeferred(port.stopListening) if port is not None else succeed(None)
        await self._streams.stop()
        await closing

    def _reopen(self) -> None:
        try:
            self._port = self._listen(*self._bound)
        except CannotListenError as error:
            self._log.error("not yet: {error}", error=error)
            self._reopening.set(_AGAIN, self._reopen)

    def _let_go(self, udp: Any) -> None:
        """Close that port soon; the protocol is free for another one now."""
        self._protocol.doStop()
        nobody = DatagramProtocol()
        nobody.noisy = False
        nobody.makeConnection(udp)
        udp.protocol = nobody
        udp.stopListening()

    def _listen(self, host: str, port: int) -> Any:
        return self._udp.listenUDP(
            port, self._protocol, interface=host, maxPacketSize=_MAX_DATAGRAM
        )
