"""C{twistd} child processes: their start, their logs, and their end in any case.

Only processes started here are signalled, by their id, and only before they have been waited for:
until then the system gives the id to no other process.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import swimtx
from swimtx.cli.errors import CommandFailed

LOOKS_EVERY = 0.02  # seconds between two tests of a condition that is waited for
_PR_SET_PDEATHSIG = 1
_Found = TypeVar("_Found")


def twistd_command() -> list[str]:
    """The C{twistd} that belongs to this interpreter."""
    beside = Path(sys.executable).with_name("twistd")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]


class Twistd:
    """One child process. The constructor starts it.

    @param label: its name in messages; its log is C{<label>.log} in C{folder}.
    @param arguments: the arguments after C{twistd -n --pidfile=}, the name of the service first.
    @param folder: its working directory.
    @param prefix: a command that runs it elsewhere, such as in a network namespace.
    @param command: used instead of C{twistd -n --pidfile=}.
    @param environment: the variables that differ from those of this process.
    """

    def __init__(
        self,
        label: str,
        arguments: Sequence[str],
        folder: Path,
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.label = label
        self.arguments = list(arguments)
        self.log_path = folder / f"{label}.log"
        start = [*twistd_command(), "-n", "--pidfile="] if command is None else list(command)
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*prefix, *start, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**swimtx_environment(), **(environment or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only calls prctl
            )
        self.pid = self._process.pid

    @property
    def line(self) -> str:
        """The shell command that starts such a process."""
        return shlex.join(["twistd", "-n", "--pidfile=", *self.arguments])

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; C{None} while it runs."""
        return self._process.poll()

    def log(self) -> str:
        """Its output so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait for the process to end, and return its exit status.

        @raise CommandFailed: that takes longer than C{seconds}.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{self.label} did not end within {seconds:g} s") from None

    def ready_line(self, seconds: float) -> str:
        """Wait for the line of its log that names the address on which it listens.

        @raise CommandFailed: the process ended first, or took longer than C{seconds}.
        """

        def find_line() -> str | None:
            for line in self.log().splitlines():
                if " listening on udp" in line:
                    return line
            if self.status is not None:
                last = (self.log().strip().splitlines() or ["it said nothing"])[-1]
                raise CommandFailed(f"{self.label} ended at its start: {last}")
            return None

        return wait_until(find_line, seconds, f"{self.label} to start")

    def kill(self) -> None:
        """Kill the process, stopped or not, and wait for its end.

        This cleans up after a signal, which may have interrupted C{Popen.poll}: then C{poll} holds
        its lock for ever. So this calls C{os.waitpid} itself.
        """
        if self._process.returncode is not None:
            return
        try:
            if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        except ChildProcessError:
            return  # it was waited for in the meantime
        self._process.returncode = -signal.SIGKILL


class Processes:
    """Child processes and the folder in which they run; both are removed together.

    A context manager.

    @param folder: for their logs and sockets; its path should be short enough for UNIX sockets.
    @param environment: the variables that differ from those of this process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = environment
        self.started: list[Twistd] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(
        self,
        label: str,
        arguments: Sequence[str],
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
    ) -> Twistd:
        """Start one more process. The parameters are those of L{Twistd}."""
        process = Twistd(label, arguments, self.folder, prefix, command, self._environment)
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kill all processes and remove the folder."""
        for process in self.started:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port(host: str = "127.0.0.1") -> int:
    """A port number that is free at the moment for both UDP and TCP.

    @raise CommandFailed: none was found.
    """
    for _ in range(100):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as streams,
        ):
            datagrams.bind((host, 0))
            port: int = datagrams.getsockname()[1]
            try:
                streams.bind((host, port))
            except OSError:
                continue
            return port
    raise CommandFailed("no free port was found")


def wait_until(find: Callable[[], _Found | None], seconds: float, what: str) -> _Found:
    """Call C{find()} until its result is true, and return that.

    @param what: the awaited event, as in "waited in vain for ...".
    @raise CommandFailed: that takes longer than C{seconds}.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > deadline:
            raise CommandFailed(f"waited {seconds:g} s in vain for {what}")
        time.sleep(LOOKS_EVERY)


def swimtx_environment() -> dict[str, str]:
    """Our variables, with a PYTHONPATH that leads to this same swimtx if it is not installed."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    root = Path(swimtx.__file__).resolve().parent.parent
    if root.name not in ("site-packages", "dist-packages"):
        paths = [str(root), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def _load_libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None) if sys.platform == "linux" else None
    except OSError:
        return None


_LIBC = _load_libc()


def _die_with_parent() -> None:
    """In the child: have the kernel kill it when its parent dies, even by SIGKILL."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
