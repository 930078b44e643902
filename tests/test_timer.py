"""A timer that can be set, postponed and cancelled any number of times."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swimtx.timer import Timer


class TimerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.timer = Timer(self.clock)
        self.called: list[object] = []

    def test_a_timer_calls_once_with_its_arguments(self) -> None:
        self.timer.set(2, self.called.append, "a")
        self.assertTrue(self.timer.pending)
        self.clock.advance(2)
        self.assertEqual((self.called, self.timer.pending), (["a"], False))

    def test_setting_a_timer_again_cancels_the_call_before(self) -> None:
        self.timer.set(2, self.called.append, "a")
        self.timer.set(1, self.called.append, "b")
        self.clock.advance(5)
        self.assertEqual(self.called, ["b"])

    def test_a_timer_may_be_set_by_the_function_that_it_calls(self) -> None:
        self.timer.set(1, lambda: self.timer.set(1, self.called.append, "a"))
        self.clock.pump([1, 1])
        self.assertEqual(self.called, ["a"])

    def test_a_cancelled_timer_calls_nothing_and_leaves_nothing_on_the_clock(self) -> None:
        self.timer.cancel()
        self.timer.set(1, self.called.append, "a")
        self.timer.cancel()
        self.timer.cancel()
        self.assertEqual((self.clock.getDelayedCalls(), self.timer.pending), ([], False))
