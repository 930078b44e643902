"""The control port of an agent: JSON over HTTP on any of Twisted's stream endpoints.

C{twisted.web} is imported at the first connection, so an idle agent holds only the listening
socket.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from swimtx.addresses import host_port, is_loopback
from swimtx.agent.control_socket import check_length, make_path, remove_stale, unescaped
from swimtx.service import IMemberService

if TYPE_CHECKING:
    from swimtx.agent.control_api import ControlApi

LAST_WORDS = 1.0  # seconds for clients to read the end of their responses, at a stop


@attrs.define(eq=False, repr=False, slots=False)
class ControlPort(Service):
    """The service that listens for commands.

    @param agent: the service that is commanded. Start it first: the default socket is named after
        its port and its name.
    @param endpoint: a Twisted endpoint string; C{None}: the default UNIX socket.
    @ivar where: the path or address that it listens on, in the form that C{--node} takes.
    """

    _log = Logger()

    _reactor: Any
    _agent: IMemberService
    _endpoint: str | None = None
    _site: _LazySite | None = attrs.field(init=False, default=None)
    _port: IListeningPort | None = attrs.field(init=False, default=None)
    where: str = attrs.field(init=False, default="")

    def startService(self) -> None:
        """Listen.

        @raise BadControlSocket: the path is too long, or the folder of the default socket cannot
            be made or is not safe.
        @raise twisted.internet.error.CannotListenError: the endpoint is taken or forbidden.
        @raise ValueError: the endpoint string is malformed.
        """
        site = _LazySite(self._reactor, self)
        description = self._endpoint
        if description is None:
            node = self._agent.node
            description = unix_endpoint(make_path(node.address.port, node.name))
        path = socket_path(description)
        if path is not None:
            check_length(path)
            remove_stale(path)
            description = private(description)
        failures: list[Any] = []
        listening = serverFromString(self._reactor, description).listen(site)
        listening.addCallbacks(self._listening, failures.append)
        if failures:
            failures[0].raiseException()
        self._site = site
        self.where = description if path is None else str(path)
        self._note_address()
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Stop listening, finish the monitor streams and close the connections."""
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        return Deferred.fromCoroutine(self._close())

    def make_api(self) -> ControlApi:
        """Make the web resource that answers requests. Called at the first connection."""
        from swimtx.agent.control_api import ControlApi

        return ControlApi(self._reactor, self._agent, self.where)

    def _listening(self, port: IListeningPort) -> None:
        self._port = port

    def _note_address(self) -> None:
        """Note the host and port of a TCP socket; warn if it is bound beyond loopback."""
        bound: Any = None if self._port is None else self._port.getHost()
        host = getattr(bound, "host", None)
        if host is None:
            return
        self.where = host_port(host, bound.port)
        if not is_loopback(host):
            self._log.warn(
                "whoever reaches the control port, {where}, can command this member",
                where=self.where,
            )

    async def _close(self) -> None:
        port, self._port = self._port, None
        site, self._site = self._site, None
        if port is not None:
            await maybeDeferred(port.stopListening)
        if site is not None:
            await site.close()


class _LazySite(WrappingFactory):
    """Makes the web site at the first connection, and keeps track of the open connections."""

    noisy = False

    def __init__(self, reactor: Any, control: ControlPort) -> None:
        placeholder = ServerFactory()
        placeholder.noisy = False
        super().__init__(placeholder)
        self._reactor = reactor
        self._control = control
        self._api: ControlApi | None = None

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper:
        """Import C{twisted.web} and make the site, at the first connection."""
        if self._api is None:
            from swimtx.agent.control_api import QuietSite

            self._api = self._control.make_api()
            self.wrappedFactory = QuietSite(self._api, reactor=self._reactor)
        return super().buildProtocol(addr)

    async def close(self) -> None:
        """Close all connections, and abort those still open after C{LAST_WORDS} seconds."""
        if self._api is not None:
            self._api.finish_streams()
        for connection in list(self.protocols):
            connection.loseConnection()
        if self.protocols:
            await deferLater(self._reactor, 0)
        remaining = LAST_WORDS
        while self.protocols and remaining > 0:
            remaining -= 0.05
            await deferLater(self._reactor, 0.05)
        for connection in list(self.protocols):
            connection.transport.abortConnection()
        if self.protocols:
            await deferLater(self._reactor, 0)


def unix_endpoint(path: Path) -> str:
    """The endpoint string of a UNIX socket at this path."""
    escaped = re.sub(r"([\\:=])", r"\\\1", str(path))
    return f"unix:{escaped}"


def socket_path(description: str) -> Path | None:
    """The path in an endpoint string of a UNIX socket; C{None} for other endpoints."""
    kind, *arguments = re.split(r"(?<!\\):", description)
    if kind != "unix":
        return None
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or key.endswith("\\"):
            return Path(unescaped(argument))
        if key == "address":
            return Path(unescaped(value))
    return None


def private(description: str) -> str:
    """The endpoint string of a UNIX socket, with mode 0600 and no lock file unless it sets them.

    L{remove_stale} finds stale sockets by connecting to them: a lock file holds a process id, which
    misleads in containers, where every agent is process 1.
    """
    for setting, value in (("mode", "600"), ("lockfile", "0")):
        if f":{setting}=" not in description:
            description += f":{setting}={value}"
    return description
