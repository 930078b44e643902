"""Members as C{twistd} processes, and what each of them has heard, followed as it happens."""

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

LOOKS_EVERY = 0.05  # seconds between two looks at what is waited for
_STATES = {
    "joined": "alive",
    "updated": "alive",
    "recovered": "alive",
    "suspected": "suspect",
    "failed": "failed",
    "left": "left",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One change that a member told of.

    @ivar at: when that member heard of it, in seconds since 1970.
    @ivar by: the member that told.
    """

    at: float
    by: str
    event: str
    name: str
    why: str


@dataclass(slots=True)
class Held:
    """What one member holds of another."""

    state: str
    since: float


class Running:
    """One member, its process and its live stream of changes.

    @ivar began: when its process was started, in seconds since 1970.
    @ivar ready: when it was seen to listen; C{None} before.
    @ivar list: what it holds of everybody, by name; itself included.
    @ivar port: its port, once it listens.
    """

    def __init__(self, name: str, process: Twistd, control: Path) -> None:
        self.name = name
        self.process = process
        self.control = control
        self.began = time.time()
        self.ready: float | None = None
        self.port = 0
        self.list: dict[str, Held] = {}
        self._stream: socket.socket | None = None
        self._read = b""

    def look(self) -> bool:
        """Whether it listens by now."""
        if self.ready is None:
            found = re.search(r"listening on udp\S* \S+:(\d+)", self.process.log())
            if found is not None:
                self.ready = time.time()
                self.port = int(found[1])
            elif self.process.status is not None:
                raise AssertionError(f"{self.name} ended at its start: {self.process.log()}")
        return self.ready is not None

    def follow(self) -> None:
        """Hear every change from now on; first of all, what it holds now."""
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
            self.list[member["name"]] = Held(member["state"], member["since"])

    def ask(self, *path: str) -> Any:
        """What it answers at that path of its control port."""
        return AgentClient(self.control).get(*path)

    def changes(self) -> list[Heard]:
        """What it has told since the last time; notes it in C{list}."""
        heard: list[Heard] = []
        while self._stream is not None:
            try:
                received = self._stream.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                received = b""
            if not received:
                self.let_go()
                break
            *lines, self._read = (self._read + received).split(b"\n")
            heard += [self._note(json.loads(line)) for line in lines]
        return heard

    def let_go(self) -> None:
        """Follow it no longer."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def lists(self, names: Iterable[str], state: str = "alive") -> bool:
        """Whether it holds all of them for that."""
        return all(name in self.list and self.list[name].state == state for name in names)

    def _note(self, change: dict[str, Any]) -> Heard:
        name, event, at = change["member"]["name"], change["event"], change["time"]
        if event in _STATES:
            self.list[name] = Held(_STATES[event], at)
        return Heard(at, self.name, event, name, change["why"])


class Members:
    """Some members. A context manager, at whose end no process and no file is left.

    @ivar running: those that were started and not ended, by name.
    @ivar heard: every change that anybody told of since we follow it, oldest first.
    """

    def __init__(self) -> None:
        # The paths of UNIX sockets must be short.
        self.processes = Processes(Path(tempfile.mkdtemp(prefix="swimtx-", dir="/tmp")))
        self.running: dict[str, Running] = {}
        self.heard: list[Heard] = []
        self._runs = 0

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all of them at once."""
        for member in self.running.values():
            member.let_go()
        self.running.clear()
        self.processes.end()

    def start(self, name: str, *options: str, prefix: Sequence[str] = ()) -> Running:
        """Start one member more."""
        self._runs += 1
        control = self.processes.folder / f"{self._runs}.sock"
        arguments = ["swim", "--name", name, "--control", f"unix:{control}", *options]
        process = self.processes.start(f"{name}.{self._runs}", arguments, prefix)
        self.running[name] = Running(name, process, control)
        return self.running[name]

    def end(self, name: str, how: signal.Signals = signal.SIGKILL) -> float:
        """Send one of them that signal and follow it no longer; when that was."""
        member = self.running.pop(name)
        member.changes()
        member.let_go()
        at = time.time()
        member.process.send(how)
        return at

    def listening(self) -> bool:
        """Whether all of them listen by now."""
        return all([member.look() for member in self.running.values()])

    def follow(self) -> None:
        """Follow all of those that are not followed yet."""
        for member in self.running.values():
            if not member.list:
                member.follow()

    def look(self) -> None:
        """Take in what they have told."""
        for member in self.running.values():
            self.heard += member.changes()

    def agree(self, names: Iterable[str] | None = None, state: str = "alive") -> bool:
        """Whether each of them holds all of those names, by default everybody, for that."""
        self.look()
        wanted = list(self.running if names is None else names)
        return all(member.lists(wanted, state) for member in self.running.values())

    def told(self, event: str, since: int = 0) -> list[Heard]:
        """All changes of one kind, from a length of C{heard} on."""
        self.look()
        return [heard for heard in self.heard[since:] if heard.event == event]

    def wait(self, until: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for an outcome, taking in meanwhile what they tell.

        @raise AssertionError: it takes longer.
        """
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:g} s in vain for {what}\n{self.describe()}")
            time.sleep(LOOKS_EVERY)
            self.look()

    def describe(self) -> str:
        """What each of them holds now, for people."""
        lines = []
        for member in self.running.values():
            others = ", ".join(f"{name} {held.state}" for name, held in sorted(member.list.items()))
            lines.append(f"{member.name}: {others}")
        return "\n".join(lines)
