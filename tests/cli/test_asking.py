"""The commands that talk to an agent, with a fake agent."""

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


class _AgentHandler(BaseHTTPRequestHandler):
    """Answers one request to the agent."""

    server: Any

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append((self.command, self.path, self.rfile.read(length)))
        status, body = self.server.answers.get(self.path, (404, b'{"error": "no such path"}'))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Write no access log."""

    def address_string(self) -> str:
        return "the test"


class _FakeAgent(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _AgentHandler)
        self.requests: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}

    def set_answer(self, path: str, content: Any, status: int = 200) -> None:
        self.answers[path] = status, json.dumps(content).encode()


class CommandTestCase(SynchronousTestCase):
    """A test case with an agent called n1 on port 7001."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.patch(control_socket, "searched_folders", lambda: [self.folder])
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.stdout)
        self.patch(sys, "stderr", self.stderr)
        self.agent = self.start_agent(7001, "n1")

    def start_agent(self, port: int, name: str) -> _FakeAgent:
        self.path = self.folder / f"{port}-{digest_of(name)}.sock"
        agent = _FakeAgent(self.path)
        thread = threading.Thread(target=agent.serve_forever, args=(0.01,), daemon=True)
        thread.start()

        def stop() -> None:
            agent.shutdown()
            agent.server_close()
            thread.join()

        self.addCleanup(stop)
        agent.set_answer("/info", {"name": name, "port": port})
        return agent

    def lines(self, *arguments: str) -> list[str]:
        """The lines that a command prints when it succeeds."""
        status = main(arguments)
        self.assertEqual((status, self.stderr.getvalue()), (0, ""))
        return self.stdout.getvalue().splitlines()

    def error_line(self, *arguments: str) -> str:
        """The line that a command prints when it fails."""
        status = main(arguments)
        self.assertEqual((status, self.stdout.getvalue()), (1, ""))
        [line] = self.stderr.getvalue().splitlines()
        return line


class AgentCommandTests(CommandTestCase):
    """The requests of the commands, and their output."""

    def test_members_are_printed_as_a_table(self) -> None:
        second = {**MEMBER, "name": "a longer name", "tags": {}, "rtt": None, "state": "failed"}
        self.agent.set_answer("/members", [MEMBER, second])
        head, one, two = self.lines("members")
        for row, column, text in (
            (one, "STATE", "alive"),
            (two, "STATE", "failed"),
            (one, "RTT", "0.40ms"),
            (two, "RTT", "-"),
            (one, "TAGS", "role=web,zone=b"),
        ):
            self.assertTrue(row[head.index(column) :].startswith(text), (row, column))

    def test_members_are_printed_as_one_json_list(self) -> None:
        self.agent.set_answer("/members", [MEMBER])
        self.assertEqual(json.loads("\n".join(self.lines("members", "--format=json"))), [MEMBER])

    def test_control_characters_in_a_table_are_escaped(self) -> None:
        evil = {**MEMBER, "tags": {"role": "\x1b[2J\r\n\u202ehi"}}
        self.agent.set_answer("/members", [evil])
        _, row = self.lines("members")
        self.assertIn(r"role=\x1b[2J\r\n\u202ehi", row)

    def test_info_is_printed_as_one_line_for_each_value(self) -> None:
        self.agent.set_answer("/info", {"name": "n1", "members": {"alive": 2}, "seeds": ["a", "b"]})
        self.assertEqual(
            self.lines("info"), ["name            n1", "members: alive  2", "seeds           a, b"]
        )

    def test_a_ping_quotes_the_name_of_the_member(self) -> None:
        self.agent.set_answer("/ping/a%2Fb%20%3F", {"name": "a/b ?", "rtt": 0.01234})
        self.assertEqual(self.lines("ping", "a/b ?"), ["a/b ? answered in 12.34ms"])

    def test_join_sends_the_seeds_to_the_agent(self) -> None:
        self.agent.set_answer("/join", {"joined": True, "members": 1})
        self.assertEqual(self.lines("join", "a:1", "b"), ["joined; 1 member is known"])
        self.assertEqual(self.agent.requests[-1], ("POST", "/join", b'{"seeds": ["a:1", "b"]}'))

    def test_leave_prints_that_it_is_done(self) -> None:
        self.agent.set_answer("/leave", {"left": True})
        self.assertEqual(self.lines("leave"), ["left"])

    def test_the_monitor_prints_each_change_until_the_end(self) -> None:
        change = {"time": 0, "event": "failed", "member": MEMBER, "why": "no answer to n2"}
        self.agent.answers["/monitor"] = (200, 2 * (json.dumps(change).encode() + b"\n"))
        lines = self.lines("monitor")
        self.assertEqual(len(lines), 2)
        printed = " ".join(lines[0].split()[1:])
        self.assertEqual(printed, "failed n1 127.0.0.1:7001 no answer to n2")

    def test_the_monitor_prints_one_json_object_on_each_line(self) -> None:
        change = {"time": 0, "event": "failed", "member": MEMBER, "why": "no answer to n2"}
        self.agent.answers["/monitor"] = (200, json.dumps(change).encode() + b"\n")
        self.assertEqual(json.loads(*self.lines("monitor", "--format", "json")), change)


class NodeOptionTests(CommandTestCase):
    """The option --node, and the choice of an agent without it."""

    def setUp(self) -> None:
        super().setUp()
        self.agent.set_answer("/leave", {"left": True})

    def test_an_agent_is_found_by_port_name_or_path(self) -> None:
        for which in ("7001", "n1", str(self.path)):
            self.lines("leave", "--node", which)
        self.assertEqual(len(self.agent.requests), 3)

    def test_an_agent_is_found_by_the_endpoint_string_of_its_control_port(self) -> None:
        for given in (f"unix:{self.path}", f"unix:address={self.path}:mode=600"):
            self.lines("leave", "--node", given)
        self.assertEqual(len(self.agent.requests), 2)

    def test_an_error_names_the_path_or_address_in_an_endpoint_string(self) -> None:
        for given, meant in (
            (r"unix:/nobody\:here:mode=600", "/nobody:here"),
            ("unix:nobody", "unix:nobody"),
            ("tcp:1", "127.0.0.1:1"),
            ("tcp:port=1:interface=127.0.0.2", "127.0.0.2:1"),
            (r"tcp:1:interface=\:\:1", "[::1]:1"),
        ):
            self.assertIn(f" {meant}", self.error_line("leave", "--node", given))
            self.stderr.truncate(0)
            self.stderr.seek(0)

    def test_several_running_agents_are_listed(self) -> None:
        self.start_agent(7002, "n2")
        printed = "swimtx: several agents run here, pick one with --node: n1 (7001), n2 (7002)"
        self.assertEqual(self.error_line("leave"), printed)

    def test_an_error_about_an_unknown_agent_lists_the_running_ones(self) -> None:
        printed = "swimtx: no agent n9 runs here, but these do: n1 (7001)"
        self.assertEqual(self.error_line("leave", "--node", "n9"), printed)

    def test_an_error_about_no_running_agent_says_how_to_start_one(self) -> None:
        self.patch(control_socket, "searched_folders", lambda: [])
        printed = "swimtx: no agent runs here (twistd -n swim starts one)"
        self.assertEqual(self.error_line("leave"), printed)

    def test_a_socket_of_another_user_is_an_error(self) -> None:
        def forbidden(self: Path) -> Iterator[Path]:
            raise PermissionError(13, "Permission denied", str(self))

        self.patch(Path, "iterdir", forbidden)
        printed = f"swimtx: permission denied: {self.folder} is another user's"
        self.assertEqual(self.error_line("leave"), printed)

    def test_a_refusal_is_printed_in_the_words_of_the_agent(self) -> None:
        self.agent.set_answer("/ping/n2", {"error": "n2 did not answer within 1 s"}, 504)
        self.assertEqual(self.error_line("ping", "n2"), "swimtx: n2 did not answer within 1 s")

    def test_an_answer_that_is_not_json_is_an_error(self) -> None:
        self.agent.answers["/members"] = (200, b"<html>")
        printed = f"swimtx: what answers at {self.path} is no swimtx agent"
        self.assertEqual(self.error_line("members"), printed)
