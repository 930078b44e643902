"""A clock that notices when the process has stalled, on one that stalls."""

from __future__ import annotations

from random import Random

from twisted.internet.error import AlreadyCancelled
from twisted.internet.selectreactor import SelectReactor
from twisted.trial.unittest import SynchronousTestCase

from swimtx.journal import NullJournal
from swimtx.probing.stall_clock import LATE, StallClock
from swimtx.simulation import MemoryNetwork, VirtualClock
from tests.simulation.doubles import ear


class ARealReactor(SynchronousTestCase):
    """One that never runs: what it would wait for is enough."""

    def setUp(self) -> None:
        self.reactor = SelectReactor()
        self.addCleanup(self.reactor.waker.connectionLost, None)
        self.check = StallClock(self.reactor, NullJournal())

    def test_nobody_wakes_up_for_what_was_cancelled(self) -> None:
        call = self.check.callLater(5, self.fail)
        self.reactor.runUntilCurrent()
        self.assertGreater(self.reactor.timeout() or 0, 4)
        call.cancel()
        self.reactor.runUntilCurrent()
        self.assertIsNone(self.reactor.timeout())
        self.assertFalse(call.active())
        self.assertRaises(AlreadyCancelled, call.cancel)

    def test_where_there_are_many_timers_they_are_not_searched_for_it(self) -> None:
        searched: list[object] = []
        self.patch(self.reactor, "_moveCallLaterSooner", searched.append)
        for _ in range(1000):
            self.reactor.callLater(60, int)
        for _ in range(3):
            self.check.callLater(5, self.fail).cancel()
        self.assertEqual(searched, [])


class SelfCheckTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = VirtualClock(0)
        self.network = MemoryNetwork(self.clock, Random(1))
        self.process = self.network.host("10.0.0.1")
        self.check = StallClock(self.process, NullJournal())
        self.stalls: list[float] = []
        self.check.on_stall(self.stalls.append)
        self.fired: list[tuple[str, float]] = []

    def later(self, delay: float, name: str):  # type: ignore[no-untyped-def]
        return self.check.callLater(
            delay, lambda: self.fired.append((name, round(self.clock.seconds(), 3)))
        )

    def stall(self, until: float) -> None:
        """From now on, and until a given time."""
        self.process.stall()
        self.clock.advance(until - self.clock.seconds())
        self.process.resume()

    def test_timers_of_one_that_is_awake_are_on_time(self) -> None:
        self.later(1, "a")
        self.later(2, "b")
        self.clock.advance(3)
        self.assertEqual(self.fired, [("a", 1), ("b", 2)])
        self.assertEqual(self.stalls, [])

    def test_a_stall_puts_every_timer_off_by_as_much(self) -> None:
        self.later(1, "a")
        self.later(2, "b")
        self.later(30, "c")
        self.stall(11)
        self.clock.advance(40)
        self.assertEqual(self.fired, [("a", 11.02), ("b", 12), ("c", 40)])
        self.assertEqual(self.stalls, [10])

    def test_sockets_are_read_before_late_timers_are_called(self) -> None:
        heard = ear(self.process)
        friend = ear(self.network.host("10.0.0.2"))
        read: list[int] = []
        self.check.callLater(1, lambda: read.append(len(heard.heard)))
        self.process.stall()
        friend.say(b"ACK", ("10.0.0.1", 7946))
        self.clock.advance(5)
        self.process.resume()
        self.clock.advance(1)
        self.assertEqual(read, [1])

    def test_a_little_lateness_is_none(self) -> None:
        self.later(1, "a")
        self.stall(1 + 0.9 * LATE)
        self.clock.advance(1)
        self.assertEqual(self.stalls, [])
        self.assertEqual(self.fired, [("a", 1.09)])

    def test_one_that_is_put_off_can_still_be_cancelled(self) -> None:
        for delay in (1, 2):
            call = self.later(delay, "cancelled")
            self.stall(self.clock.seconds() + 10)
            self.clock.advance(0.001)
            self.assertTrue(call.active())
            call.cancel()
            self.assertFalse(call.active())
        self.clock.advance(20)
        self.assertEqual(self.fired, [])
        self.assertEqual(self.check.getDelayedCalls(), [])

    def test_what_a_late_timer_sets_is_on_time(self) -> None:
        self.check.callLater(1, lambda: self.later(5, "later"))
        self.stall(11)
        self.clock.advance(10)
        self.assertEqual(self.fired, [("later", 16.02)])

    def test_only_timers_that_were_asked_for_here_are_put_off(self) -> None:
        self.process.callLater(20, lambda: self.fired.append(("theirs", self.clock.seconds())))
        self.later(1, "ours")
        self.stall(11)
        self.clock.advance(20)
        self.assertEqual(self.fired, [("ours", 11.02), ("theirs", 20)])
        self.assertEqual(self.check.getDelayedCalls(), [])

    def test_it_notices_each_stall(self) -> None:
        for _ in range(3):
            self.later(1, "a")
            self.stall(self.clock.seconds() + 4)
            self.clock.advance(1)
        self.assertEqual([round(s, 6) for s in self.stalls], [3, 3, 3])
