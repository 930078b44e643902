"""What the control port answers: its routes, its errors, its live streams."""

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


class Talk:
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
        """The status, and what the JSON of the whole answer says."""
        head, _, _ = self.transport.value().partition(b"\r\n\r\n")
        assert head, "there is no answer yet"
        [content] = self.lines()
        return int(head.split()[1]), content

    def lines(self) -> list[Any]:
        """The JSON of each line that has come."""
        _, _, chunks = self.transport.value().partition(b"\r\n\r\n")
        content = b""
        while chunks:
            size, _, rest = chunks.partition(b"\r\n")
            content += rest[: int(size, 16)]
            chunks = rest[int(size, 16) + 2 :]
        return [json.loads(line) for line in content.splitlines()]

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return bool(self.transport.value().endswith(b"0\r\n\r\n"))

    def hang_up(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    def _abort(self) -> None:
        self.aborted = True


class Routes(SynchronousTestCase):
    """A test of what is answered."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.agent = FakeAgent(self.clock)
        self.api = ControlApi(self.clock, self.agent, "/run/x.sock")
        self.site = QuietSite(self.api, self.clock)

    def ask(self, method: str, path: str, body: str = "", **more: str) -> Talk:
        talk = Talk(self.site)
        self.addCleanup(talk.hang_up)
        talk.send(method, path, body, **more)
        return talk


class Asking(Routes):
    """GET."""

    def test_members_are_one_list(self) -> None:
        self.agent.node.membership.apply(claim("n2", 7002, tags=(("a", "é"),)))
        status, members = self.ask("GET", "/members").answer()
        self.assertEqual(status, 200)
        self.assertEqual([member["name"] for member in members], ["me", "n2"])
        self.assertEqual(members[1]["tags"], {"a": "é"})

    def test_info_adds_what_only_the_agent_knows(self) -> None:
        status, info = self.ask("GET", "/info").answer()
        self.assertEqual(status, 200)
        self.assertEqual(info["name"], "me")
        self.assertEqual((info["joined"], info["pid"]), (True, os.getpid()))
        self.assertEqual(info["control"], "/run/x.sock")

    def test_versions_are_told(self) -> None:
        status, versions = self.ask("GET", "/version").answer()
        self.assertEqual((status, versions["swimtx"]), (200, __version__))
        self.assertEqual(list(versions), ["swimtx", "twisted", "protobuf", "python"])

    def test_a_ping_tells_the_round_trip(self) -> None:
        self.agent.node.pings["a/b é"] = 0.25
        answer = self.ask("GET", "/ping/a%2Fb%20%C3%A9").answer()
        self.assertEqual(answer, (200, {"name": "a/b é", "rtt": 0.25}))

    def test_a_ping_of_nobody_is_not_found(self) -> None:
        answer = self.ask("GET", "/ping/nobody").answer()
        self.assertEqual(answer, (404, {"error": "no member is called 'nobody'"}))

    def test_a_ping_without_an_answer_timed_out(self) -> None:
        self.agent.node.pings["slow"] = None
        answer = self.ask("GET", "/ping/slow").answer()
        self.assertEqual(answer, (504, {"error": "slow did not answer"}))

    def test_what_goes_wrong_inside_is_logged_and_said_to_be(self) -> None:
        self.patch(self.agent.node, "info", lambda: 1 / 0)
        status, content = self.ask("GET", "/info").answer()
        self.assertEqual(status, 500)
        self.assertEqual(list(content), ["error"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Telling(Routes):
    """POST."""

    def test_joining_is_answered_when_it_is_done(self) -> None:
        talk = self.ask("POST", "/join", '{"seeds": ["a:1", "b"]}')
        self.assertEqual(talk.transport.value(), b"")
        self.agent.joining.callback(self.agent.node.membership)
        self.assertEqual(self.agent.seeds, [["a:1", "b"]])
        self.assertEqual(talk.answer(), (200, {"joined": True, "members": 1}))

    def test_joining_in_vain_names_the_seeds(self) -> None:
        self.agent.joining = fail(JoinFailed({"a:1": "no answer"}))
        answer = self.ask("POST", "/join", '{"seeds": ["a:1"]}').answer()
        self.assertEqual(answer, (502, {"error": "no seed answered (a:1: no answer)"}))

    def test_a_seed_that_makes_no_sense_is_the_askers_fault(self) -> None:
        self.agent.joining = fail(ValueError("seed ':1': no host is given"))
        answer = self.ask("POST", "/join", '{"seeds": [":1"]}').answer()
        self.assertEqual(answer, (400, {"error": "seed ':1': no host is given"}))

    def test_seeds_have_to_be_a_list_of_texts(self) -> None:
        for body in ("", "null", "[]", "{}", '{"seeds": []}', '{"seeds": [1]}', '{"seeds": "a"}'):
            status, content = self.ask("POST", "/join", body).answer()
            self.assertEqual(status, 400, body)
            self.assertIn('{"seeds": [', content["error"])
        self.assertEqual(self.agent.seeds, [])

    def test_what_is_no_json_is_said_to_be_none(self) -> None:
        answer = self.ask("POST", "/join", "{seeds").answer()
        self.assertEqual(answer, (400, {"error": "the request is not JSON"}))

    def test_too_much_is_not_read(self) -> None:
        self.assertEqual(self.ask("POST", "/join", "1" * 70000).answer()[0], 413)

    def test_a_web_page_cannot_make_a_browser_command_it(self) -> None:
        for path in ("/join", "/leave"):
            talk = self.ask("POST", path, '{"seeds": ["a"]}', kind="text/plain")
            self.assertEqual(talk.answer()[0], 415)
        self.assertEqual(self.agent.seeds, [])

    def test_leaving_is_answered_when_the_others_know(self) -> None:
        talk = self.ask("POST", "/leave")
        self.assertEqual(talk.transport.value(), b"")
        self.agent.leaving.callback(None)
        self.assertEqual(talk.answer(), (200, {"left": True}))

    def test_what_does_not_run_cannot_leave(self) -> None:
        self.agent.leaving = fail(NotRunning("the node is not running"))
        answer = self.ask("POST", "/leave").answer()
        self.assertEqual(answer, (409, {"error": "the node is not running"}))

    def test_a_client_that_hangs_up_gives_it_up(self) -> None:
        given_up: list[Any] = []
        self.agent.joining = Deferred(given_up.append)
        talk = Talk(self.site)
        talk.send("POST", "/join", '{"seeds": ["a"]}')
        talk.hang_up()
        self.assertEqual(given_up, [self.agent.joining])


class Wrongly(Routes):
    """What is not there."""

    def test_an_unknown_path_lists_the_known_ones(self) -> None:
        for path in ("/", "/memberz", "/members/", "/ping", "/ping/a/b", "/join/x"):
            status, content = self.ask("GET", path).answer()
            self.assertEqual(status, 404, path)
            self.assertIn("GET /members", content["error"])

    def test_a_wrong_method_is_told_the_right_one(self) -> None:
        for method, path, right in (
            ("POST", "/members", "GET"),
            ("DELETE", "/ping/x", "GET"),
            ("GET", "/join", "POST"),
            ("GET", "/leave", "POST"),
        ):
            talk = self.ask(method, path)
            self.assertEqual(talk.answer(), (405, {"error": f"this path takes {right} only"}))
            self.assertIn(f"Allow: {right}".encode(), talk.transport.value())

    def test_a_path_that_is_no_text_is_refused(self) -> None:
        self.assertEqual(self.ask("GET", "/ping/%FF").answer()[0], 400)


class Monitoring(Routes):
    """The live stream."""

    def changes(self) -> Membership:
        return self.agent.node.membership

    def test_each_change_is_a_line(self) -> None:
        talk = self.ask("GET", "/monitor")
        self.assertEqual(talk.lines(), [])
        self.assertIn(b"200", talk.transport.value())
        self.changes().apply(claim("n2"))
        self.clock.advance(1)
        self.changes().apply(claim("n2").departed())
        joined, left = talk.lines()
        self.assertEqual(list(joined), ["time", "event", "member", "why"])
        self.assertEqual((joined["time"], joined["event"]), (1000, "joined"))
        self.assertEqual((left["time"], left["event"]), (1001, "left"))
        self.assertEqual(left["member"]["state"], "left")
        self.assertEqual(left["why"], "it said goodbye")
        self.assertFalse(talk.ended)

    def test_it_is_complete_when_the_agent_stops(self) -> None:
        talks = [self.ask("GET", "/monitor") for _ in range(2)]
        self.api.finish_streams()
        self.assertTrue(all(talk.ended for talk in talks))
        self.changes().apply(claim("n2"))
        self.assertEqual(talks[0].lines(), [])

    def test_a_reader_that_is_gone_is_forgotten(self) -> None:
        talk = Talk(self.site)
        talk.send("GET", "/monitor")
        talk.hang_up()
        self.changes().apply(claim("n2"))
        self.api.finish_streams()
        self.assertEqual(talk.lines(), [])

    def test_what_a_slow_reader_missed_it_reads_later(self) -> None:
        talk = self.ask("GET", "/monitor")
        talk.transport.producer.pauseProducing()
        self.changes().apply(claim("n2"))
        self.changes().apply(claim("n3"))
        self.assertEqual(talk.lines(), [])
        talk.transport.producer.resumeProducing()
        self.assertEqual([line["member"]["name"] for line in talk.lines()], ["n2", "n3"])

    def test_a_reader_that_stopped_reading_is_cut_off(self) -> None:
        self.patch(monitor_stream, "MOST_WAITING", 2)
        talk = self.ask("GET", "/monitor")
        talk.transport.producer.pauseProducing()
        for number in range(2):
            self.changes().apply(claim(f"n{number}"))
        self.assertFalse(talk.aborted)
        self.changes().apply(claim("n2"))
        self.assertTrue(talk.aborted)
