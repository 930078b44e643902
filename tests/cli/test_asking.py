"""The commands that ask an agent, with an agent that says what the test wants."""

from __future__ import annotations

import io
import json
import shutil
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx.agent import control_socket
from swimtx.agent.control_socket import digest_of
from swimtx.cli import main

MEMBER = {
    "name": "n1",
    "address": "127.0.0.1",
    "port": 7001,
    "state": "alive",
    "incarnation": 0,
    "epoch": 1790000000000,
    "tags": {"role": "web", "zone": "b"},
    "since": 0.0,
    "rtt": 0.0004,
}


class _Answering(BaseHTTPRequestHandler):
    """One request to the agent."""

    server: Any

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.heard.append((self.command, self.path, self.rfile.read(length)))
        status, body = self.server.answers.get(self.path, (404, b'{"error": "no such path"}'))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def address_string(self) -> str:
        return "the test"


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Answering)
        self.heard: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}

    def will_say(self, path: str, content: Any, status: int = 200) -> None:
        self.answers[path] = status, json.dumps(content).encode()


class Commands(SynchronousTestCase):
    """A test with an agent called n1 on port 7001."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.patch(control_socket, "searched_folders", lambda: [self.folder])
        self.said, self.complaints = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.said)
        self.patch(sys, "stderr", self.complaints)
        self.agent = self.start_agent(7001, "n1")

    def start_agent(self, port: int, name: str) -> _Server:
        self.path = self.folder / f"{port}-{digest_of(name)}.sock"
        agent = _Server(self.path)
        thread = threading.Thread(target=agent.serve_forever, args=(0.01,), daemon=True)
        thread.start()

        def stop() -> None:
            agent.shutdown()
            agent.server_close()
            thread.join()

        self.addCleanup(stop)
        agent.will_say("/info", {"name": name, "port": port})
        return agent

    def lines(self, *arguments: str) -> list[str]:
        """What the command prints, when all goes well."""
        status = main(arguments)
        self.assertEqual((status, self.complaints.getvalue()), (0, ""))
        return self.said.getvalue().splitlines()

    def complaint(self, *arguments: str) -> str:
        """The one line, when the command cannot do it."""
        status = main(arguments)
        self.assertEqual((status, self.said.getvalue()), (1, ""))
        [line] = self.complaints.getvalue().splitlines()
        return line


class AskingAnAgent(Commands):
    """What is printed."""

    def test_members_are_a_table_for_people(self) -> None:
        second = {**MEMBER, "name": "a longer name", "tags": {}, "rtt": None, "state": "failed"}
        self.agent.will_say("/members", [MEMBER, second])
        head, one, two = self.lines("members")
        for row, column, text in (
            (one, "STATE", "alive"),
            (two, "STATE", "failed"),
            (one, "RTT", "0.40ms"),
            (two, "RTT", "-"),
            (one, "TAGS", "role=web,zone=b"),
        ):
            self.assertTrue(row[head.index(column) :].startswith(text), (row, column))

    def test_members_are_one_list_for_programs(self) -> None:
        self.agent.will_say("/members", [MEMBER])
        self.assertEqual(json.loads("\n".join(self.lines("members", "--format=json"))), [MEMBER])

    def test_what_terminals_would_obey_is_shown_instead(self) -> None:
        evil = {**MEMBER, "tags": {"role": "\x1b[2J\r\n\u202ehi"}}
        self.agent.will_say("/members", [evil])
        _, row = self.lines("members")
        self.assertIn(r"role=\x1b[2J\r\n\u202ehi", row)

    def test_info_is_a_line_for_each_value(self) -> None:
        self.agent.will_say("/info", {"name": "n1", "members": {"alive": 2}, "seeds": ["a", "b"]})
        self.assertEqual(
            self.lines("info"), ["name            n1", "members: alive  2", "seeds           a, b"]
        )

    def test_a_ping_goes_to_exactly_that_name(self) -> None:
        self.agent.will_say("/ping/a%2Fb%20%3F", {"name": "a/b ?", "rtt": 0.01234})
        self.assertEqual(self.lines("ping", "a/b ?"), ["a/b ? answered in 12.34ms"])

    def test_joining_tells_the_agent_its_seeds(self) -> None:
        self.agent.will_say("/join", {"joined": True, "members": 1})
        self.assertEqual(self.lines("join", "a:1", "b"), ["joined; 1 member is known"])
        self.assertEqual(self.agent.heard[-1], ("POST", "/join", b'{"seeds": ["a:1", "b"]}'))

    def test_leaving_is_said_to_be_done(self) -> None:
        self.agent.will_say("/leave", {"left": True})
        self.assertEqual(self.lines("leave"), ["left"])

    def test_the_monitor_prints_each_change_until_the_end(self) -> None:
        change = {"time": 0, "event": "failed", "member": MEMBER, "why": "no answer to n2"}
        self.agent.answers["/monitor"] = (200, 2 * (json.dumps(change).encode() + b"\n"))
        lines = self.lines("monitor")
        self.assertEqual(len(lines), 2)
        said = " ".join(lines[0].split()[1:])
        self.assertEqual(said, "failed n1 127.0.0.1:7001 no answer to n2")

    def test_the_monitor_prints_one_object_a_line_for_programs(self) -> None:
        change = {"time": 0, "event": "failed", "member": MEMBER, "why": "no answer to n2"}
        self.agent.answers["/monitor"] = (200, json.dumps(change).encode() + b"\n")
        self.assertEqual(json.loads(*self.lines("monitor", "--format", "json")), change)


class PickingAnAgent(Commands):
    """--node, and doing without."""

    def setUp(self) -> None:
        super().setUp()
        self.agent.will_say("/leave", {"left": True})

    def test_it_may_be_named_in_each_way(self) -> None:
        for which in ("7001", "n1", str(self.path)):
            self.lines("leave", "--node", which)
        self.assertEqual(len(self.agent.heard), 3)

    def test_what_the_agent_was_given_as_its_control_port_is_a_way_too(self) -> None:
        for given in (f"unix:{self.path}", f"unix:address={self.path}:mode=600"):
            self.lines("leave", "--node", given)
        self.assertEqual(len(self.agent.heard), 2)

    def test_where_it_looked_is_said_in_other_words_than_those_of_the_control_port(self) -> None:
        for given, meant in (
            (r"unix:/nobody\:here:mode=600", "/nobody:here"),
            ("unix:nobody", "unix:nobody"),
            ("tcp:1", "127.0.0.1:1"),
            ("tcp:port=1:interface=127.0.0.2", "127.0.0.2:1"),
            (r"tcp:1:interface=\:\:1", "[::1]:1"),
        ):
            self.assertIn(f" {meant}", self.complaint("leave", "--node", given))
            self.complaints.truncate(0)
            self.complaints.seek(0)

    def test_where_several_run_they_are_listed(self) -> None:
        self.start_agent(7002, "n2")
        said = "swimtx: several agents run here, pick one with --node: n1 (7001), n2 (7002)"
        self.assertEqual(self.complaint("leave"), said)

    def test_who_is_not_there_is_told_apart_from_those_who_are(self) -> None:
        said = "swimtx: no agent n9 runs here, but these do: n1 (7001)"
        self.assertEqual(self.complaint("leave", "--node", "n9"), said)

    def test_where_none_runs_it_says_how_to_start_one(self) -> None:
        self.patch(control_socket, "searched_folders", lambda: [])
        said = "swimtx: no agent runs here (twistd -n swim starts one)"
        self.assertEqual(self.complaint("leave"), said)

    def test_a_socket_of_another_user_is_said_to_be_one(self) -> None:
        def forbidden(self: Path) -> Iterator[Path]:
            raise PermissionError(13, "Permission denied", str(self))

        self.patch(Path, "iterdir", forbidden)
        said = f"swimtx: permission denied: {self.folder} is another user's"
        self.assertEqual(self.complaint("leave"), said)

    def test_what_the_agent_refuses_is_said_in_its_words(self) -> None:
        self.agent.will_say("/ping/n2", {"error": "n2 did not answer within 1 s"}, 504)
        self.assertEqual(self.complaint("ping", "n2"), "swimtx: n2 did not answer within 1 s")

    def test_what_is_no_agent_is_said_to_be_none(self) -> None:
        self.agent.answers["/members"] = (200, b"<html>")
        said = f"swimtx: what answers at {self.path} is no swimtx agent"
        self.assertEqual(self.complaint("members"), said)
