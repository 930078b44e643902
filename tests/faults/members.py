"""Members as C{twistd} processes, and the changes that each of them reports, followed live."""

from __future__ import annotations

import json
import re
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swimtx.cli.agent_client import AgentClient
from swimtx.cli.twistd_processes import Processes, Twistd

LOOKS_EVERY = 0.05  # seconds between two checks of an awaited condition
_STATES = {
    "joined": "alive",
    "updated": "alive",
    "recovered": "alive",
    "suspected": "suspect",
    "failed": "failed",
    "left": "left",
}


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """One change that a member reported.

    @ivar at: the time at which that member learnt of it, in seconds since 1970.
    @ivar by: the member that reported it.
    @ivar name: the member that it is about.
    """

    at: float
    by: str
    event: str
    name: str
    why: str


@dataclass(slots=True)
class Listed:
    """The state in which one member lists another, and since when."""

    state: str
    since: float


class Running:
    """One member, its process and its live stream of changes.

    @ivar began: the time at which its process was started, in seconds since 1970.
    @ivar ready: the time at which it was seen to listen, in seconds since 1970; C{None} before.
    @ivar list: its member list by name, itself included.
    @ivar port: its port, once it listens.
    """

    def __init__(self, name: str, process: Twistd, control: Path) -> None:
        self.name = name
        self.process = process
        self.control = control
        self.began = time.time()
        self.ready: float | None = None
        self.port = 0
        self.list: dict[str, Listed] = {}
        self._stream: socket.socket | None = None
        self._read = b""

    def look(self) -> bool:
        """Whether the member listens by now."""
        if self.ready is None:
            found = re.search(r"listening on udp\S* \S+:(\d+)", self.process.log())
            if found is not None:
                self.ready = time.time()
                self.port = int(found[1])
            elif self.process.status is not None:
                raise AssertionError(f"{self.name} ended at its start: {self.process.log()}")
        return self.ready is not None

    def follow(self) -> None:
        """Read the member list, and receive every change from now on."""
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(20)
        stream.connect(str(self.control))
        stream.sendall(b"GET /monitor HTTP/1.0\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            received = stream.recv(1)
            if not received:
                raise AssertionError(f"{self.name} does not let us follow it")
            head += received
        stream.setblocking(False)
        self._stream = stream
        for member in self.ask("members"):
            self.list[member["name"]] = Listed(member["state"], member["since"])

    def ask(self, *path: str) -> Any:
        """The answer of the control port for this path."""
        return AgentClient(self.control).get(*path)

    def changes(self) -> list[ReportedChange]:
        """The changes that the member has reported since the last call. Updates C{list}."""
        reported: list[ReportedChange] = []
        while self._stream is not None:
            try:
                received = self._stream.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                received = b""
            if not received:
                self.unfollow()
                break
            *lines, self._read = (self._read + received).split(b"\n")
            reported += [self._note(json.loads(line)) for line in lines]
        return reported

    def unfollow(self) -> None:
        """Close the stream of changes."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def lists(self, names: Iterable[str], state: str = "alive") -> bool:
        """Whether the member lists all these members in the state."""
        return all(name in self.list and self.list[name].state == state for name in names)

    def _note(self, change: dict[str, Any]) -> ReportedChange:
        name, event, at = change["member"]["name"], change["event"], change["time"]
        if event in _STATES:
            self.list[name] = Listed(_STATES[event], at)
        return ReportedChange(at, self.name, event, name, change["why"])


class Members:
    """A set of members. A context manager, which ends all processes and removes all files.

    @ivar running: the members that were started and not ended, by name.
    @ivar reported: every change that a followed member has reported, in the order of reading.
    """

    def __init__(self) -> None:
        # The paths of UNIX sockets must be short.
        self.processes = Processes(Path(tempfile.mkdtemp(prefix="swimtx-", dir="/tmp")))
        self.running: dict[str, Running] = {}
        self.reported: list[ReportedChange] = []
        self._runs = 0

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill all members."""
        for member in self.running.values():
            member.unfollow()
        self.running.clear()
        self.processes.end()

    def start(self, name: str, *options: str, prefix: Sequence[str] = ()) -> Running:
        """Start one more member."""
        self._runs += 1
        control = self.processes.folder / f"{self._runs}.sock"
        arguments = ["swim", "--name", name, "--control", f"unix:{control}", *options]
        process = self.processes.start(f"{name}.{self._runs}", arguments, prefix)
        self.running[name] = Running(name, process, control)
        return self.running[name]

    def end(self, name: str, how: signal.Signals = signal.SIGKILL) -> float:
        """Send a signal to a member and stop following it.

        @return: the time, in seconds since 1970.
        """
        member = self.running.pop(name)
        member.changes()
        member.unfollow()
        at = time.time()
        member.process.send(how)
        return at

    def listening(self) -> bool:
        """Whether all members listen by now."""
        return all([member.look() for member in self.running.values()])

    def follow(self) -> None:
        """Follow every member that is not followed yet."""
        for member in self.running.values():
            if not member.list:
                member.follow()

    def look(self) -> None:
        """Read the changes that the members have reported."""
        for member in self.running.values():
            self.reported += member.changes()

    def agree(self, names: Iterable[str] | None = None, state: str = "alive") -> bool:
        """Whether every member lists all the names, by default all members, in the state."""
        self.look()
        wanted = list(self.running if names is None else names)
        return all(member.lists(wanted, state) for member in self.running.values())

    def changes_of(self, event: str, since: int = 0) -> list[ReportedChange]:
        """The reported changes of one kind, from index C{since} of C{reported} on."""
        self.look()
        return [change for change in self.reported[since:] if change.event == event]

    def wait(self, until: Callable[[], object], seconds: float, what: str) -> None:
        """Wait until C{until()} is true, and read the reported changes meanwhile.

        @raise AssertionError: that takes longer than C{seconds}.
        """
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:g} s in vain for {what}\n{self.describe()}")
            time.sleep(LOOKS_EVERY)
            self.look()

    def describe(self) -> str:
        """The member list of each member, as text."""
        lines = []
        for member in self.running.values():
            others = ", ".join(
                f"{name} {listed.state}" for name, listed in sorted(member.list.items())
            )
            lines.append(f"{member.name}: {others}")
        return "\n".join(lines)
