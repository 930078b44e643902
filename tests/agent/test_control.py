"""The control port: its endpoints, its start, and a stop that leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swimtx.agent.control import ControlPort, private, socket_path, unix_endpoint
from swimtx.agent.control_socket import BadControlSocket
from tests.agent.doubles import FakeAgent


class EndpointStringTests(SynchronousTestCase):
    """UNIX sockets as Twisted's endpoint strings."""

    def test_the_path_of_a_made_endpoint_string_is_found_again(self) -> None:
        for path in ("/run/x.sock", "/a:b/c=d", "/back\\slash"):
            self.assertEqual(socket_path(unix_endpoint(Path(path))), Path(path))

    def test_the_path_may_be_a_keyword_argument(self) -> None:
        self.assertEqual(socket_path("unix:address=/x:mode=660"), Path("/x"))
        self.assertEqual(socket_path("unix:mode=660:address=/x"), Path("/x"))

    def test_an_endpoint_of_another_kind_has_no_path(self) -> None:
        self.assertIsNone(socket_path("tcp:8080"))

    def test_the_socket_is_private_unless_the_string_sets_a_mode(self) -> None:
        self.assertEqual(private("unix:/x"), "unix:/x:mode=600:lockfile=0")
        self.assertEqual(private("unix:/x:mode=660"), "unix:/x:mode=660:lockfile=0")
        self.assertEqual(private("unix:/x:lockfile=1"), "unix:/x:lockfile=1:mode=600")


class ControlPortTests(SynchronousTestCase):
    """The start, with a reactor in memory."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.patch(os, "environ", {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)})
        self.agent = FakeAgent(self.reactor)

    def test_the_default_socket_is_named_after_port_and_name(self) -> None:
        control = ControlPort(self.reactor, self.agent)
        control.startService()
        [(path, _, _, mode, want_pid)] = self.reactor.unixServers
        self.assertRegex(os.path.basename(path), r"^7946-[0-9a-f]{8}\.sock$")
        self.assertEqual((mode, want_pid), (0o600, False))
        self.assertEqual(control.where, path)

    def test_a_path_that_is_too_long_is_refused(self) -> None:
        control = ControlPort(self.reactor, self.agent, f"unix:/{'x' * 200}")
        with self.assertRaises(BadControlSocket):
            control.startService()
        self.assertFalse(control.running)

    def test_the_control_port_warns_when_it_is_bound_beyond_loopback(self) -> None:
        control = ControlPort(self.reactor, self.agent, "tcp:8080")
        with capturedLogs() as logged:
            control.startService()
        self.assertEqual(control.where, "0.0.0.0:8080")
        self.assertEqual([event["log_level"].name for event in logged], ["warn"])

    def test_the_web_site_is_made_once_at_the_first_connection(self) -> None:
        made: list[ControlPort] = []
        make_api = ControlPort.make_api

        def note_call(control: ControlPort) -> Any:
            made.append(control)
            return make_api(control)

        self.patch(ControlPort, "make_api", note_call)
        control = ControlPort(self.reactor, self.agent)
        control.startService()
        self.assertEqual(made, [])
        factory = self.reactor.unixServers[0][1]
        for _ in range(2):
            factory.buildProtocol(None).makeConnection(StringTransport())
        self.assertEqual(made, [control])


class RealSocketTests(TestCase):
    """Start and stop on a UNIX socket of the system."""

    timeout = 60

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "control"
        self.agent = FakeAgent(reactor)

    def control(self) -> ControlPort:
        return ControlPort(self.reactor, self.agent, f"unix:{self.path}")

    async def test_the_control_port_can_be_started_and_stopped_repeatedly(self) -> None:
        control = self.control()
        for _ in range(2):
            control.startService()
            self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
            await control.stopService()
            self.assertFalse(self.path.exists())

    async def test_a_taken_path_raises_an_error(self) -> None:
        control = self.control()
        control.startService()
        with self.assertRaises(CannotListenError):
            self.control().startService()
        await control.stopService()

    async def test_stopping_finishes_streams_and_closes_idle_connections(self) -> None:
        control = self.control()
        control.startService()
        reader = await self.connected(b"GET /monitor HTTP/1.1\r\nHost: x\r\n\r\n")
        idle = await self.connected(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.answered
        await idle.answered
        await control.stopService()
        await reader.closed
        await idle.closed
        self.assertTrue(reader.received.endswith(b"0\r\n\r\n"))

    async def connected(self, request: bytes) -> Reader:
        endpoint = UNIXClientEndpoint(self.reactor, str(self.path))
        reader: Reader = await connectProtocol(endpoint, Reader(request))
        return reader


class Reader(Protocol):
    """Sends a request and keeps the response."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.received = b""
        self.answered: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if not self.answered.called:
            self.answered.callback(None)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        self.closed.callback(None)
