"""The demo as a process: it prints every step, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli.twistd_processes import swimtx_environment
from tests.cluster import TIMEOUT
from tests.signals import use_default_handlers

_COMMAND = re.compile(r"^\s*\$ twistd -n --pidfile= (swim(?:-bootstrap)?) ", re.MULTILINE)


class DemoTests(SynchronousTestCase):
    """The command swimtx demo."""

    timeout = 10 * TIMEOUT

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        demo = subprocess.Popen(
            [sys.executable, "-m", "swimtx", "demo", *arguments],
            env={**swimtx_environment(), "TMPDIR": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        kill_timer = threading.Timer(5 * TIMEOUT, demo.kill)
        kill_timer.start()
        self.addCleanup(kill_timer.cancel)
        self.addCleanup(self.reap, demo)
        return demo

    def reap(self, demo: subprocess.Popen[str]) -> None:
        if demo.poll() is None:
            demo.kill()
        demo.communicate()

    def left_behind(self) -> list[str]:
        """The processes of the demo that still run, and the files in its folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                environment = Path("/proc", pid, "environ").read_bytes()
                command = Path("/proc", pid, "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(f"TMPDIR={self.folder}") in environment.split(b"\0") and command:
                found.append(f"{pid}: {command!r}")
        return found + [str(path) for path in self.folder.iterdir()]

    def assert_nothing_left_behind(self, ignore_files: bool = False) -> None:
        deadline = time.monotonic() + TIMEOUT
        while left := [
            what for what in self.left_behind() if not (ignore_files and what[0] == "/")
        ]:
            if time.monotonic() > deadline:
                self.fail(f"left behind: {left}")
            time.sleep(0.05)

    def test_the_demo_prints_every_step_and_leaves_nothing_behind(self) -> None:
        demo = self.start()
        printed, errors = demo.communicate(timeout=10 * TIMEOUT)
        self.assertEqual((demo.returncode, errors), (0, ""), printed)
        self.assertEqual(_COMMAND.findall(printed), ["swim-bootstrap", *5 * ["swim"]])
        for what in (
            "everybody knows everybody",
            "everybody knows that n5 has failed, after",
            "n2 is alive for everybody, and was never called failed",
            "everybody knows that n4 has left, after",
            "All of it happened. Nothing is left behind.",
        ):
            self.assertIn(what, printed)
        self.assert_nothing_left_behind()

    def test_the_demo_ends_its_processes_at_every_signal(self) -> None:
        use_default_handlers(self, signal.SIGINT, signal.SIGHUP)
        for number, status in (
            (signal.SIGINT, 130),
            (signal.SIGTERM, 143),
            (signal.SIGHUP, 129),
        ):
            demo = self.start("--members", "3")
            self.read_until(demo, "everybody knows everybody")
            demo.send_signal(number)
            _, errors = demo.communicate(timeout=TIMEOUT)
            self.assertEqual((demo.returncode, errors), (status, ""))
            self.assert_nothing_left_behind()

    def test_a_signal_while_members_start_ends_them_too(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "starting 3 members")
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=TIMEOUT)
        self.assert_nothing_left_behind()

    def test_the_processes_of_a_killed_demo_die_even_a_frozen_one(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "freezing n2")
        demo.kill()
        demo.communicate(timeout=TIMEOUT)
        self.assert_nothing_left_behind(ignore_files=True)

    def test_a_closed_pipe_ends_the_demo(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "starting 3 members")
        assert demo.stdout is not None and demo.stderr is not None
        demo.stdout.close()
        self.assertEqual(demo.wait(timeout=5 * TIMEOUT), 1)
        self.assertEqual(demo.stderr.read(), "")
        self.assert_nothing_left_behind()

    def test_fewer_than_three_members_are_wrong_usage(self) -> None:
        demo = self.start("--members", "2")
        _, errors = demo.communicate(timeout=TIMEOUT)
        self.assertEqual(demo.returncode, 2)
        self.assertIn("a number from 3 to 100 is wanted", errors)

    def read_until(self, demo: subprocess.Popen[str], text: str) -> None:
        assert demo.stdout is not None
        for line in demo.stdout:
            if text in line:
                return
        assert demo.stderr is not None
        self.fail(f"the demo never printed {text!r}, but {demo.stderr.read()!r}")
