"""A UDP port that is opened again when an error of its socket has closed it."""

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
"""The errors that sending a datagram raises. The datagram is not queued, so it is lost, as it may
be in the network."""

_BYTES_A_WAKE_UP = 16 * 1024  # bytes that the reactor reads before it runs timers
_MAX_DATAGRAM = 65535  # bytes; Twisted's default would truncate longer datagrams silently
_AGAIN = 1.0  # seconds between attempts to open the port again


class UdpProtocol(DatagramProtocol):
    """The base class of the datagram protocols of swimtx."""

    noisy = False
    _stopped: Callable[[], object] | None = None

    def on_unasked_stop(self, stopped: Callable[[], object]) -> None:
        """Call C{stopped()} when the port was closed, also when its owner has closed it."""
        self._stopped = stopped

    def startProtocol(self) -> None:
        """Bound the bytes that are read at a time, once the port is open."""
        if self.transport is not None:
            self.transport.maxThroughput = _BYTES_A_WAKE_UP  # type: ignore[attr-defined]

    def stopProtocol(self) -> None:
        """Report that the port was closed, by its owner or by an error of the socket."""
        if self._stopped is not None:
            self._stopped()


class UdpPort:
    """The UDP port of one protocol.

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
        """Bind the port; with port 0 the system picks the number.

        @return: the bound C{(host, port)}.
        @raise CannotListenError: the port is taken.
        """
        self._port = self._listen(host, port)
        bound = self._port.getHost()
        self._bound = (host, bound.port)
        return bound.host, bound.port

    def close(self) -> Deferred[None]:
        """Close the port.

        @return: fires when the port is closed; then it may be opened again.
        """
        port, self._port = self._port, None
        self._opening.cancel()
        if port is None:
            return succeed(None)
        return maybeDeferred(port.stopListening).addCallback(lambda _: None)

    def release(self) -> None:
        """Close the port soon, and detach the protocol, for another port, at once."""
        port, self._port = self._port, None
        self._protocol.doStop()
        placeholder = DatagramProtocol()
        placeholder.noisy = False
        placeholder.makeConnection(port)
        port.protocol = placeholder
        port.stopListening()

    def _closed(self) -> None:
        """Open the port again if an error closed it; later, as Twisted still holds the number."""
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
