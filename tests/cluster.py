"""Groups of real C{twistd} processes for tests, which never outlive the test.

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

PATIENCE = 60.0  # seconds for whatever has to come about; a slow machine needs some of them
_READY = re.compile(r"listening on udp(?:\+tcp)? (?P<host>\S+):(?P<port>\d+), cluster ")
_CONTROL = re.compile(r", control (?P<where>.+)$")
_Found = TypeVar("_Found")


class Running:
    """A process that has said what it listens on.

    @ivar process: for signals and its log.
    @ivar host: the address that others use, an IP literal, in brackets if it is IPv6.
    @ivar port: the port it listens on.
    """

    def __init__(self, process: Twistd) -> None:
        self.process = process
        self.ready = process.ready_line(PATIENCE)
        found = _READY.search(self.ready)
        assert found is not None, self.ready
        self.host, self.port = found["host"], int(found["port"])

    @property
    def address(self) -> str:
        """What C{--join} takes."""
        return f"{self.host}:{self.port}"

    def kill(self) -> None:
        """SIGKILL: it can tell nobody."""
        self.process.kill()

    def freeze(self) -> None:
        """SIGSTOP: it still has its sockets, but does not answer."""
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send(signal.SIGCONT)

    def terminate(self) -> int:
        """SIGTERM, as from an init system; how it ended."""
        self.process.send(signal.SIGTERM)
        return self.process.wait(PATIENCE)


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
        """Its member list."""
        members: list[dict[str, Any]] = self.agent.get("members")
        return members

    def states(self) -> dict[str, str]:
        """What it believes of whom."""
        return {member["name"]: member["state"] for member in self.members()}

    def info(self) -> dict[str, Any]:
        """What it says of itself."""
        info: dict[str, Any] = self.agent.get("info")
        return info


class Cluster:
    """Some processes in a folder of their own.

    @ivar folder: where they run; their control sockets are in a folder of it.
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
        """A bootstrap node, once it listens."""
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
        """A member, once it listens. It has not joined yet."""
        process = self.launch_member(name, *options, seeds=seeds, prefix=prefix, command=command)
        return self._is_running(name, process)

    def start_members(
        self, count: int, *options: str, seeds: Iterable[Running] = (), prefix: Sequence[str] = ()
    ) -> list[RunningMember]:
        """Members C{n1}, C{n2} and so on, started together, once all of them listen."""
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
        """A process that should become a member: it may fail to.

        @param prefix: a command to start it by, such as C{ip netns exec NAME}.
        @param command: instead of C{twistd -n --pidfile=}.
        """
        arguments = ["swim", "--name", name, "--port", "0", *options]
        for seed in seeds:
            arguments += ["--join", seed.address]
        return self._processes.start(name, arguments, prefix, command)

    def swimtx(
        self, *arguments: str, seconds: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """What the command C{swimtx} says and how it ends."""
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
        """The variables for a process that should find the members' control sockets."""
        return {**swimtx_environment(), **self._environment}

    def wait_for(self, find: Callable[[], _Found | None], what: str) -> _Found:
        """What C{find()} gives, once that is something.

        A member that does not answer just now has nothing to say.

        @raise CommandFailed: it takes too long.
        """

        def try_to_find() -> _Found | None:
            try:
                return find()
            except CommandFailed:
                return None

        return wait_until(try_to_find, PATIENCE, what)

    def wait_for_states(
        self, states: Mapping[str, str], seen_by: Iterable[RunningMember] | None = None
    ) -> None:
        """Wait until these members believe that the states of those named are these.

        @param seen_by: by default all members that were started.
        @raise CommandFailed: it takes too long.
        """
        observers = list(self.members.values() if seen_by is None else seen_by)

        def agreed() -> bool:
            return all(states.items() <= observer.states().items() for observer in observers)

        try:
            self.wait_for(agreed, f"{dict(states)} to be known")
        except CommandFailed as error:
            believed = {observer.name: observer.states() for observer in observers}
            raise CommandFailed(f"{error}; instead {believed}") from None

    def _is_running(self, name: str, process: Twistd) -> RunningMember:
        self.members[name] = member = RunningMember(name, process)
        return member


class ClusterTestCase(SynchronousTestCase):
    """A test with a cluster of its own."""

    timeout = 5 * PATIENCE

    def setUp(self) -> None:
        self.cluster = Cluster()
        self.addCleanup(self.cluster.end)
