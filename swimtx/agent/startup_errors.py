"""Failures at the start of a process: one line, exit status 1, and no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import attrs
from twisted.internet.error import CannotListenError

from swimtx.addresses import host_port
from swimtx.errors import SwimError


class CannotStart(SystemExit):
    """Ends the process with status 1, after its line was printed."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.code = 1


class CannotStartDaemon(SwimError):
    """Raised in a daemon, whose standard error is closed.

    twistd passes the text to the waiting parent, which prints it and ends with status 1; that works
    for an Exception only: at a SystemExit the parent would wait for ever.
    """

    __module__ = "swimtx"  # twistd passes on 100 bytes, the class's full name included


@attrs.define(eq=False)
class StartupFailure:
    """Reports why a process cannot start, and ends it.

    @param daemon: whether the process is detached from its terminal.
    @param pidfile: the path of the file with its process id, which twistd does not remove when a
        SystemExit ends it; empty for none.
    """

    _daemon: bool = False
    _pidfile: str = ""

    @classmethod
    def under(cls, runner: Mapping[str, Any] | None) -> StartupFailure:
        """Make an instance that fits the program that runs the service.

        @param runner: the options of twistd or of C{python -m twisted}; C{None}: unknown.
        """
        if runner is None or "nodaemon" not in runner:
            return cls()
        return cls(not runner["nodaemon"], runner.get("pidfile") or "")

    def raise_for(self, error: Exception) -> NoReturn:
        """Remove the pid file, print the error in one line and end the process.

        @raise CannotStart: always, in the foreground.
        @raise CannotStartDaemon: always, in a daemon; twistd then does the rest.
        """
        line = describe(error)
        if self._daemon:
            raise CannotStartDaemon(line) from None
        if self._pidfile and os.path.exists(self._pidfile):
            os.unlink(self._pidfile)
        if sys.__stderr__ is not None:  # twistd has redirected sys.stderr to its log
            print(f"swimtx: {line}", file=sys.__stderr__, flush=True)
        raise CannotStart(line) from None


def describe(error: Exception) -> str:
    """The error as one line of text."""
    if not isinstance(error, CannotListenError):
        return str(error)
    reason = getattr(error.socketError, "strerror", None) or error.socketError
    if isinstance(error.port, int):
        at = host_port(error.interface or "*", error.port)
    else:
        at = os.fsdecode(error.port)
    return f"cannot listen on {at}: {reason}"
