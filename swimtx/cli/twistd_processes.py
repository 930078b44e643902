"""Starting C{twistd} processes of one's own, hearing from them, and always ending them.

Only processes started here are ever signalled, by their id, while they are still ours: an id is
not given to another process before we have asked how ours ended.
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

LOOKS_EVERY = 0.02  # seconds between two looks at what is waited for
_PR_SET_PDEATHSIG = 1
_Found = TypeVar("_Found")


def twistd_command() -> list[str]:
    """The C{twistd} that belongs to this interpreter."""
    beside = Path(sys.executable).with_name("twistd")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]


class Twistd:
    """One process, from its start until it is known to have ended.

    @param label: what it is called here; its log is C{<label>.log} in C{folder}.
    @param arguments: what follows C{twistd -n --pidfile=}, the name of the service first.
    @param folder: where it runs.
    @param prefix: a command that starts it in another place, such as a network namespace.
    @param command: instead of C{twistd -n --pidfile=}.
    @param environment: variables that it sees otherwise than we do.
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
        """What one would type to start the like."""
        return shlex.join(["twistd", "-n", "--pidfile=", *self.arguments])

    @property
    def status(self) -> int | None:
        """How it ended, negative for a signal; C{None} while it runs."""
        return self._process.poll()

    def log(self) -> str:
        """What it has written so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """How it ended.

        @raise CommandFailed: it goes on for so many seconds more.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{self.label} did not end within {seconds:g} s") from None

    def ready_line(self, seconds: float) -> str:
        """The line of its log that says what it listens on.

        @raise CommandFailed: it ended instead, or took longer.
        """

        def said() -> str | None:
            for line in self.log().splitlines():
                if " listening on udp" in line:
                    return line
            if self.status is not None:
                last = (self.log().strip().splitlines() or ["it said nothing"])[-1]
                raise CommandFailed(f"{self.label} ended at its start: {last}")
            return None

        return wait_until(said, seconds, f"{self.label} to start")

    def kill(self) -> None:
        """End it at once, frozen or not, and take note of its end.

        This is what cleans up after a signal that may have struck anywhere, in the middle of
        C{Popen.poll} too, which then holds its lock for good. So it asks the kernel itself.
        """
        if self._process.returncode is not None:
            return
        try:
            if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        except ChildProcessError:
            return  # its end was noted in that very moment
        self._process.returncode = -signal.SIGKILL


class Processes:
    """Some processes and the folder in which they run; all of it goes away together.

    A context manager.

    @param folder: for their logs and sockets; its path should be short enough for UNIX sockets.
    @param environment: variables that all of them see otherwise than we do.
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
        """Start one more."""
        process = Twistd(label, arguments, self.folder, prefix, command, self._environment)
        self.started.append(process)
        return process

    def end(self) -> None:
        """End all of them at once and remove the folder."""
        for process in self.started:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port(host: str = "127.0.0.1") -> int:
    """A port number that nobody uses just now, neither for UDP nor for TCP.

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
    """What C{find()} gives once it gives anything that is true.

    @param what: what is waited for, as in "waited in vain for ...".
    @raise CommandFailed: that takes more than so many seconds.
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
    """Our variables, with which Python finds this same swimtx even when it is not installed."""
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
    """In the child: have the kernel end it when we die without being able to do so ourselves."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
