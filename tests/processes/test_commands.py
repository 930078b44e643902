"""The command swimtx against running agents."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from swimtx.cli.agent_client import AgentClient
from tests.cluster import TIMEOUT, ClusterTestCase
from tests.signals import use_default_handlers

KEPT_OPEN = 0.5  # seconds; a connection that is open for longer is the stream


class TwoAgentsTests(ClusterTestCase):
    """Commands to two agents. Starting agents takes long, so some tests run several commands."""

    def setUp(self) -> None:
        super().setUp()
        self.one = self.cluster.start_member("n1", "--tag", "role=web")
        self.two = self.cluster.start_member("n2", seeds=[self.one])
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})

    def output_of(self, *arguments: str) -> str:
        done = self.cluster.swimtx(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def error_of(self, *arguments: str) -> str:
        done = self.cluster.swimtx(*arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        return done.stderr

    def test_the_commands_print_the_state_of_the_agents(self) -> None:
        members = json.loads(self.output_of("members", "--node", "n2", "--format", "json"))
        self.assertEqual([member["name"] for member in members], ["n1", "n2"])
        self.assertEqual(
            list(members[0]),
            ["name", "address", "port", "state", "incarnation", "epoch", "tags", "since", "rtt"],
        )
        self.assertEqual(members[0]["port"], self.one.port)
        self.assertEqual(members[0]["tags"], {"role": "web"})

        first, *rows = self.output_of("members", "--node", str(self.one.port)).splitlines()
        self.assertEqual(first.split(), ["NAME", "ADDRESS", "STATE", "SINCE", "RTT", "TAGS"])
        self.assertEqual(rows[0].split()[:3], ["n1", f"127.0.0.1:{self.one.port}", "alive"])
        self.assertEqual(rows[0].split()[-1], "role=web")

        info = json.loads(
            self.output_of("info", "--node", str(self.one.control), "--format", "json")
        )
        self.assertEqual((info["name"], info["port"]), ("n1", self.one.port))
        self.assertEqual(info["control"], str(self.one.control))
        self.assertEqual(info["pid"], self.one.process.pid)
        self.assertIn("n1", self.output_of("info", "--node", "n1"))

        answer = json.loads(self.output_of("ping", "n1", "--node", "n2", "--format", "json"))
        self.assertEqual(answer["name"], "n1")
        self.assertGreater(answer["rtt"], 0)
        self.assertIn("n1 answered in", self.output_of("ping", "n1", "--node", "n2"))

    def test_a_failed_command_prints_one_line(self) -> None:
        self.assertIn("no member is called 'nobody'", self.error_of("ping", "nobody", "--node=n2"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            seed = f"127.0.0.1:{silent.getsockname()[1]}"
            self.assertIn(f"no seed answered ({seed}: ", self.error_of("join", seed, "--node=n1"))
        self.assertIn("no agent n9 runs here", self.error_of("members", "--node", "n9"))
        self.assertIn("no agent listens at /n/o", self.error_of("members", "--node", "/n/o"))
        printed = self.error_of("members", "--node", "127.0.0.1:1")
        self.assertIn("no agent listens at 127.0.0.1:1", printed)
        printed = self.error_of("members")
        self.assertIn("pick one with --node", printed)
        self.assertIn(f"n1 ({self.one.port})", printed)
        self.assertIn(f"n2 ({self.two.port})", printed)
        self.one.freeze()
        self.two.kill()
        printed = self.error_of("members", "--node", str(self.two.control))
        self.assertIn("no agent listens at", printed)
        self.assertIn("does not answer", self.error_of("info", "--node", str(self.one.control)))

    def test_a_closed_pipe_ends_the_command_silently(self) -> None:
        command = f"{sys.executable} -m swimtx info --node n1 | true"
        done = subprocess.run(
            ["bash", "-c", command],
            env=self.cluster.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        self.assertEqual(done.stderr, "")

    def test_an_agent_can_have_a_tcp_control_port(self) -> None:
        three = self.cluster.launch_member("n3", "--control", "tcp:0:interface=127.0.0.1")
        ready = three.ready_line(TIMEOUT)
        where = ready.rpartition(", control ")[2]
        self.assertTrue(where.startswith("127.0.0.1:"), ready)
        members = json.loads(self.output_of("members", "--node", where, "--format", "json"))
        self.assertEqual([member["name"] for member in members], ["n3"])

    def test_the_others_know_of_a_leave_when_the_command_returns(self) -> None:
        self.assertEqual(self.output_of("leave", "--node", "n2"), "left\n")
        self.assertEqual(self.one.states()["n2"], "left")
        self.assertEqual(self.two.info()["state"], "left")

    def test_a_member_that_left_may_join_again(self) -> None:
        self.output_of("leave", "--node", "n2")
        printed = self.output_of("join", self.one.address, "--node", "n2")
        self.assertEqual(printed, "joined; 2 members are known\n")
        self.cluster.wait_for_states({"n1": "alive", "n2": "alive"})
        self.assertEqual(self.two.info()["port"], self.two.port)

    def test_the_monitor_shows_changes_and_ends_with_the_agent(self) -> None:
        monitor = self.start_monitor("--format", "json")
        self.two.kill()
        while (change := json.loads(monitor.readline()))["event"] != "failed":
            self.assertIn(change["event"], ("suspected", "stalled"))
        self.assertEqual(list(change), ["time", "event", "member", "why"])
        self.assertEqual(change["member"]["name"], "n2")
        self.assertLess(abs(change["time"] - time.time()), TIMEOUT)
        self.one.terminate()
        self.assertEqual(json.loads(monitor.readline())["event"], "left")
        self.assertEqual(monitor.end(), (0, ""))

    def test_ctrl_c_ends_the_monitor_silently(self) -> None:
        use_default_handlers(self, signal.SIGINT)
        monitor = self.start_monitor()
        self.two.terminate()
        self.assertIn("left         n2", monitor.readline())
        monitor.process.send_signal(signal.SIGINT)
        self.assertEqual(monitor.end(), (0, ""))

    def test_the_monitor_fails_when_its_agent_is_killed(self) -> None:
        monitor = self.start_monitor()
        self.two.terminate()
        monitor.readline()
        self.one.kill()
        status, printed = monitor.end()
        self.assertEqual(status, 1)
        self.assertEqual(printed, f"swimtx: the agent at {self.one.control} broke off\n")

    def start_monitor(self, *options: str) -> MonitorProcess:
        monitor = MonitorProcess(["--node", "n1", *options], self.cluster.environment)
        self.addCleanup(monitor.kill)
        monitor.wait_until_it_listens(self.one.control)
        return monitor


class MonitorProcess:
    """C{swimtx monitor} as a process."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "swimtx", "monitor", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._kill_timer = threading.Timer(2 * TIMEOUT, self.process.kill)
        self._kill_timer.daemon = True
        self._kill_timer.start()

    def wait_until_it_listens(self, control: Path) -> None:
        """Wait until the command, which prints nothing yet, keeps a connection; ask the agent.

        The command closes its first connection at once, which only tests whether the agent runs.
        """
        deadline = time.monotonic() + TIMEOUT
        kept_since: dict[str, float] = {}
        while not any(time.monotonic() - since > KEPT_OPEN for since in kept_since.values()):
            assert time.monotonic() < deadline, "swimtx monitor does not connect"
            time.sleep(0.02)
            now = time.monotonic()
            kept_since = {socket: kept_since.get(socket, now) for socket in self._sockets()}
        # The agent answers in the order in which clients connect.
        AgentClient(control).get("version")

    def _sockets(self) -> list[str]:
        """The open sockets, by the names that the kernel gives them."""
        descriptors = f"/proc/{self.process.pid}/fd"
        try:
            links = [os.readlink(f"{descriptors}/{n}") for n in os.listdir(descriptors)]
        except OSError:
            return []
        return [link for link in links if link.startswith("socket:")]

    def readline(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> tuple[int, str]:
        """The exit status, and the output on standard error."""
        _, printed = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, printed

    def kill(self) -> None:
        self._kill_timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
