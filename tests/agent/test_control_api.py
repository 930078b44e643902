"""The control API: its routes, its errors, its monitor streams."""

from __future__ import annotations

import json
import os
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swimtx import __version__
from swimtx.agent import monitor_stream
from swimtx.agent.control_api import ControlApi, QuietSite
from swimtx.errors import JoinFailed, NotRunning
from swimtx.membership.table import Membership
from tests.agent.doubles import FakeAgent, claim


class Connection:
    """One connection to a site."""

    def __init__(self, site: QuietSite) -> None:
        self.channel: Any = site.buildProtocol(None)
        self.transport: Any = StringTransport()
        self.aborted = False
        self.transport.abortConnection = self._abort  # type: ignore[method-assign]
        self.channel.makeConnection(self.transport)

    def send(self, method: str, path: str, body: str = "", kind: str = "application/json") -> None:
        self.channel.dataReceived(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def answer(self) -> tuple[int, Any]:
        """The status, and the JSON value of the whole response."""
        head, _, _ = self.transport.value().partition(b"\r\n\r\n")
        assert head, "there is no answer yet"
        [content] = self.lines()
        return int(head.split()[1]), content

    def lines(self) -> list[Any]:
        """The JSON value of each line received so far."""
        _, _, chunks = self.transport.value().partition(b"\r\n\r\n")
        content = b""
        while chunks:
            size, _, rest = chunks.partition(b"\r\n")
            content += rest[: int(size, 16)]
            chunks = rest[int(size, 16) + 2 :]
        return [json.loads(line) for line in content.splitlines()]

    @property
    def ended(self) -> bool:
        """Whether the response is complete."""
        return bool(self.transport.value().endswith(b"0\r\n\r\n"))

    def disconnect(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    def _abort(self) -> None:
        self.aborted = True


class ControlApiTestCase(SynchronousTestCase):
    """A test case with a site that commands a fake agent."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.agent = FakeAgent(self.clock)
        self.api = ControlApi(self.clock, self.agent, "/run/x.sock")
        self.site = QuietSite(self.api, self.clock)

    def request(self, method: str, path: str, body: str = "", **more: str) -> Connection:
        connection = Connection(self.site)
        self.addCleanup(connection.disconnect)
        connection.send(method, path, body, **more)
        return connection


class GetTests(ControlApiTestCase):
    """GET requests."""

    def test_members_are_answered_as_one_list(self) -> None:
        self.agent.node.membership.apply(claim("n2", 7002, tags=(("a", "é"),)))
        status, members = self.request("GET", "/members").answer()
        self.assertEqual(status, 200)
        self.assertEqual([member["name"] for member in members], ["me", "n2"])
        self.assertEqual(members[1]["tags"], {"a": "é"})

    def test_info_adds_joined_pid_and_control(self) -> None:
        status, info = self.request("GET", "/info").answer()
        self.assertEqual(status, 200)
        self.assertEqual(info["name"], "me")
        self.assertEqual((info["joined"], info["pid"]), (True, os.getpid()))
        self.assertEqual(info["control"], "/run/x.sock")

    def test_version_lists_swimtx_and_its_dependencies(self) -> None:
        status, versions = self.request("GET", "/version").answer()
        self.assertEqual((status, versions["swimtx"]), (200, __version__))
        self.assertEqual(list(versions), ["swimtx", "twisted", "protobuf", "python"])

    def test_a_ping_is_answered_with_the_round_trip_time(self) -> None:
        self.agent.node.pings["a/b é"] = 0.25
        answer = self.request("GET", "/ping/a%2Fb%20%C3%A9").answer()
        self.assertEqual(answer, (200, {"name": "a/b é", "rtt": 0.25}))

    def test_a_ping_of_an_unknown_member_is_not_found(self) -> None:
        answer = self.request("GET", "/ping/nobody").answer()
        self.assertEqual(answer, (404, {"error": "no member is called 'nobody'"}))

    def test_a_ping_without_an_answer_is_a_gateway_timeout(self) -> None:
        self.agent.node.pings["slow"] = None
        answer = self.request("GET", "/ping/slow").answer()
        self.assertEqual(answer, (504, {"error": "slow did not answer"}))

    def test_an_internal_error_is_logged_and_answered_with_status_500(self) -> None:
        self.patch(self.agent.node, "info", lambda: 1 / 0)
        status, content = self.request("GET", "/info").answer()
        self.assertEqual(status, 500)
        self.assertEqual(list(content), ["error"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class PostTests(ControlApiTestCase):
    """POST requests."""

    def test_a_join_is_answered_when_it_has_succeeded(self) -> None:
        connection = self.request("POST", "/join", '{"seeds": ["a:1", "b"]}')
        self.assertEqual(connection.transport.value(), b"")
        self.agent.joining.callback(self.agent.node.membership)
        self.assertEqual(self.agent.seeds, [["a:1", "b"]])
        self.assertEqual(connection.answer(), (200, {"joined": True, "members": 1}))

    def test_a_failed_join_names_the_seeds(self) -> None:
        self.agent.joining = fail(JoinFailed({"a:1": "no answer"}))
        answer = self.request("POST", "/join", '{"seeds": ["a:1"]}').answer()
        self.assertEqual(answer, (502, {"error": "no seed answered (a:1: no answer)"}))

    def test_a_malformed_seed_is_a_bad_request(self) -> None:
        self.agent.joining = fail(ValueError("seed ':1': no host is given"))
        answer = self.request("POST", "/join", '{"seeds": [":1"]}').answer()
        self.assertEqual(answer, (400, {"error": "seed ':1': no host is given"}))

    def test_the_seeds_have_to_be_a_list_of_strings(self) -> None:
        for body in ("", "null", "[]", "{}", '{"seeds": []}', '{"seeds": [1]}', '{"seeds": "a"}'):
            status, content = self.request("POST", "/join", body).answer()
            self.assertEqual(status, 400, body)
            self.assertIn('{"seeds": [', content["error"])
        self.assertEqual(self.agent.seeds, [])

    def test_a_body_that_is_not_json_is_a_bad_request(self) -> None:
        answer = self.request("POST", "/join", "{seeds").answer()
        self.assertEqual(answer, (400, {"error": "the request is not JSON"}))

    def test_a_body_that_is_too_long_is_refused(self) -> None:
        self.assertEqual(self.request("POST", "/join", "1" * 70000).answer()[0], 413)

    def test_a_web_page_cannot_make_a_browser_command_the_agent(self) -> None:
        for path in ("/join", "/leave"):
            connection = self.request("POST", path, '{"seeds": ["a"]}', kind="text/plain")
            self.assertEqual(connection.answer()[0], 415)
        self.assertEqual(self.agent.seeds, [])

    def test_a_leave_is_answered_when_the_others_know(self) -> None:
        connection = self.request("POST", "/leave")
        self.assertEqual(connection.transport.value(), b"")
        self.agent.leaving.callback(None)
        self.assertEqual(connection.answer(), (200, {"left": True}))

    def test_a_node_that_does_not_run_cannot_leave(self) -> None:
        self.agent.leaving = fail(NotRunning("the node is not running"))
        answer = self.request("POST", "/leave").answer()
        self.assertEqual(answer, (409, {"error": "the node is not running"}))

    def test_a_client_that_disconnects_cancels_its_request(self) -> None:
        cancelled: list[Any] = []
        self.agent.joining = Deferred(cancelled.append)
        connection = Connection(self.site)
        connection.send("POST", "/join", '{"seeds": ["a"]}')
        connection.disconnect()
        self.assertEqual(cancelled, [self.agent.joining])


class WrongRequestTests(ControlApiTestCase):
    """Requests with a wrong path or method."""

    def test_an_unknown_path_lists_the_known_ones(self) -> None:
        for path in ("/", "/memberz", "/members/", "/ping", "/ping/a/b", "/join/x"):
            status, content = self.request("GET", path).answer()
            self.assertEqual(status, 404, path)
            self.assertIn("GET /members", content["error"])

    def test_a_wrong_method_is_answered_with_the_right_one(self) -> None:
        for method, path, right in (
            ("POST", "/members", "GET"),
            ("DELETE", "/ping/x", "GET"),
            ("GET", "/join", "POST"),
            ("GET", "/leave", "POST"),
        ):
            connection = self.request(method, path)
            self.assertEqual(connection.answer(), (405, {"error": f"this path takes {right} only"}))
            self.assertIn(f"Allow: {right}".encode(), connection.transport.value())

    def test_a_path_that_is_not_utf8_is_refused(self) -> None:
        self.assertEqual(self.request("GET", "/ping/%FF").answer()[0], 400)


class MonitorTests(ControlApiTestCase):
    """The monitor stream."""

    def changes(self) -> Membership:
        changes: Membership = self.agent.node.membership
        return changes

    def test_each_change_is_one_line_of_the_stream(self) -> None:
        connection = self.request("GET", "/monitor")
        self.assertEqual(connection.lines(), [])
        self.assertIn(b"200", connection.transport.value())
        self.changes().apply(claim("n2"))
        self.clock.advance(1)
        self.changes().apply(claim("n2").departed())
        joined, left = connection.lines()
        self.assertEqual(list(joined), ["time", "event", "member", "why"])
        self.assertEqual((joined["time"], joined["event"]), (1000, "joined"))
        self.assertEqual((left["time"], left["event"]), (1001, "left"))
        self.assertEqual(left["member"]["state"], "left")
        self.assertEqual(left["why"], "it said goodbye")
        self.assertFalse(connection.ended)

    def test_the_stream_is_complete_when_the_agent_stops(self) -> None:
        connections = [self.request("GET", "/monitor") for _ in range(2)]
        self.api.finish_streams()
        self.assertTrue(all(connection.ended for connection in connections))
        self.changes().apply(claim("n2"))
        self.assertEqual(connections[0].lines(), [])

    def test_a_reader_that_disconnects_is_unsubscribed(self) -> None:
        connection = Connection(self.site)
        connection.send("GET", "/monitor")
        connection.disconnect()
        self.changes().apply(claim("n2"))
        self.api.finish_streams()
        self.assertEqual(connection.lines(), [])

    def test_a_slow_reader_gets_the_buffered_changes_later(self) -> None:
        connection = self.request("GET", "/monitor")
        connection.transport.producer.pauseProducing()
        self.changes().apply(claim("n2"))
        self.changes().apply(claim("n3"))
        self.assertEqual(connection.lines(), [])
        connection.transport.producer.resumeProducing()
        self.assertEqual([line["member"]["name"] for line in connection.lines()], ["n2", "n3"])

    def test_a_reader_with_too_many_buffered_changes_is_disconnected(self) -> None:
        self.patch(monitor_stream, "MOST_WAITING", 2)
        connection = self.request("GET", "/monitor")
        connection.transport.producer.pauseProducing()
        for number in range(2):
            self.changes().apply(claim(f"n{number}"))
        self.assertFalse(connection.aborted)
        self.changes().apply(claim("n2"))
        self.assertTrue(connection.aborted)
