"""The virtual clock: when and in which order it makes calls, compared with Twisted's clock."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock, LoopingCall
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.simulation import VirtualClock, run_for
from swimtx.simulation.clock import START, Timers

#: Delays whose sums are exact in any order; several of them fall into a millisecond.
moments = st.integers(0, 32768).map(lambda ticks: ticks / 8192)


class VirtualClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = VirtualClock()
        self.fired: list[object] = []
        verifyObject(IReactorTime, self.clock)

    def test_time_starts_at_a_plausible_wall_time(self) -> None:
        self.assertEqual(self.clock.seconds(), 1_790_000_000)
        self.assertEqual(VirtualClock(5.0).seconds(), 5.0)

    def test_call_later_returns_a_delayed_call(self) -> None:
        call = self.clock.callLater(2, self.fired.append, "it")
        verifyObject(IDelayedCall, call)
        self.assertTrue(call.active())
        self.assertEqual(call.getTime(), START + 2)

    def test_a_call_gets_its_arguments(self) -> None:
        self.clock.callLater(0, lambda *args, **kwargs: self.fired.append((args, kwargs)), 1, b=2)
        self.clock.advance(0)
        self.assertEqual(self.fired, [((1,), {"b": 2})])

    def test_each_call_sees_its_own_due_time(self) -> None:
        def tick() -> None:
            self.fired.append(self.clock.seconds() - START)
            self.clock.callLater(1, tick)

        self.clock.callLater(1, tick)
        self.clock.advance(3.5)
        self.assertEqual(self.fired, [1, 2, 3])
        self.assertEqual(self.clock.seconds(), START + 3.5)

    def test_a_looping_call_runs_once_per_interval(self) -> None:
        loop = LoopingCall(self.fired.append, "tick")
        loop.clock = self.clock
        loop.start(1, now=False)
        self.clock.run_for(10)
        self.assertEqual(len(self.fired), 10)

    def test_calls_due_at_the_same_time_are_made_in_the_order_of_scheduling(self) -> None:
        for name in "abc":
            self.clock.callLater(1, self.fired.append, name)
        self.clock.callLater(0.5, self.clock.callLater, 0.5, self.fired.append, "d")
        self.clock.advance(1)
        self.assertEqual(self.fired, ["a", "b", "c", "d"])

    def test_a_cancelled_call_is_never_made(self) -> None:
        call = self.clock.callLater(1, self.fired.append, "it")
        call.cancel()
        self.clock.advance(2)
        self.assertEqual(self.fired, [])
        self.assertFalse(call.active())

    def test_made_and_cancelled_calls_cannot_be_changed(self) -> None:
        made, cancelled = self.clock.callLater(0, int), self.clock.callLater(1, int)
        cancelled.cancel()
        self.clock.advance(0)
        for call, error in ((made, AlreadyCalled), (cancelled, AlreadyCancelled)):
            self.assertRaises(error, call.cancel)
            self.assertRaises(error, call.reset, 1)
            self.assertRaises(error, call.delay, 1)

    def test_a_call_can_be_moved_both_ways(self) -> None:
        later = self.clock.callLater(1, self.fired.append, "later")
        sooner = self.clock.callLater(9, self.fired.append, "sooner")
        self.clock.advance(0.5)
        later.delay(4)
        sooner.reset(1)
        self.assertEqual((sooner.getTime(), later.getTime()), (START + 1.5, START + 5))
        self.clock.advance(1)
        self.assertEqual(self.fired, ["sooner"])
        self.clock.advance(3.5)
        self.assertEqual(self.fired, ["sooner", "later"])

    def test_waiting_calls_are_listed_in_their_order(self) -> None:
        second, first = self.clock.callLater(2, int), self.clock.callLater(1, int)
        self.clock.callLater(1, int).cancel()
        self.clock.post(1, int)
        second.reset(3)
        self.assertEqual(list(self.clock.getDelayedCalls()), [first, second])

    def test_an_exception_of_a_call_leaves_advance_and_the_other_calls_still_wait(self) -> None:
        self.clock.callLater(1, lambda: 1 // 0)
        self.clock.callLater(1, self.fired.append, "next")
        self.assertRaises(ZeroDivisionError, self.clock.advance, 5)
        self.assertEqual((self.fired, self.clock.seconds()), ([], START + 1))
        self.clock.advance(0)
        self.assertEqual(self.fired, ["next"])

    def test_calls_due_just_now_are_listed_and_can_be_dropped(self) -> None:
        timers, listed = Timers(self.clock), list[int]()
        self.clock.callLater(1, lambda: listed.append(len(self.clock.calls_of(timers))))
        self.clock.callLater(1, self.clock.drop, timers)
        timers.call_later(1, self.fired.append, ("dropped",), {})
        self.clock.advance(2)
        self.assertEqual((listed, self.fired), ([1], []))

    def test_thousands_of_calls_cancelled_at_one_time_leave_the_other_calls(self) -> None:
        def cancel_all() -> None:
            for number in range(2000):
                self.clock.callLater(0, self.fired.append, number).cancel()
                self.clock.callLater(1, self.fired.append, number).cancel()

        self.clock.callLater(1, cancel_all)
        self.clock.callLater(1, self.fired.append, "same")
        self.clock.callLater(2, self.fired.append, "later")
        self.clock.advance(3)
        self.assertEqual(self.fired, ["same", "later"])
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_a_call_scheduled_just_now_stays_when_another_due_now_is_cancelled(self) -> None:
        def first() -> None:
            self.clock.callLater(0, self.fired.append, "scheduled now")
            second.cancel()

        self.clock.callLater(1, first)
        second = self.clock.callLater(1, self.fired.append, "cancelled")
        self.clock.advance(2)
        self.assertEqual(self.fired, ["scheduled now"])

    def test_a_due_time_whose_calls_were_cancelled_can_be_used_again(self) -> None:
        for _ in range(3):
            self.clock.callLater(1, self.fired.append, "cancelled").cancel()
        kept = self.clock.callLater(1, self.fired.append, "kept")
        self.assertEqual(list(self.clock.getDelayedCalls()), [kept])
        self.clock.callLater(1.5, self.fired.append, "later")
        self.clock.advance(2)
        self.assertEqual(self.fired, ["kept", "later"])

    def test_after_an_exception_the_call_scheduled_last_is_made_last(self) -> None:
        def fail() -> None:
            self.clock.callLater(0, self.fired.append, "scheduled last")
            raise ZeroDivisionError

        self.clock.callLater(1, fail)
        self.clock.callLater(1, self.fired.append, "next")
        self.assertRaises(ZeroDivisionError, self.clock.advance, 5)
        self.clock.advance(0)
        self.assertEqual(self.fired, ["next", "scheduled last"])
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_time_never_goes_back(self) -> None:
        self.assertRaises(AssertionError, self.clock.callLater, -1, int)
        self.assertRaises(ValueError, self.clock.advance, -1)
        self.clock.callLater(1, self.clock.advance, 1)
        self.assertRaises(RuntimeError, self.clock.advance, 2)

    def test_thousands_of_cancelled_calls_do_not_stay_in_memory(self) -> None:
        keep = self.clock.callLater(3600, int)
        for _ in range(5000):
            self.clock.callLater(3600, int).cancel()
        self.assertLess(sum(map(len, self.clock._slices.values())), 2000)
        self.assertEqual(list(self.clock.getDelayedCalls()), [keep])

    def test_the_slices_of_thousands_of_cancelled_calls_do_not_stay_in_memory(self) -> None:
        def cancel_all() -> None:
            for number in range(5000):
                self.clock.callLater(3600 + number, int).cancel()
            self.fired.append(len(self.clock._slices))

        self.clock.callLater(1, cancel_all)
        self.clock.callLater(2, self.fired.append, "later")
        self.clock.advance(5)
        [left, later] = self.fired
        assert isinstance(left, int)
        self.assertLess(left, 1000)
        self.assertLess(len(self.clock._numbers), 1000)
        self.assertEqual(later, "later")

    def test_thousands_of_calls_cancelled_together_do_not_stay_in_memory(self) -> None:
        several = [self.clock.callLater(3600, int) for _ in range(5000)]
        for call in several[1:]:
            call.cancel()
        self.assertLess(sum(map(len, self.clock._slices.values())), 2500)
        self.assertEqual(list(self.clock.getDelayedCalls()), several[:1])

    def test_a_call_with_an_infinite_delay_is_never_made(self) -> None:
        call = self.clock.callLater(float("inf"), self.fired.append, "never")
        self.clock.advance(1e9)
        self.assertEqual((self.fired, list(self.clock.getDelayedCalls())), ([], [call]))
        call.cancel()
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_the_timers_of_one_process_can_be_dropped(self) -> None:
        timers = Timers(self.clock)
        timers.call_later(1, self.fired.append, ("process",), {})
        self.clock.callLater(1, self.fired.append, "other")
        self.assertEqual(len(self.clock.calls_of(timers)), 1)
        self.clock.drop(timers)
        self.clock.advance(1)
        self.assertEqual(self.fired, ["other"])

    def test_a_call_held_back_just_now_is_dropped_once(self) -> None:
        timers = Timers(self.clock)
        timers.late = deque()
        timers.call_later(1, self.fired.append, ("held back",), {})
        self.clock.callLater(1, self.clock.drop, timers)
        self.clock.advance(2)
        self.assertEqual((self.fired, list(self.clock.calls_of(timers))), ([], []))

    @settings(deadline=None)
    @given(st.lists(st.tuples(moments, st.lists(moments, max_size=3), st.integers(0, 9))))
    def test_calls_are_made_in_the_order_of_due_time_and_then_of_scheduling(
        self, plan: list[tuple[float, list[float], int]]
    ) -> None:
        """Each call schedules further calls, and cancels one that was scheduled before it."""
        calls, due = list[IDelayedCall](), list[tuple[float, int]]()

        def schedule(delay: float, more: list[float], back: int) -> None:
            number = len(calls)
            due.append((self.clock.seconds() + delay, number))
            calls.append(self.clock.callLater(delay, run, number, more, back))

        def run(number: int, more: list[float], back: int) -> None:
            self.assertEqual((self.clock.seconds(), number), min(due))
            due.remove(min(due))
            for delay in more:
                schedule(delay, [], 0)
            if back and back <= number and calls[number - back].active():
                calls[number - back].cancel()
                due[:] = [line for line in due if line[1] != number - back]
            self.assertEqual([calls[n] for _, n in sorted(due)], self.clock.getDelayedCalls())

        for delay, more, back in plan:
            schedule(delay, more, back)
        self.clock.advance(10)
        self.assertEqual(due, [])

    @settings(deadline=None)
    @given(st.lists(moments), moments, moments)
    def test_one_long_advance_makes_the_same_calls_as_two_short_ones(
        self, delays: list[float], first: float, then: float
    ) -> None:
        def trace(*steps: float) -> list[tuple[int, float]]:
            clock, fired = VirtualClock(), list[tuple[int, float]]()

            def fire(number: int, again: float) -> None:
                fired.append((number, clock.seconds()))
                if again:
                    clock.callLater(again, fire, number, 0)

            for number, delay in enumerate(delays):
                clock.callLater(delay, fire, number, delay)
            for step in steps:
                clock.advance(step)
            return [*fired, (-1, clock.seconds())]

        self.assertEqual(trace(first + then), trace(first, then))

    @settings(deadline=None)
    @given(st.lists(st.tuples(moments, st.sampled_from(["nothing", "cancel", "reset", "delay"]))))
    def test_it_makes_the_same_calls_as_the_clock_of_twisted(
        self, plan: list[tuple[float, str]]
    ) -> None:
        def trace(clock: Clock | VirtualClock) -> list[tuple[int, float]]:
            fired: list[tuple[int, float]] = []
            start = clock.seconds()
            for number, (delay, change) in enumerate(plan):
                call = clock.callLater(
                    delay, lambda n=number: fired.append((n, clock.seconds() - start))
                )
                if change == "cancel":
                    call.cancel()
                elif change != "nothing":
                    getattr(call, change)(delay / 2)
            run_for(clock, 3)
            return sorted(fired)

        self.assertEqual(trace(VirtualClock()), trace(Clock()))


class RunForTests(SynchronousTestCase):
    def test_a_timer_that_arms_itself_again_fires_in_every_period(self) -> None:
        for clock in (Clock(), VirtualClock()):
            ticks: list[float] = []
            start = clock.seconds()

            def tick(clock: Clock | VirtualClock = clock, ticks: list[float] = ticks) -> None:
                ticks.append(clock.seconds())
                clock.callLater(0.25, tick)

            tick()
            run_for(clock, 30)
            self.assertEqual(len(ticks), 121)
            self.assertEqual(clock.seconds(), start + 30)

    def test_due_times_that_are_not_sums_of_binary_fractions_are_reached(self) -> None:
        clock, ticks = Clock(), list[float]()
        clock.advance(1_790_000_000.1)
        for number in range(100):
            clock.callLater(0.1 * number, ticks.append, clock.seconds())
        run_for(clock, 10)
        self.assertEqual(len(ticks), 100)
