"""Processes of one's own: they are heard of, and they always end."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli.errors import CommandFailed
from swimtx.cli.twistd_processes import Processes, Twistd, free_port, twistd_command, wait_until


class ProcessesOfOnesOwn(SynchronousTestCase):
    """With Python in place of twistd."""

    timeout = 120

    def setUp(self) -> None:
        self.processes = Processes(Path(tempfile.mkdtemp(prefix="swimtx-")))
        self.addCleanup(self.processes.end)

    def start(self, script: str) -> Twistd:
        return self.processes.start("one", [script], command=[sys.executable, "-c"])

    def test_what_is_ready_is_heard_of(self) -> None:
        line = "swimtx n1 listening on udp+tcp 127.0.0.1:1, cluster default, control none"
        process = self.start(f"print({line!r}); import time; time.sleep(99)")
        self.assertEqual(process.ready_line(60), line)
        self.assertIsNone(process.status)

    def test_what_ends_instead_is_quoted(self) -> None:
        process = self.start("import sys; print('first'); sys.exit('taken')")
        error = self.assertRaises(CommandFailed, process.ready_line, 60)
        self.assertEqual(str(error), "one ended at its start: taken")
        self.assertEqual(process.status, 1)

    def test_what_takes_too_long_is_given_up(self) -> None:
        process = self.start("import time; time.sleep(99)")
        error = self.assertRaises(CommandFailed, process.ready_line, 0.1)
        self.assertEqual(str(error), "waited 0.1 s in vain for one to start")
        error = self.assertRaises(CommandFailed, process.wait, 0.1)
        self.assertEqual(str(error), "one did not end within 0.1 s")

    def test_all_end_frozen_or_not_and_their_folder_goes(self) -> None:
        with self.processes:
            one, two = (self.start("import time; time.sleep(99)") for _ in range(2))
            two.send(signal.SIGSTOP)
        self.assertEqual((one.status, two.status), (-signal.SIGKILL, -signal.SIGKILL))
        self.assertFalse(self.processes.folder.exists())
        self.assertFalse(os.path.exists(f"/proc/{one.pid}"))

    def test_a_signal_that_struck_in_the_middle_of_a_look_does_not_keep_it_alive(self) -> None:
        process = self.start("import time; time.sleep(99)")
        process._process._waitpid_lock.acquire()  # type: ignore[attr-defined]
        process.kill()
        self.assertFalse(os.path.exists(f"/proc/{process.pid}"))
        process._process._waitpid_lock.release()  # type: ignore[attr-defined]
        self.assertEqual(process.status, -signal.SIGKILL)

    def test_a_process_that_has_ended_gets_no_signal(self) -> None:
        process = self.start("")
        self.assertEqual(process.wait(60), 0)
        process.send(signal.SIGTERM)
        process.kill()
        self.assertEqual(process.status, 0)

    def test_its_line_can_be_typed(self) -> None:
        process = self.processes.start("one", ["swim", "--name", "a b"], command=["true"])
        self.assertEqual(process.line, "twistd -n --pidfile= swim --name 'a b'")


class Finding(SynchronousTestCase):
    """What processes need."""

    def test_twistd_is_that_of_this_interpreter(self) -> None:
        self.assertEqual(twistd_command()[0], str(Path(sys.executable).with_name("twistd")))

    def test_without_a_script_beside_it_the_interpreter_runs_twistd(self) -> None:
        self.patch(sys, "executable", "/nowhere/python")
        self.assertEqual(twistd_command()[:2], ["/nowhere/python", "-c"])

    def test_free_ports_are_ports(self) -> None:
        self.assertTrue(1024 <= free_port() <= 65535)

    def test_waiting_gives_what_was_found(self) -> None:
        found = iter([None, 0, "", "something"])
        self.assertEqual(wait_until(lambda: next(found), 60, "it"), "something")
