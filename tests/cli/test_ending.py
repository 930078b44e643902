"""The demo when a signal ends it, wherever that strikes."""

from __future__ import annotations

import signal
import threading
from argparse import Namespace

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli import demo


class EndedBySignal(SynchronousTestCase):
    def run_demo(self) -> int:
        return demo.run(Namespace(members=3))

    def test_the_status_tells_which(self) -> None:
        def struck(play: demo.Demo) -> None:
            signal.raise_signal(signal.SIGTERM)

        self.patch(demo.Demo, "run", struck)
        self.assertEqual(self.run_demo(), 128 + signal.SIGTERM)

    def test_what_goes_wrong_because_of_it_is_not_told(self) -> None:
        """Struck within C{Condition.wait}, its C{with} releases a lock that it does not hold."""

        def struck(play: demo.Demo) -> None:
            lock = threading.RLock()
            with lock:
                lock.release()
                signal.raise_signal(signal.SIGTERM)

        self.patch(demo.Demo, "run", struck)
        self.assertEqual(self.run_demo(), 128 + signal.SIGTERM)

    def test_what_goes_wrong_by_itself_is_told(self) -> None:
        def wrong(play: demo.Demo) -> None:
            raise ZeroDivisionError

        self.patch(demo.Demo, "run", wrong)
        self.assertRaises(ZeroDivisionError, self.run_demo)

    def test_what_signals_do_otherwise_is_as_it_was_before(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        self.test_the_status_tells_which()
        self.assertIs(signal.getsignal(signal.SIGTERM), before)
