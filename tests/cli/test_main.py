"""The command swimtx: which command is run, and with which status it ends."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import swimtx
from swimtx import __version__
from swimtx.cli import main, members
from swimtx.cli.errors import CommandFailed
from swimtx.cli.twistd_processes import swimtx_environment


class TheCommand(SynchronousTestCase):
    """main()."""

    def setUp(self) -> None:
        self.said, self.complaints = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.said)
        self.patch(sys, "stderr", self.complaints)

    def ending(self, how: Any) -> int:
        """The status when the command ends by raising that, or returns it."""

        def run(args: argparse.Namespace) -> int:
            if isinstance(how, int):
                return how
            raise how

        self.patch(members, "run", run)
        return main(["members"])

    def test_its_status_is_that_of_the_command(self) -> None:
        self.assertEqual(self.ending(0), 0)

    def test_what_cannot_be_done_is_one_line_and_status_1(self) -> None:
        self.assertEqual(self.ending(CommandFailed("no, that is not possible")), 1)
        self.assertEqual(self.complaints.getvalue(), "swimtx: no, that is not possible\n")

    def test_ctrl_c_is_silent(self) -> None:
        self.assertEqual(self.ending(KeyboardInterrupt()), 130)
        self.assertEqual(self.complaints.getvalue(), "")

    def test_wrong_usage_is_status_2(self) -> None:
        for arguments in ([], ["bogus"], ["members", "more"], ["ping"], ["--bogus"], ["join"]):
            self.assertEqual(main(arguments), 2, arguments)
        self.assertEqual(self.said.getvalue(), "")

    def test_the_help_lists_the_commands(self) -> None:
        self.assertEqual(main(["--help"]), 0)
        for command in ("demo", "members", "info", "monitor", "join", "leave", "ping", "version"):
            self.assertIn(f"\n    {command} ", self.said.getvalue())

    def test_each_command_explains_itself(self) -> None:
        for command in ("demo", "members", "info", "monitor", "join", "leave", "ping", "version"):
            self.assertEqual(main([command, "--help"]), 0)
        self.assertEqual(self.complaints.getvalue(), "")

    def test_it_knows_its_version(self) -> None:
        self.assertEqual(main(["--version"]), 0)
        self.assertEqual(self.said.getvalue(), f"swimtx {__version__}\n")

    def test_versions_of_what_it_runs_on(self) -> None:
        self.assertEqual(main(["version"]), 0)
        names = [line.split()[0] for line in self.said.getvalue().splitlines()]
        self.assertEqual(names, ["swimtx", "twisted", "protobuf", "python"])


class TheCommandAsAProcess(SynchronousTestCase):
    """python -m swimtx."""

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=swimtx_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_it_exits_with_its_status(self) -> None:
        done = self.python("-m", "swimtx", "members", "--node", "/nobody/here")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "swimtx: no agent listens at /nobody/here\n")

    def test_asking_an_agent_does_not_wait_for_twisted_to_load(self) -> None:
        script = (
            "import sys\n"
            "from swimtx.cli import main\n"
            "for command in ('members', 'info', 'monitor', 'leave'):\n"
            "    main([command, '--node', '/nobody/here'])\n"
            "sys.exit(any(name in sys.modules for name in ('twisted', 'google', 'rich')))\n"
        )
        self.assertEqual(self.python("-c", script).returncode, 0)

    def test_a_closed_pipe_is_silent(self) -> None:
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [sys.executable, "-m", "swimtx", "version"],
            env=swimtx_environment(),
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_every_public_name_can_be_imported(self) -> None:
        for name in swimtx.__all__:
            self.assertIsNotNone(getattr(swimtx, name))
        self.assertLessEqual(set(swimtx.__all__), set(dir(swimtx)))
        self.assertRaises(AttributeError, getattr, swimtx, "Bogus")
        self.assertTrue(Path(swimtx.__file__).exists())
