"""How a process that cannot start says so: one line, status 1, and no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from twisted.internet.error import CannotListenError

from swimtx.errors import SwimError


class CannotStart(SystemExit):
    """Ends the process with status 1; its line has been said already."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.code = 1


class CannotStartDaemon(SwimError):
    """Raised in a daemon, whose standard error is closed.

    twistd hands the text to the waiting parent, which prints it and ends with status 1; that works
    for an Exception only: at a SystemExit the parent would wait for ever.
    """

    __module__ = "swimtx"  # twistd hands on 100 bytes, the class's full name included


class StartupFailure:
    """What to do in place of starting.

    @param daemon: whether the process has left its terminal.
    @param pidfile: the path of the file with its process id, which twistd forgets when it is
        ended by a SystemExit; empty for none.
    """

    def __init__(self, daemon: bool = False, pidfile: str = "") -> None:
        self._daemon = daemon
        self._pidfile = pidfile

    @classmethod
    def under(cls, runner: Mapping[str, Any] | None) -> StartupFailure:
        """As it fits the options of the program that runs us: twistd, or C{python -m twisted}."""
        if runner is None or "nodaemon" not in runner:
            return cls()
        return cls(not runner["nodaemon"], runner.get("pidfile") or "")

    def raise_for(self, error: Exception) -> NoReturn:
        """Say why not, and end.

        @raise CannotStart: in the foreground.
        @raise CannotStartDaemon: in a daemon.
        """
        line = describe(error)
        if self._daemon:
            raise CannotStartDaemon(line) from None
        if self._pidfile and os.path.exists(self._pidfile):
            os.unlink(self._pidfile)
        if sys.__stderr__ is not None:  # twistd has made sys.stderr a part of its log
            print(f"swimtx: {line}", file=sys.__stderr__, flush=True)
        raise CannotStart(line) from None


def describe(error: Exception) -> str:
    """The error in one line for people."""
    if not isinstance(error, CannotListenError):
        return str(error)
    reason = getattr(error.socketError, "strerror", None) or error.socketError
    if isinstance(error.port, int):
        host = error.interface or "*"
        at = f"[{host}]:{error.port}" if ":" in host else f"{host}:{error.port}"
    else:
        at = os.fsdecode(error.port)
    return f"cannot listen on {at}: {reason}"
