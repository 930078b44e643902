"""The examples: each runs and gives the described output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swimtx import Config, Node

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run_python(test: SynchronousTestCase, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments in a folder of the test."""
    folder = Path(test.mktemp())
    folder.mkdir()
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class ExampleTests(SynchronousTestCase):
    def test_every_example_is_in_the_readme_of_the_examples(self) -> None:
        text = (EXAMPLES / "README.rst").read_text()
        for example in EXAMPLES.glob("*.py"):
            self.assertIn(example.name, text)

    def test_workers_take_over_the_jobs_of_a_worker_that_leaves(self) -> None:
        done = run_python(self, str(EXAMPLES / "embedded_member.py"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("carl has the jobs [2, 5, 8]", done.stdout)
        self.assertIn("anna: carl left", done.stdout)
        self.assertIn("anna has the jobs [0, 2, 4, 6, 8]", done.stdout)

    def test_the_tests_of_the_example_application_pass(self) -> None:
        done = run_python(self, "-m", "twisted.trial", str(EXAMPLES / "test_my_application.py"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("PASSED (successes=5)", done.stdout)

    def test_the_watcher_reports_that_no_seed_answered(self) -> None:
        done = run_python(self, str(EXAMPLES / "watch_changes.py"), "127.0.0.1:9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot join: no seed answered (127.0.0.1:9: ", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


class WatchingTests(TestCase):
    """The watcher, with a group to watch."""

    def test_the_watcher_prints_the_members_and_their_changes(self) -> Any:
        from twisted.internet import reactor

        return ensureDeferred(self.watch_a_member(reactor))

    async def watch_a_member(self, reactor: Any) -> None:
        member = Node(reactor, Config.local(name="member", port=0))
        await member.start()
        self.addCleanup(member.destroy)
        host, port = member.address
        watching = getProcessOutputAndValue(
            sys.executable,
            [str(EXAMPLES / "watch_changes.py"), "--seconds", "2", f"{host}:{port}"],
            env=ENVIRONMENT,
        )
        while len(member.membership.members()) < 2:
            await deferLater(reactor, 0.05)
        await deferLater(reactor, 0.3)
        member.set_tags({"role": "watched"})
        out, err, status = await watching
        self.assertEqual((status, err), (0, b""))
        self.assertIn(b"alive        member\n", out)
        self.assertIn(b"updated      member", out)
        self.assertIn(b"role=watched", out)
        states = {found.state.value for found in member.membership.members()}
        self.assertEqual(states, {"alive", "left"})
