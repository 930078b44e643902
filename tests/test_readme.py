"""The code of the README, which is run as it is printed there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text()
BOUND = 60.0  # seconds


def blocks(language: str) -> list[str]:
    """The code blocks of one language, without their indentation."""
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", README)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


class ReadmePythonTests(TestCase):
    """The Python blocks, each of which is a program."""

    def test_every_python_block_runs(self) -> None:
        programs = blocks("python")
        self.assertGreaterEqual(len(programs), 2)
        for program in programs:
            done = subprocess.run(
                [sys.executable, "-c", program],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=BOUND,
                check=False,
            )
            self.assertEqual(done.returncode, 0, f"{program}\n{done.stdout}\n{done.stderr}")

    def test_the_embedded_members_see_each_other_and_their_tags(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", blocks("python")[0]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=True,
        )
        self.assertIn("['n1', 'n2']", done.stdout)
        self.assertIn("{'role': 'web'}", done.stdout)
        self.assertIn("joined n2", done.stdout)


class ReadmeCommandTests(TestCase):
    """The lines after a dollar sign: servers first, then the commands that query them."""

    def setUp(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.addCleanup(self.kill_servers)

    def kill_servers(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    def words(self, line: str) -> list[str]:
        """The words of a command line, with the scripts of this interpreter for C{.venv/bin}."""
        scripts = str(Path(sys.executable).parent)
        return [word.replace(".venv/bin", scripts) for word in line.removeprefix("$ ").split()]

    def run_until(self, line: str, enough: object) -> str:
        """Run a command until its output satisfies C{enough(text)}."""
        deadline = time.monotonic() + BOUND
        while True:
            done = subprocess.run(
                self.words(line), capture_output=True, text=True, timeout=BOUND, check=False
            )
            if done.returncode == 0 and enough(done.stdout):  # type: ignore[operator]
                return done.stdout
            if time.monotonic() > deadline:
                self.fail(f"{line}: {done.stdout}{done.stderr}")
            time.sleep(0.1)

    def test_the_members_started_by_hand_find_each_other(self) -> None:
        servers, requests = (block.strip().splitlines() for block in blocks("console")[:2])
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        for line in servers:
            self.started.append(
                subprocess.Popen(
                    self.words(line),
                    cwd=self.mktemp_folder(),
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        members, info, ping, leave = requests
        self.run_until(members, lambda text: text.count("alive") == 2)
        answer = self.run_until(f"{info} --format json", bool)
        self.assertEqual(json.loads(answer)["name"], "n1")
        self.run_until(ping, bool)
        self.run_until(leave, lambda text: True)
        self.run_until(members, lambda text: "left" in text)

    def mktemp_folder(self) -> str:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        return str(folder)


class InstallCommandTests(SynchronousTestCase):
    """The two installing commands, which readers and continuous integration copy."""

    def test_the_two_install_commands_are_at_the_top_of_the_readme(self) -> None:
        commands = re.findall(r"^    (python3 -m venv .*)$", README, re.MULTILINE)
        self.assertEqual(
            commands,
            [
                "python3 -m venv .venv && .venv/bin/pip install -e '.[cli]' "
                "&& .venv/bin/swimtx demo",
                "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' "
                "&& .venv/bin/python -m twisted.trial tests",
            ],
        )
        self.assertLess(README.index(commands[1]), 1200)
