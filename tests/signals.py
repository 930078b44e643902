"""Signals, for tests that send them."""

from __future__ import annotations

import signal

from twisted.trial.unittest import SynchronousTestCase


def heed(case: SynchronousTestCase, *numbers: signal.Signals) -> None:
    """Have the processes that a test starts heed these signals.

    What a shell runs in the background ignores Ctrl-C, what nohup runs ignores a hang-up, and so do
    all children of theirs.
    """
    for number in numbers:
        interrupt = number is signal.SIGINT
        handling = signal.default_int_handler if interrupt else signal.SIG_DFL
        before = signal.signal(number, handling)
        case.addCleanup(signal.signal, number, before)
