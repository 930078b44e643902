"""The clock that notices stalls of its process, in a simulated process that stalls."""

from __future__ import annotations

from random import Random

from twisted.internet.error import AlreadyCancelled
from twisted.internet.selectreactor import SelectReactor
from twisted.trial.unittest import SynchronousTestCase

from swimtx.journal import NullJournal
from swimtx.probing.stall_clock import LATE, StallClock
from swimtx.simulation import MemoryNetwork, VirtualClock
from tests.simulation.doubles import recorder


class SelectReactorTests(SynchronousTestCase):
    """With a reactor that never runs: the tests read how long it would wait."""

    def setUp(self) -> None:
        self.reactor = SelectReactor()
        self.addCleanup(self.reactor.waker.connectionLost, None)
        self.stall_clock = StallClock(self.reactor, NullJournal())

    def test_the_reactor_does_not_wake_up_for_a_cancelled_call(self) -> None:
        call = self.stall_clock.callLater(5, self.fail)
        self.reactor.runUntilCurrent()
        self.assertGreater(self.reactor.timeout() or 0, 4)
        call.cancel()
        self.reactor.runUntilCurrent()
        self.assertIsNone(self.reactor.timeout())
        self.assertFalse(call.active())
        self.assertRaises(AlreadyCancelled, call.cancel)

    def test_cancelling_does_not_search_the_timers_of_a_reactor_that_has_many(self) -> None:
        searched: list[object] = []
        self.patch(self.reactor, "_moveCallLaterSooner", searched.append)
        for _ in range(1000):
            self.reactor.callLater(60, int)
        for _ in range(3):
            self.stall_clock.callLater(5, self.fail).cancel()
        self.assertEqual(searched, [])


class StallClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = VirtualClock(0)
        self.network = MemoryNetwork(self.clock, Random(1))
        self.process = self.network.host("10.0.0.1")
        self.stall_clock = StallClock(self.process, NullJournal())
        self.stalls: list[float] = []
        self.stall_clock.on_stall(self.stalls.append)
        self.fired: list[tuple[str, float]] = []

    def later(self, delay: float, name: str):  # type: ignore[no-untyped-def]
        return self.stall_clock.callLater(
            delay, lambda: self.fired.append((name, round(self.clock.seconds(), 3)))
        )

    def stall(self, until: float) -> None:
        """Stall the process from now until that time in seconds."""
        self.process.stall()
        self.clock.advance(until - self.clock.seconds())
        self.process.resume()

    def test_timers_of_a_process_that_does_not_stall_are_on_time(self) -> None:
        self.later(1, "a")
        self.later(2, "b")
        self.clock.advance(3)
        self.assertEqual(self.fired, [("a", 1), ("b", 2)])
        self.assertEqual(self.stalls, [])

    def test_a_stall_delays_every_timer_by_its_length(self) -> None:
        self.later(1, "a")
        self.later(2, "b")
        self.later(30, "c")
        self.stall(11)
        self.clock.advance(40)
        self.assertEqual(self.fired, [("a", 11.02), ("b", 12), ("c", 40)])
        self.assertEqual(self.stalls, [10])

    def test_sockets_are_read_before_late_timers_are_called(self) -> None:
        receiver = recorder(self.process)
        sender = recorder(self.network.host("10.0.0.2"))
        read: list[int] = []
        self.stall_clock.callLater(1, lambda: read.append(len(receiver.heard)))
        self.process.stall()
        sender.say(b"ACK", ("10.0.0.1", 7946))
        self.clock.advance(5)
        self.process.resume()
        self.clock.advance(1)
        self.assertEqual(read, [1])

    def test_a_lateness_below_the_limit_is_no_stall(self) -> None:
        self.later(1, "a")
        self.stall(1 + 0.9 * LATE)
        self.clock.advance(1)
        self.assertEqual(self.stalls, [])
        self.assertEqual(self.fired, [("a", 1.09)])

    def test_a_delayed_call_can_still_be_cancelled(self) -> None:
        for delay in (1, 2):
            call = self.later(delay, "cancelled")
            self.stall(self.clock.seconds() + 10)
            self.clock.advance(0.001)
            self.assertTrue(call.active())
            call.cancel()
            self.assertFalse(call.active())
        self.clock.advance(20)
        self.assertEqual(self.fired, [])
        self.assertEqual(self.stall_clock.getDelayedCalls(), [])

    def test_a_call_that_a_late_call_schedules_is_on_time(self) -> None:
        self.stall_clock.callLater(1, lambda: self.later(5, "later"))
        self.stall(11)
        self.clock.advance(10)
        self.assertEqual(self.fired, [("later", 16.02)])

    def test_only_calls_made_through_the_stall_clock_are_delayed(self) -> None:
        self.process.callLater(20, lambda: self.fired.append(("theirs", self.clock.seconds())))
        self.later(1, "ours")
        self.stall(11)
        self.clock.advance(20)
        self.assertEqual(self.fired, [("ours", 11.02), ("theirs", 20)])
        self.assertEqual(self.stall_clock.getDelayedCalls(), [])

    def test_the_clock_reports_each_stall_with_its_length(self) -> None:
        for _ in range(3):
            self.later(1, "a")
            self.stall(self.clock.seconds() + 4)
            self.clock.advance(1)
        self.assertEqual([round(s, 6) for s in self.stalls], [3, 3, 3])
