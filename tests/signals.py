"""Signal handlers for tests that send signals to processes."""

from __future__ import annotations

import signal

from twisted.trial.unittest import SynchronousTestCase


def use_default_handlers(case: SynchronousTestCase, *numbers: signal.Signals) -> None:
    """Have the processes that a test starts handle these signals in the default way.

    A shell's background process ignores SIGINT and a process under nohup ignores SIGHUP, and their
    child processes inherit that.
    """
    for number in numbers:
        interrupt = number is signal.SIGINT
        handling = signal.default_int_handler if interrupt else signal.SIG_DFL
        before = signal.signal(number, handling)
        case.addCleanup(signal.signal, number, before)
