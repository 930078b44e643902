"""The command swimtx: the choice of the subcommand, and the exit status."""

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


class MainTests(SynchronousTestCase):
    """The function main()."""

    def setUp(self) -> None:
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.stdout)
        self.patch(sys, "stderr", self.stderr)

    def ending(self, how: Any) -> int:
        """The exit status when a subcommand returns C{how}, or raises it."""

        def run(args: argparse.Namespace) -> int:
            if isinstance(how, int):
                return how
            raise how

        self.patch(members, "run", run)
        return main(["members"])

    def test_the_exit_status_is_that_of_the_subcommand(self) -> None:
        self.assertEqual(self.ending(0), 0)

    def test_a_failed_command_prints_one_line_and_has_status_1(self) -> None:
        self.assertEqual(self.ending(CommandFailed("no, that is not possible")), 1)
        self.assertEqual(self.stderr.getvalue(), "swimtx: no, that is not possible\n")

    def test_ctrl_c_ends_a_command_silently(self) -> None:
        self.assertEqual(self.ending(KeyboardInterrupt()), 130)
        self.assertEqual(self.stderr.getvalue(), "")

    def test_wrong_usage_has_status_2(self) -> None:
        for arguments in ([], ["bogus"], ["members", "more"], ["ping"], ["--bogus"], ["join"]):
            self.assertEqual(main(arguments), 2, arguments)
        self.assertEqual(self.stdout.getvalue(), "")

    def test_the_help_lists_the_commands(self) -> None:
        self.assertEqual(main(["--help"]), 0)
        for command in ("demo", "members", "info", "monitor", "join", "leave", "ping", "version"):
            self.assertIn(f"\n    {command} ", self.stdout.getvalue())

    def test_each_command_has_a_help(self) -> None:
        for command in ("demo", "members", "info", "monitor", "join", "leave", "ping", "version"):
            self.assertEqual(main([command, "--help"]), 0)
        self.assertEqual(self.stderr.getvalue(), "")

    def test_the_version_option_prints_the_version_of_swimtx(self) -> None:
        self.assertEqual(main(["--version"]), 0)
        self.assertEqual(self.stdout.getvalue(), f"swimtx {__version__}\n")

    def test_the_version_command_lists_swimtx_and_its_dependencies(self) -> None:
        self.assertEqual(main(["version"]), 0)
        names = [line.split()[0] for line in self.stdout.getvalue().splitlines()]
        self.assertEqual(names, ["swimtx", "twisted", "protobuf", "python"])


class CommandProcessTests(SynchronousTestCase):
    """C{python -m swimtx} as a process."""

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=swimtx_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_the_process_exits_with_the_status_of_the_command(self) -> None:
        done = self.python("-m", "swimtx", "members", "--node", "/nobody/here")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "swimtx: no agent listens at /nobody/here\n")

    def test_the_commands_that_talk_to_an_agent_do_not_import_twisted(self) -> None:
        script = (
            "import sys\n"
            "from swimtx.cli import main\n"
            "for command in ('members', 'info', 'monitor', 'leave'):\n"
            "    main([command, '--node', '/nobody/here'])\n"
            "sys.exit(any(name in sys.modules for name in ('twisted', 'google', 'rich')))\n"
        )
        self.assertEqual(self.python("-c", script).returncode, 0)

    def test_a_closed_pipe_ends_the_command_silently(self) -> None:
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
