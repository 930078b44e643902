"""The part that UDP ports and TCP listeners of a simulated process share: bind, and close."""

from __future__ import annotations

import os
from errno import EADDRINUSE, EADDRNOTAVAIL
from typing import TYPE_CHECKING, Any, Literal

import attrs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

from swimtx.simulation.addresses import Endpoint, bound_addresses, normal, twisted_address

if TYPE_CHECKING:
    from swimtx.simulation.memory_reactor import MemoryReactor


def system_error(number: int) -> OSError:
    """The error that the kernel reports by this C{errno}."""
    return OSError(number, os.strerror(number))


@attrs.define(eq=False, repr=False)
class BoundSocket:
    """A socket of one process, bound as long as it listens.

    @ivar listening: whether it takes data or streams.
    """

    process: MemoryReactor
    _sockets: dict[Endpoint, Any]
    _port: int
    _interface: str
    listening: bool = attrs.field(init=False, default=False)
    _bound: list[Endpoint] = attrs.field(init=False, factory=list)
    _host: IPv4Address | IPv6Address | None = attrs.field(init=False, default=None)
    _closed: Deferred[None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._interface = normal(self._interface or "0.0.0.0") or self._interface

    def _bind(self, kind: Literal["TCP", "UDP"]) -> None:
        """Find the addresses and the port to bind.

        @raise CannotListenError: the port is taken on this host, or the host has no such address.
        """
        addresses = bound_addresses(self._interface, self.process.address)
        if not addresses:
            raise CannotListenError(self._interface, self._port, system_error(EADDRNOTAVAIL))
        port = self._port or self.process.network.free_port(addresses, self._sockets)
        bound = [(address, port) for address in addresses]
        if any(endpoint in self._sockets for endpoint in bound):
            raise CannotListenError(self._interface, self._port, system_error(EADDRINUSE))
        self._bound = bound
        self._host = twisted_address(kind, self._interface, port)

    def getHost(self) -> IPv4Address | IPv6Address:
        """The bound address; C{0.0.0.0} or C{::} if bound to all addresses of the host."""
        assert self._host is not None, "it has never listened"
        return self._host

    def stopListening(self) -> Deferred[None] | None:
        """Close at the next step of the clock; streams that are open stay open.

        @return: a Deferred that fires when the port is free and the protocol or the factory is
            stopped; C{None} if it does not listen.
        """
        if not self.listening:
            return None
        if self._closed is None:
            self._closed = Deferred()
            self.process.callLater(0, self._close)
        return self._closed

    def _close(self) -> None:
        self.release()
        self._stop()
        if self._closed is not None:
            self._closed.callback(None)

    def _stop(self) -> None:
        """Stop the protocol or the factory; for subclasses."""

    def release(self) -> None:
        """Free the port without a call to the protocol or the factory, as the kernel does for an
        ended process."""
        self.listening = False
        for endpoint in self._bound:
            self._sockets.pop(endpoint, None)
        self._bound = []
