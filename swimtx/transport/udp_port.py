"""One UDP port, which listens again when an error of its socket has closed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError, InvalidAddressError, MessageLengthError
from twisted.internet.interfaces import IReactorTime, IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from swimtx.reactor import Reactor
from swimtx.timer import Timer

LOST = (OSError, InvalidAddressError, MessageLengthError)
"""What a send may raise. None of it queues anything, so the datagram is lost, as on the way."""

_BYTES_A_WAKE_UP = 16 * 1024  # that the reactor reads before timers have their turn
_MAX_DATAGRAM = 65535  # bytes; Twisted's own default would cut longer ones off in silence
_AGAIN = 1.0  # seconds until a port that could not be opened again is tried once more


class UdpProtocol(DatagramProtocol):
    """What every datagram protocol of ours has in common."""

    noisy = False
    _stopped: Callable[[], object] | None = None

    def on_unasked_stop(self, stopped: Callable[[], object]) -> None:
        """Call C{stopped()} when the port was closed; its owner knows whether it meant that."""
        self._stopped = stopped

    def startProtocol(self) -> None:
        """The port is open."""
        if self.transport is not None:
            self.transport.maxThroughput = _BYTES_A_WAKE_UP  # type: ignore[attr-defined]

    def stopProtocol(self) -> None:
        """The port was closed, by us or by an error of the socket."""
        if self._stopped is not None:
            self._stopped()


class UdpPort:
    """Opens and closes the port of one protocol.

    @param reactor: provides C{IReactorTime} and C{IReactorUDP}.
    """

    _log = Logger()

    def __init__(self, reactor: Reactor, protocol: UdpProtocol) -> None:
        self._udp = IReactorUDP(reactor)
        self._protocol = protocol
        self._port: Any = None
        self._bound = ("", 0)
        self._opening = Timer(IReactorTime(reactor))
        protocol.on_unasked_stop(self._closed)

    def open(self, host: str, port: int) -> tuple[str, int]:
        """Bind it; with port 0 the system picks a number.

        @return: the host and the number.
        @raise CannotListenError: it is taken.
        """
        self._port = self._listen(host, port)
        bound = self._port.getHost()
        self._bound = (host, bound.port)
        return bound.host, bound.port

    def close(self) -> Deferred[None]:
        """Close it.

        @return: fires when it is closed; then it may be opened again.
        """
        port, self._port = self._port, None
        self._opening.cancel()
        if port is None:
            return succeed(None)
        return maybeDeferred(port.stopListening).addCallback(lambda _: None)

    def release(self) -> None:
        """Close it soon; the protocol is free for another port now."""
        port, self._port = self._port, None
        self._protocol.doStop()
        nobody = DatagramProtocol()
        nobody.noisy = False
        nobody.makeConnection(port)
        port.protocol = nobody
        port.stopListening()

    def _closed(self) -> None:
        """If we did not close it, open it again. Not yet: while Twisted tells us, it still holds
        the number."""
        if self._port is not None and not self._opening.pending:
            self._log.error("the UDP port was closed by an error; opening it again")
            self._opening.set(0, self._open_again)

    def _open_again(self) -> None:
        try:
            self._port = self._listen(*self._bound)
        except CannotListenError as error:
            self._log.error("not yet: {error}", error=error)
            self._opening.set(_AGAIN, self._open_again)

    def _listen(self, host: str, port: int) -> Any:
        return self._udp.listenUDP(port, self._protocol, host, _MAX_DATAGRAM)
