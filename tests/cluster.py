"""Groups of real C{twistd} processes for tests, which are ended with the test in any case.

::

    cluster = Cluster()
    self.addCleanup(cluster.end)
    seed = cluster.start_bootstrap()
    one, two = cluster.start_members(2, seeds=[seed])
    cluster.wait_for_states({"n1": "alive", "n2": "alive"})
    two.kill()
    cluster.wait_for_states({"n2": "failed"}, seen_by=[one])

Everything blocks, with generous bounds: these tests run real time. The processes listen on
loopback, on ports that the system picks, unless the options or the prefix say otherwise.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli.agent_client import AgentClient
from swimtx.cli.errors import CommandFailed
from swimtx.cli.twistd_processes import Processes, Twistd, swimtx_environment, wait_until

TIMEOUT = 60.0  # seconds to wait for any outcome, enough for a slow machine
_READY = re.compile(r"listening on udp(?:\+tcp)? (?P<host>\S+):(?P<port>\d+), cluster ")
_CONTROL = re.compile(r", control (?P<where>.+)$")
_Found = TypeVar("_Found")


class Running:
    """A process that has logged its address.

    @ivar process: the process, for signals and its log.
    @ivar host: the address that others use, an IP literal, in brackets if it is IPv6.
    @ivar port: the port it listens on.
    """

    def __init__(self, process: Twistd) -> None:
        self.process = process
        self.ready = process.ready_line(TIMEOUT)
        found = _READY.search(self.ready)
        assert found is not None, self.ready
        self.host, self.port = found["host"], int(found["port"])

    @property
    def address(self) -> str:
        """The address in the form of C{--join}."""
        return f"{self.host}:{self.port}"

    def kill(self) -> None:
        """SIGKILL: the process cannot leave the group."""
        self.process.kill()

    def freeze(self) -> None:
        """SIGSTOP: the process keeps its sockets, but does not answer."""
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: the process runs on."""
        self.process.send(signal.SIGCONT)

    def terminate(self) -> int:
        """SIGTERM, as by an init system; returns the exit status."""
        self.process.send(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


class RunningMember(Running):
    """A member with a control socket."""

    def __init__(self, name: str, process: Twistd) -> None:
        super().__init__(process)
        self.name = name
        where = _CONTROL.search(self.ready)
        assert where is not None, self.ready
        self.control = Path(where["where"])
        self.agent = AgentClient(self.control)

    def members(self) -> list[dict[str, Any]]:
        """The member list."""
        members: list[dict[str, Any]] = self.agent.get("members")
        return members

    def states(self) -> dict[str, str]:
        """The state of each member in the list."""
        return {member["name"]: member["state"] for member in self.members()}

    def info(self) -> dict[str, Any]:
        """The answer of C{/info}."""
        info: dict[str, Any] = self.agent.get("info")
        return info


class Cluster:
    """A group of processes with a folder of its own.

    @ivar folder: their working directory; their control sockets are in a subfolder.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-test-"))
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700)
        self._environment = {"XDG_RUNTIME_DIR": str(runtime)}
        self._processes = Processes(self.folder, self._environment)
        self.members: dict[str, RunningMember] = {}

    def start_bootstrap(
        self, *options: str, label: str = "bootstrap", prefix: Sequence[str] = ()
    ) -> Running:
        """Start a bootstrap node; return when it listens."""
        arguments = ["swim-bootstrap", "--port", "0", *options]
        return Running(self._processes.start(label, arguments, prefix))

    def start_member(
        self,
        name: str,
        *options: str,
        seeds: Iterable[Running] = (),
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
    ) -> RunningMember:
        """Start a member; return when it listens, before it has joined."""
        process = self.launch_member(name, *options, seeds=seeds, prefix=prefix, command=command)
        return self._is_running(name, process)

    def start_members(
        self, count: int, *options: str, seeds: Iterable[Running] = (), prefix: Sequence[str] = ()
    ) -> list[RunningMember]:
        """Start the members C{n1}, C{n2} and so on together; return when all of them listen."""
        seeds = list(seeds)
        names = [f"n{number + 1}" for number in range(count)]
        started = [
            (name, self.launch_member(name, *options, seeds=seeds, prefix=prefix)) for name in names
        ]
        return [self._is_running(name, process) for name, process in started]

    def launch_member(
        self,
        name: str,
        *options: str,
        seeds: Iterable[Running] = (),
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
    ) -> Twistd:
        """Start the process of a member, and return without waiting for it.

        @param prefix: a command that runs it elsewhere, such as C{ip netns exec NAME}.
        @param command: used instead of C{twistd -n --pidfile=}.
        """
        arguments = ["swim", "--name", name, "--port", "0", *options]
        for seed in seeds:
            arguments += ["--join", seed.address]
        return self._processes.start(name, arguments, prefix, command)

    def swimtx(self, *arguments: str, seconds: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
        """Run the command C{swimtx}; its output and its exit status."""
        return subprocess.run(
            [sys.executable, "-m", "swimtx", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def end(self) -> None:
        """End every process and remove the folder."""
        self._processes.end()

    @property
    def environment(self) -> dict[str, str]:
        """The environment for a process that has to find the members' control sockets."""
        return {**swimtx_environment(), **self._environment}

    def wait_for(self, find: Callable[[], _Found | None], what: str) -> _Found:
        """Call C{find()} until its result is true, and return that.

        A member that does not answer counts as no result.

        @raise CommandFailed: that takes longer than C{TIMEOUT} seconds.
        """

        def find_or_none() -> _Found | None:
            try:
                return find()
            except CommandFailed:
                return None

        return wait_until(find_or_none, TIMEOUT, what)

    def wait_for_states(
        self, states: Mapping[str, str], seen_by: Iterable[RunningMember] | None = None
    ) -> None:
        """Wait until the observers list the named members in these states.

        @param seen_by: the observers; by default all members that were started.
        @raise CommandFailed: that takes longer than C{TIMEOUT} seconds.
        """
        observers = list(self.members.values() if seen_by is None else seen_by)

        def agreed() -> bool:
            return all(states.items() <= observer.states().items() for observer in observers)

        try:
            self.wait_for(agreed, f"{dict(states)} to be known")
        except CommandFailed as error:
            listed = {observer.name: observer.states() for observer in observers}
            raise CommandFailed(f"{error}; instead {listed}") from None

    def _is_running(self, name: str, process: Twistd) -> RunningMember:
        self.members[name] = member = RunningMember(name, process)
        return member


class ClusterTestCase(SynchronousTestCase):
    """A test case with a cluster."""

    timeout = 5 * TIMEOUT

    def setUp(self) -> None:
        self.cluster = Cluster()
        self.addCleanup(self.cluster.end)
