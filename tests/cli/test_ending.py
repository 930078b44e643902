"""The end of the demo by a signal, wherever the signal interrupts it."""

from __future__ import annotations

import signal
import threading
from argparse import Namespace

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli import demo


class DemoSignalTests(SynchronousTestCase):
    def run_demo(self) -> int:
        return demo.run(Namespace(members=3))

    def test_the_exit_status_tells_which_signal_ended_the_demo(self) -> None:
        def send_signal(running: demo.Demo) -> None:
            signal.raise_signal(signal.SIGTERM)

        self.patch(demo.Demo, "run", send_signal)
        self.assertEqual(self.run_demo(), 128 + signal.SIGTERM)

    def test_an_error_caused_by_the_signal_is_not_raised(self) -> None:
        """A signal in C{Condition.wait} makes its C{with} release a lock that it does not hold."""

        def send_signal(running: demo.Demo) -> None:
            lock = threading.RLock()
            with lock:
                lock.release()
                signal.raise_signal(signal.SIGTERM)

        self.patch(demo.Demo, "run", send_signal)
        self.assertEqual(self.run_demo(), 128 + signal.SIGTERM)

    def test_an_error_without_a_signal_is_raised(self) -> None:
        def fail(running: demo.Demo) -> None:
            raise ZeroDivisionError

        self.patch(demo.Demo, "run", fail)
        self.assertRaises(ZeroDivisionError, self.run_demo)

    def test_the_signal_handlers_are_restored(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        self.test_the_exit_status_tells_which_signal_ended_the_demo()
        self.assertIs(signal.getsignal(signal.SIGTERM), before)
