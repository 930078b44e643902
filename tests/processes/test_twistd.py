"""Real processes of twistd: members and bootstrap nodes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import Any

from swimtx.cli.twistd_processes import twistd_command
from tests.cluster import TIMEOUT, ClusterTestCase


class GroupTests(ClusterTestCase):
    """Members find each other, and detect failures and departures."""

    def test_members_find_each_other_through_a_bootstrap_node(self) -> None:
        seed = self.cluster.start_bootstrap()
        self.cluster.start_members(4, seeds=[seed])
        self.cluster.wait_for_states({f"n{number}": "alive" for number in (1, 2, 3, 4)})

    def test_a_member_can_be_a_seed_like_a_bootstrap_node(self) -> None:
        one = self.cluster.start_member("n1")
        self.cluster.start_member("n2", seeds=[one])
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})

    def test_a_member_asks_its_seed_until_it_answers(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            early = self.cluster.start_member("early", "--join", f"127.0.0.1:{port}")
        self.cluster.start_member("late", "--port", str(port))
        self.cluster.wait_for_states({"early": "alive", "late": "alive"})
        self.assertTrue(early.info()["joined"])

    def test_a_killed_member_is_declared_failed(self) -> None:
        one, two, three = self.start_group(3)
        two.kill()
        self.cluster.wait_for_states({"n2": "failed"}, seen_by=[one, three])
        self.assertEqual(one.states(), {"n1": "alive", "n2": "failed", "n3": "alive"})

    def test_a_member_that_gets_a_sigterm_leaves_the_group(self) -> None:
        one, two, three = self.start_group(3)
        self.assertEqual(two.terminate(), -signal.SIGTERM)
        self.cluster.wait_for_states({"n2": "left"}, seen_by=[one, three])
        self.assertIn("swimtx: n2", one.process.log())

    def test_a_restarted_member_is_alive_again(self) -> None:
        one, two = self.start_group(2)
        port = two.port
        two.kill()
        self.cluster.wait_for_states({"n2": "failed"}, seen_by=[one])
        self.cluster.start_member("n2", "--port", str(port), seeds=[one])
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})

    def test_twist_can_run_a_member(self) -> None:
        one = self.cluster.start_member("n1")
        command = [sys.executable, "-m", "twisted", "--log-format=text"]
        two = self.cluster.start_member("n2", seeds=[one], command=command)
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})
        two.terminate()
        self.cluster.wait_for_states({"n2": "left"}, seen_by=[one])

    def test_members_find_each_other_over_ipv6(self) -> None:
        one = self.cluster.start_member("n1", "--type", "udp6")
        self.assertEqual(one.host, "[::1]")
        self.cluster.start_member("n2", "--type", "udp6", seeds=[one])
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})

    def start_group(self, count: int) -> list[Any]:
        seed = self.cluster.start_bootstrap()
        members = self.cluster.start_members(count, seeds=[seed])
        self.cluster.wait_for_states({member.name: "alive" for member in members})
        return list(members)


class FailedStartTests(ClusterTestCase):
    """A failed start: one line on standard error, status 1, and no traceback."""

    def test_a_taken_port_is_reported_in_one_line(self) -> None:
        port = str(self.cluster.start_member("n1").port)
        for command in ([*twistd_command(), "-n", "--pidfile="], [sys.executable, "-m", "twisted"]):
            for service in ("swim", "swim-bootstrap"):
                ended = self.outcome([*command, service, "--port", port])
                expected = f"swimtx: cannot listen on 127.0.0.1:{port}: Address already in use\n"
                self.assertEqual((ended.returncode, ended.stderr), (1, expected))
                self.assertNotIn("Traceback", ended.stdout)

    def test_a_taken_or_impossible_control_path_is_reported_in_one_line(self) -> None:
        one = self.cluster.start_member("n1")
        folder = self.cluster.folder / "missing" / "socket"
        for path, why in (
            (one.control, "Address already in use"),
            (folder, "No such file or directory"),
        ):
            ended = self.outcome(
                [*twistd_command(), "-n", "--pidfile=", "swim", "-p0", f"--control=unix:{path}"]
            )
            self.assertEqual(ended.returncode, 1)
            self.assertEqual(ended.stderr, f"swimtx: cannot listen on {path}: {why}\n")
        self.assertEqual(one.info()["name"], "n1")

    def test_a_daemon_reports_its_failure_to_the_parent_process(self) -> None:
        port = str(self.cluster.start_member("n1").port)
        pidfile = self.cluster.folder / "daemon.pid"
        log = self.cluster.folder / "daemon.log"
        runner = [*twistd_command(), f"--pidfile={pidfile}", f"--logfile={log}"]
        ended = self.outcome([*runner, "swim", "--port", port])
        self.assertEqual(ended.returncode, 1)
        self.assertIn("Address already in use", ended.stderr)
        self.cluster.wait_for(lambda: not pidfile.exists(), "the pid file to go away")

    def test_a_failed_start_leaves_no_pid_file(self) -> None:
        port = str(self.cluster.start_member("n1").port)
        pidfile = self.cluster.folder / "member.pid"
        ended = self.outcome(
            [*twistd_command(), "-n", f"--pidfile={pidfile}", "swim", "--port", port]
        )
        self.assertEqual(ended.returncode, 1)
        self.assertFalse(pidfile.exists())

    def test_wrong_options_are_explained(self) -> None:
        for option, expected in (
            ("--interface=0.0.0.0", "without encryption"),
            ("--tag=nothing", "a tag is KEY=VALUE"),
            ("--control=/a/path", "is no endpoint"),
            ("--join=:1", "no host is given"),
        ):
            ended = self.outcome([*twistd_command(), "-n", "--pidfile=", "swim", option])
            self.assertEqual(ended.returncode, 1)
            self.assertIn(expected, ended.stdout + ended.stderr)
            self.assertNotIn("Traceback", ended.stdout + ended.stderr)

    def outcome(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.cluster.folder,
            env=self.cluster.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
