"""The examples: each runs and gives the described output."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swimtx import Config, Event, Node

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
TWISTD = ("-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "-y")
TIMEOUT = 60  # seconds that a program is given to print a line or to end


def run_python(
    test: SynchronousTestCase, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments in a folder of the test."""
    folder = Path(test.mktemp())
    folder.mkdir()
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def free_port() -> int:
    """A port of loopback that is free for UDP and TCP at this moment."""
    while True:
        with closing(socket.socket()) as tcp, closing(_udp_socket()) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _udp_socket() -> socket.socket:
    return socket.socket(type=socket.SOCK_DGRAM)


class Program(ProcessProtocol):
    """A running example.

    @ivar output: everything that it printed so far, on either stream.
    @ivar ended: fires with the exit code, or with minus the number of the signal that ended it.
    """

    def __init__(self, test: TestCase, *arguments: str, **environment: str) -> None:
        from twisted.internet import reactor

        self._reactor: Any = reactor
        self.output = ""
        self.ended: Deferred[int] = Deferred()
        self._running = True
        self._awaited: list[tuple[str, Deferred[re.Match[str]]]] = []
        folder = Path(test.mktemp())
        folder.mkdir()
        self._process = self._reactor.spawnProcess(
            self,
            sys.executable,
            [sys.executable, *arguments],
            env={**ENVIRONMENT, **environment},
            path=str(folder),
        )
        test.addCleanup(self._kill)

    def prints(self, pattern: str) -> Deferred[re.Match[str]]:
        """A Deferred of the match, once the output contains the pattern."""
        awaited: Deferred[re.Match[str]] = Deferred()
        self._awaited.append((pattern, awaited))
        self._look()
        return awaited.addTimeout(TIMEOUT, self._reactor, lambda _, __: self._miss(pattern))

    async def end(self, name: str = "TERM") -> int:
        """Send it a signal, and wait for its end."""
        self._process.signalProcess(name)
        return await self.ended.addTimeout(TIMEOUT, self._reactor)

    def outReceived(self, data: bytes) -> None:  # noqa: N802
        self.output += data.decode()
        self._look()

    errReceived = outReceived  # noqa: N815

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        reason.trap(ProcessDone, ProcessTerminated)
        ended: Any = reason.value
        self._running = False
        for pattern, awaited in self._awaited:
            awaited.errback(self._missed(pattern))
        self.ended.callback(-ended.signal if ended.signal else ended.exitCode)

    def _look(self) -> None:
        for pattern, awaited in list(self._awaited):
            found = re.search(pattern, self.output)
            if found is not None:
                self._awaited.remove((pattern, awaited))
                awaited.callback(found)

    def _miss(self, pattern: str) -> re.Match[str]:
        raise self._missed(pattern)

    def _missed(self, pattern: str) -> AssertionError:
        return AssertionError(f"the program did not print {pattern!r}, but: {self.output}")

    def _kill(self) -> Deferred[int] | None:
        if not self._running:
            return None
        self._process.signalProcess("KILL")
        return self.ended


async def fetch(url: str) -> tuple[int, Any]:
    """The status of a page and the JSON that it holds."""

    def read() -> tuple[int, Any]:
        try:
            with urlopen(url, timeout=TIMEOUT) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await deferToThread(read)


class ExampleTests(SynchronousTestCase):
    def test_every_example_is_in_the_readme_of_the_examples(self) -> None:
        text = (EXAMPLES / "README.rst").read_text()
        for example in [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.tac")]:
            self.assertIn(f"``{example.name}``\n", text)

    def test_only_the_shards_of_the_worker_that_went_move(self) -> None:
        done = run_python(self, str(EXAMPLES / "sharded_worker.py"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("anna: carl left", done.stdout)
        self.assertIn("anna: bert failed", done.stdout)
        three, two, one = (
            {
                name: set(json.loads(shards))
                for name, shards in re.findall(r"(\w+) (\[[\d, ]*\])", line)
            }
            for line in done.stdout.splitlines()
            if re.match("three workers: |carl left: |bert failed: ", line)
        )
        everything = set(range(12))
        self.assertEqual(three["anna"] | three["bert"] | three["carl"], everything)
        self.assertEqual(sum(map(len, three.values())), 12)
        self.assertEqual((two["anna"] | two["bert"], sum(map(len, two.values()))), (everything, 12))
        self.assertEqual(two["anna"] - three["anna"] | two["bert"] - three["bert"], three["carl"])
        self.assertEqual(one, {"anna": everything})

    def test_the_tests_of_the_example_application_pass(self) -> None:
        done = run_python(self, "-m", "twisted.trial", str(EXAMPLES / "test_my_application.py"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("PASSED (successes=5)", done.stdout)

    def test_the_watcher_reports_that_no_seed_answered(self) -> None:
        done = run_python(self, str(EXAMPLES / "watch_changes.py"), "127.0.0.1:9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot join: no seed answered (127.0.0.1:9: ", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_the_asyncio_examples_report_that_no_seed_answered(self) -> None:
        for example in ("asyncio_program.py", "asyncio_run.py"):
            done = run_python(self, str(EXAMPLES / example), "127.0.0.1:9")
            self.assertEqual(done.returncode, 1, example)
            self.assertEqual(
                done.stderr, "cannot join: no seed answered (127.0.0.1:9: no answer)\n", example
            )

    def test_the_examples_report_a_taken_port_in_one_sentence(self) -> None:
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            web = str(EXAMPLES / "web_application.py")
            for done in (
                run_python(self, web, "--port", port, "--http-port", "0"),
                run_python(self, web, "--port", "0", "--http-port", port),
                run_python(self, *TWISTD, str(EXAMPLES / "member.tac"), SWIM_PORT=port),
            ):
                self.assertEqual(done.returncode, 1)
                said = done.stdout + done.stderr
                self.assertIn(f"cannot start: Couldn't listen on 127.0.0.1:{port}: ", said)
                self.assertNotIn("Traceback", said)

    def test_the_examples_report_a_wrong_setting_in_one_sentence(self) -> None:
        web = run_python(self, str(EXAMPLES / "web_application.py"), "--port", "77777")
        tac = run_python(self, *TWISTD, str(EXAMPLES / "member.tac"), SWIM_PORT="77777")
        seed = run_python(self, str(EXAMPLES / "asyncio_run.py"), "127.0.0.1:none")
        self.assertEqual(web.stderr, "cannot start: port must be 0 to 65535, not 77777\n")
        self.assertEqual(tac.stderr, "cannot start: port must be 0 to 65535, not 77777\n")
        self.assertIn("cannot join: seed '127.0.0.1:none': the port must be", seed.stderr)
        self.assertEqual([done.returncode for done in (web, tac, seed)], [1, 1, 1])


class RunningExampleTests(TestCase):
    """Examples that run until they are stopped, with a member of the test as their seed."""

    timeout = 120

    async def start_member(self) -> tuple[Node, str]:
        """A member, and the text that names it as a seed."""
        from twisted.internet import reactor

        member = Node(reactor, Config.local(name="member", port=0))
        await member.start()
        self.addCleanup(member.destroy)
        self.events: list[tuple[Event, str]] = []
        member.membership.subscribe(
            lambda change: self.events.append((change.event, change.member.name))
        )
        return member, str(member.address)

    def assert_left(self, name: str) -> None:
        """The member of the test saw the other leave, not fail."""
        self.assertIn((Event.LEFT, name), self.events)
        self.assertNotIn(Event.FAILED, [event for event, _ in self.events])

    async def test_the_web_application_serves_the_members_and_leaves_at_sigterm(self) -> None:
        _, seed = await self.start_member()
        web = Program(
            self,
            str(EXAMPLES / "web_application.py"),
            *("--name", "web", "--port", "0", "--http-port", "0", "--join", seed),
        )
        pages = (await web.prints(r"web serves (http://\S+/)members"))[1]
        await web.prints("web has joined; 2 living")
        status, members = await fetch(pages + "members")
        self.assertEqual(status, 200)
        self.assertEqual([found["name"] for found in members], ["member", "web"])
        self.assertEqual(await fetch(pages + "health"), (200, {"joined": True, "living": 2}))
        self.assertEqual(await web.end("TERM"), 0)
        self.assertIn("left the group", web.output)
        self.assert_left("web")

    async def test_the_web_application_is_not_healthy_before_it_has_joined(self) -> None:
        web = Program(
            self,
            str(EXAMPLES / "web_application.py"),
            *("--port", "0", "--http-port", "0", "--join", f"127.0.0.1:{free_port()}"),
        )
        pages = (await web.prints(r"serves (http://\S+/)members"))[1]
        self.assertEqual(await fetch(pages + "health"), (503, {"joined": False, "living": 1}))
        self.assertEqual(await web.end("INT"), 0)
        self.assertNotIn("Traceback", web.output)

    async def test_the_tac_file_runs_a_member_that_leaves_at_either_signal(self) -> None:
        _, seed = await self.start_member()
        for name, number in (("TERM", 15), ("INT", 2)):
            tac = Program(
                self,
                *(*TWISTD, str(EXAMPLES / "member.tac")),
                **{"SWIM_NAME": f"tac-{name}", "SWIM_PORT": "0", "SWIM_JOIN": seed},
            )
            await tac.prints(f"tac-{name} has joined; 2 living")
            self.assertEqual(await tac.end(name), -number, tac.output)
            self.assertNotIn("Traceback", tac.output)
            self.assert_left(f"tac-{name}")

    async def test_the_tac_file_runs_a_bootstrap_node_beside_the_member(self) -> None:
        port = str(free_port())
        tac = str(EXAMPLES / "member.tac")
        named = {"SWIM_NAME": "first", "SWIM_PORT": "0", "SWIM_BOOTSTRAP_PORT": port}
        first = Program(self, *TWISTD, tac, **named)
        await first.prints("first has joined; 1 living")
        named = {"SWIM_NAME": "second", "SWIM_PORT": "0", "SWIM_JOIN": f"127.0.0.1:{port}"}
        second = Program(self, *TWISTD, tac, **named)
        await second.prints("second has joined; 2 living")

    async def test_the_asyncio_program_prints_the_round_trip_time_to_every_member(self) -> None:
        _, seed = await self.start_member()
        program = Program(self, str(EXAMPLES / "asyncio_program.py"), seed)
        await program.prints(r"member: \d+\.\d ms\n")
        self.assertEqual(await program.ended, 0)
        self.assertEqual([event for event, _ in self.events], [Event.JOINED, Event.LEFT])

    async def test_the_program_in_asyncio_run_prints_changes_and_leaves_at_either_signal(
        self,
    ) -> None:
        member, seed = await self.start_member()
        # A seed given by name is looked up in a thread, which must not keep the process alive.
        for name, given in (("TERM", seed), ("INT", f"localhost:{member.address.port}")):
            self.events.clear()
            program = Program(self, str(EXAMPLES / "asyncio_run.py"), given)
            joined = await program.prints(r"(\S+) has joined; 2 living")
            member.set_tags({"signal": name})
            await program.prints("member updated")
            self.assertEqual(await program.end(name), 0)
            self.assertTrue(program.output.endswith("leaving\n"), program.output)
            self.assert_left(joined[1])

    async def test_a_signal_ends_the_program_in_asyncio_run_while_it_joins(self) -> None:
        asked = _udp_socket()
        self.addCleanup(asked.close)
        asked.bind(("127.0.0.1", 0))
        asked.settimeout(TIMEOUT)
        seed = f"127.0.0.1:{asked.getsockname()[1]}"
        program = Program(self, str(EXAMPLES / "asyncio_run.py"), seed)
        await deferToThread(asked.recv, 65536)
        self.assertEqual(await program.end("TERM"), 0)
        self.assertEqual(program.output, "leaving\n")

    async def test_the_watcher_prints_the_members_and_their_changes(self) -> None:
        member, seed = await self.start_member()
        watcher = Program(self, str(EXAMPLES / "watch_changes.py"), "--seconds", "3", seed)
        await watcher.prints("alive        member\n")
        member.set_tags({"role": "watched"})
        await watcher.prints("updated      member .* role=watched")
        self.assertEqual(await watcher.ended, 0)
        self.assertEqual([event for event, _ in self.events][-1], Event.LEFT)
