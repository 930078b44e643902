"""Listening for streams on a simulated host: the listener, and the accepted end of a stream."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from zope.interface import implementer

from swimtx.simulation.addresses import Endpoint
from swimtx.simulation.bound_socket import BoundSocket
from swimtx.simulation.stream_link import Mark, Segment
from swimtx.simulation.stream_transport import StreamTransport

_log = Logger()


class AcceptedTransport(StreamTransport):
    """The accepting end of a stream."""

    def __init__(self, listener: StreamListener, here: Endpoint, there: Endpoint) -> None:
        super().__init__(listener.process, here, there)
        self._listener = listener

    def _read(self, segment: Segment) -> None:
        if segment is Mark.OPEN:
            self._accept()
        else:
            super()._read(segment)

    def _accept(self) -> None:
        """Take the stream from the kernel's queue, if the process still listens."""
        try:
            protocol = self._listener.factory.buildProtocol(self._peer)
        except Exception:
            _log.failure("Unhandled Error")
            protocol = None
        if protocol is None or not self._listener.listening:
            self.release(quietly=False, unread=not self._listener.listening)
            return
        self.connected = True
        self.protocol = protocol
        self._call(protocol.makeConnection, self)


@implementer(IListeningPort)
@attrs.define(eq=False, repr=False)
class StreamListener(BoundSocket):
    """A TCP socket of one process that accepts streams."""

    factory: Factory[Any]

    def startListening(self) -> None:
        """Bind, and start the factory.

        @raise CannotListenError: the port is taken on this host, or the host has no such address.
        """
        self._bind("TCP")
        self.factory.doStart()
        self._sockets.update(dict.fromkeys(self._bound, self))
        self.listening = True
        self.process.listeners[self] = None

    def accept(self, client: StreamTransport) -> AcceptedTransport:
        """The kernel accepts a stream; the process takes it when it runs next."""
        there, here = client.getHost(), client.getPeer()
        return AcceptedTransport(self, (here.host, here.port), (there.host, there.port))

    def _stop(self) -> None:
        self.factory.doStop()

    def release(self) -> None:
        """Free the port without a call to the factory, as the kernel does for an ended process."""
        super().release()
        self.process.listeners.pop(self, None)
