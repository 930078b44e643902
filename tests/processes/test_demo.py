"""The demo as a process: it shows what it promises, and leaves nothing behind however it ends."""

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
from tests.cluster import PATIENCE
from tests.signals import heed

_COMMAND = re.compile(r"^\s*\$ twistd -n --pidfile= (swim(?:-bootstrap)?) ", re.MULTILINE)


class TheDemo(SynchronousTestCase):
    """swimtx demo."""

    timeout = 10 * PATIENCE

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
        patience = threading.Timer(5 * PATIENCE, demo.kill)
        patience.start()
        self.addCleanup(patience.cancel)
        self.addCleanup(self.reap, demo)
        return demo

    def reap(self, demo: subprocess.Popen[str]) -> None:
        if demo.poll() is None:
            demo.kill()
        demo.communicate()

    def left_behind(self) -> list[str]:
        """The processes that have to do with our folder, and what is in it."""
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

    def nothing_is_left_behind(self, but_files: bool = False) -> None:
        deadline = time.monotonic() + PATIENCE
        while left := [what for what in self.left_behind() if not (but_files and what[0] == "/")]:
            if time.monotonic() > deadline:
                self.fail(f"left behind: {left}")
            time.sleep(0.05)

    def test_all_of_it_happens_and_it_says_how(self) -> None:
        demo = self.start()
        said, complaints = demo.communicate(timeout=10 * PATIENCE)
        self.assertEqual((demo.returncode, complaints), (0, ""), said)
        self.assertEqual(_COMMAND.findall(said), ["swim-bootstrap", *5 * ["swim"]])
        for what in (
            "everybody knows everybody",
            "everybody knows that n5 has failed, after",
            "n2 is alive for everybody, and was never called failed",
            "everybody knows that n4 has left, after",
            "All of it happened. Nothing is left behind.",
        ):
            self.assertIn(what, said)
        self.nothing_is_left_behind()

    def test_however_it_is_ended_it_ends_its_processes(self) -> None:
        heed(self, signal.SIGINT, signal.SIGHUP)
        for number, status in (
            (signal.SIGINT, 130),
            (signal.SIGTERM, 143),
            (signal.SIGHUP, 129),
        ):
            demo = self.start("--members", "3")
            self.read_until(demo, "everybody knows everybody")
            demo.send_signal(number)
            _, complaints = demo.communicate(timeout=PATIENCE)
            self.assertEqual((demo.returncode, complaints), (status, ""))
            self.nothing_is_left_behind()

    def test_ended_while_members_start_it_ends_them(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "starting 3 members")
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=PATIENCE)
        self.nothing_is_left_behind()

    def test_killed_with_one_frozen_its_processes_die_with_it(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "freezing n2")
        demo.kill()
        demo.communicate(timeout=PATIENCE)
        self.nothing_is_left_behind(but_files=True)

    def test_a_reader_that_goes_away_ends_it(self) -> None:
        demo = self.start("--members", "3")
        self.read_until(demo, "starting 3 members")
        assert demo.stdout is not None and demo.stderr is not None
        demo.stdout.close()
        self.assertEqual(demo.wait(timeout=5 * PATIENCE), 1)
        self.assertEqual(demo.stderr.read(), "")
        self.nothing_is_left_behind()

    def test_fewer_than_three_make_no_group_to_show(self) -> None:
        demo = self.start("--members", "2")
        _, complaints = demo.communicate(timeout=PATIENCE)
        self.assertEqual(demo.returncode, 2)
        self.assertIn("a number from 3 to 100 is wanted", complaints)

    def read_until(self, demo: subprocess.Popen[str], text: str) -> None:
        assert demo.stdout is not None
        for line in demo.stdout:
            if text in line:
                return
        assert demo.stderr is not None
        self.fail(f"the demo never said {text!r}, but {demo.stderr.read()!r}")
