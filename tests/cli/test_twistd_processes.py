"""Child processes: their logs, and their end in any case."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli.errors import CommandFailed
from swimtx.cli.twistd_processes import Processes, Twistd, free_port, twistd_command, wait_until


class ProcessesTests(SynchronousTestCase):
    """Child processes, with Python in place of twistd."""

    timeout = 120

    def setUp(self) -> None:
        self.processes = Processes(Path(tempfile.mkdtemp(prefix="swimtx-")))
        self.addCleanup(self.processes.end)

    def start(self, script: str) -> Twistd:
        return self.processes.start("one", [script], command=[sys.executable, "-c"])

    def test_the_ready_line_of_a_process_is_found(self) -> None:
        line = "swimtx n1 listening on udp+tcp 127.0.0.1:1, cluster default, control none"
        process = self.start(f"print({line!r}); import time; time.sleep(99)")
        self.assertEqual(process.ready_line(60), line)
        self.assertIsNone(process.status)

    def test_a_process_that_ends_at_its_start_is_quoted(self) -> None:
        process = self.start("import sys; print('first'); sys.exit('taken')")
        error = self.assertRaises(CommandFailed, process.ready_line, 60)
        self.assertEqual(str(error), "one ended at its start: taken")
        self.assertEqual(process.status, 1)

    def test_waiting_for_a_process_ends_after_the_timeout(self) -> None:
        process = self.start("import time; time.sleep(99)")
        error = self.assertRaises(CommandFailed, process.ready_line, 0.1)
        self.assertEqual(str(error), "waited 0.1 s in vain for one to start")
        error = self.assertRaises(CommandFailed, process.wait, 0.1)
        self.assertEqual(str(error), "one did not end within 0.1 s")

    def test_all_processes_end_even_a_frozen_one_and_their_folder_is_removed(self) -> None:
        with self.processes:
            one, two = (self.start("import time; time.sleep(99)") for _ in range(2))
            two.send(signal.SIGSTOP)
        self.assertEqual((one.status, two.status), (-signal.SIGKILL, -signal.SIGKILL))
        self.assertFalse(self.processes.folder.exists())
        self.assertFalse(os.path.exists(f"/proc/{one.pid}"))

    def test_a_process_can_be_killed_while_poll_holds_its_lock(self) -> None:
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

    def test_the_line_of_a_process_is_a_shell_command(self) -> None:
        process = self.processes.start("one", ["swim", "--name", "a b"], command=["true"])
        self.assertEqual(process.line, "twistd -n --pidfile= swim --name 'a b'")


class HelperTests(SynchronousTestCase):
    """The functions around processes."""

    def test_twistd_is_that_of_this_interpreter(self) -> None:
        self.assertEqual(twistd_command()[0], str(Path(sys.executable).with_name("twistd")))

    def test_the_interpreter_runs_twistd_if_there_is_no_script_beside_it(self) -> None:
        self.patch(sys, "executable", "/nowhere/python")
        self.assertEqual(twistd_command()[:2], ["/nowhere/python", "-c"])

    def test_a_free_port_is_a_port_number(self) -> None:
        self.assertTrue(1024 <= free_port() <= 65535)

    def test_waiting_returns_the_first_true_result(self) -> None:
        found = iter([None, 0, "", "something"])
        self.assertEqual(wait_until(lambda: next(found), 60, "it"), "something")
