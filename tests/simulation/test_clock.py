"""The virtual clock: what a timer may rely on, and what is like Twisted's own."""

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

#: Delays that add up exactly, however they are grouped; several of them are in a millisecond.
moments = st.integers(0, 32768).map(lambda ticks: ticks / 8192)


class HeapClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = VirtualClock()
        self.fired: list[object] = []
        verifyObject(IReactorTime, self.clock)

    def test_time_starts_at_a_plausible_wall_time(self) -> None:
        self.assertEqual(self.clock.seconds(), 1_790_000_000)
        self.assertEqual(VirtualClock(5.0).seconds(), 5.0)

    def test_what_it_returns_is_a_delayed_call(self) -> None:
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

    def test_a_looping_call_loops_as_often_as_it_should(self) -> None:
        loop = LoopingCall(self.fired.append, "tick")
        loop.clock = self.clock
        loop.start(1, now=False)
        self.clock.run_for(10)
        self.assertEqual(len(self.fired), 10)

    def test_calls_of_one_time_are_made_in_the_order_of_asking(self) -> None:
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

    def test_what_is_over_cannot_be_changed(self) -> None:
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

    def test_an_exception_comes_out_and_the_others_still_wait(self) -> None:
        self.clock.callLater(1, lambda: 1 // 0)
        self.clock.callLater(1, self.fired.append, "next")
        self.assertRaises(ZeroDivisionError, self.clock.advance, 5)
        self.assertEqual((self.fired, self.clock.seconds()), ([], START + 1))
        self.clock.advance(0)
        self.assertEqual(self.fired, ["next"])

    def test_what_is_due_just_now_is_listed_and_can_be_dropped(self) -> None:
        timers, listed = Timers(self.clock), list[int]()
        self.clock.callLater(1, lambda: listed.append(len(self.clock.calls_of(timers))))
        self.clock.callLater(1, self.clock.drop, timers)
        timers.call_later(1, self.fired.append, ("dropped",), {})
        self.clock.advance(2)
        self.assertEqual((listed, self.fired), ([1], []))

    def test_thousands_cancelled_at_one_moment_do_not_take_others_along(self) -> None:
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

    def test_what_is_asked_for_just_now_stays_when_another_of_this_moment_is_cancelled(
        self,
    ) -> None:
        def first() -> None:
            self.clock.callLater(0, self.fired.append, "asked for now")
            second.cancel()

        self.clock.callLater(1, first)
        second = self.clock.callLater(1, self.fired.append, "cancelled")
        self.clock.advance(2)
        self.assertEqual(self.fired, ["asked for now"])

    def test_a_moment_that_was_given_up_can_be_taken_again(self) -> None:
        for _ in range(3):
            self.clock.callLater(1, self.fired.append, "cancelled").cancel()
        kept = self.clock.callLater(1, self.fired.append, "kept")
        self.assertEqual(list(self.clock.getDelayedCalls()), [kept])
        self.clock.callLater(1.5, self.fired.append, "later")
        self.clock.advance(2)
        self.assertEqual(self.fired, ["kept", "later"])

    def test_after_an_exception_what_was_asked_for_last_comes_last(self) -> None:
        def fail() -> None:
            self.clock.callLater(0, self.fired.append, "asked for last")
            raise ZeroDivisionError

        self.clock.callLater(1, fail)
        self.clock.callLater(1, self.fired.append, "next")
        self.assertRaises(ZeroDivisionError, self.clock.advance, 5)
        self.clock.advance(0)
        self.assertEqual(self.fired, ["next", "asked for last"])
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_time_never_goes_back(self) -> None:
        self.assertRaises(AssertionError, self.clock.callLater, -1, int)
        self.assertRaises(ValueError, self.clock.advance, -1)
        self.clock.callLater(1, self.clock.advance, 1)
        self.assertRaises(RuntimeError, self.clock.advance, 2)

    def test_thousands_of_cancelled_calls_do_not_stay(self) -> None:
        keep = self.clock.callLater(3600, int)
        for _ in range(5000):
            self.clock.callLater(3600, int).cancel()
        self.assertLess(sum(map(len, self.clock._slices.values())), 2000)
        self.assertEqual(list(self.clock.getDelayedCalls()), [keep])

    def test_nor_do_the_thousands_of_moments_that_they_were_meant_for(self) -> None:
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

    def test_thousands_that_are_cancelled_together_do_not_stay(self) -> None:
        several = [self.clock.callLater(3600, int) for _ in range(5000)]
        for call in several[1:]:
            call.cancel()
        self.assertLess(sum(map(len, self.clock._slices.values())), 2500)
        self.assertEqual(list(self.clock.getDelayedCalls()), several[:1])

    def test_what_waits_for_ever_never_comes(self) -> None:
        call = self.clock.callLater(float("inf"), self.fired.append, "never")
        self.clock.advance(1e9)
        self.assertEqual((self.fired, list(self.clock.getDelayedCalls())), ([], [call]))
        call.cancel()
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_timers_of_one_process_can_be_dropped(self) -> None:
        timers = Timers(self.clock)
        timers.call_later(1, self.fired.append, ("process",), {})
        self.clock.callLater(1, self.fired.append, "other")
        self.assertEqual(len(self.clock.calls_of(timers)), 1)
        self.clock.drop(timers)
        self.clock.advance(1)
        self.assertEqual(self.fired, ["other"])

    def test_one_that_was_held_back_just_now_is_dropped_once(self) -> None:
        timers = Timers(self.clock)
        timers.late = deque()
        timers.call_later(1, self.fired.append, ("held back",), {})
        self.clock.callLater(1, self.clock.drop, timers)
        self.clock.advance(2)
        self.assertEqual((self.fired, list(self.clock.calls_of(timers))), ([], []))

    @settings(deadline=None)
    @given(st.lists(st.tuples(moments, st.lists(moments, max_size=3), st.integers(0, 9))))
    def test_calls_are_made_by_time_and_of_one_time_by_the_order_of_asking(
        self, plan: list[tuple[float, list[float], int]]
    ) -> None:
        """Each asks for others when it comes, and takes one back that was asked for before it."""
        calls, due = list[IDelayedCall](), list[tuple[float, int]]()

        def ask(delay: float, more: list[float], back: int) -> None:
            number = len(calls)
            due.append((self.clock.seconds() + delay, number))
            calls.append(self.clock.callLater(delay, come, number, more, back))

        def come(number: int, more: list[float], back: int) -> None:
            self.assertEqual((self.clock.seconds(), number), min(due))
            due.remove(min(due))
            for delay in more:
                ask(delay, [], 0)
            if back and back <= number and calls[number - back].active():
                calls[number - back].cancel()
                due[:] = [line for line in due if line[1] != number - back]
            self.assertEqual([calls[n] for _, n in sorted(due)], self.clock.getDelayedCalls())

        for delay, more, back in plan:
            ask(delay, more, back)
        self.clock.advance(10)
        self.assertEqual(due, [])

    @settings(deadline=None)
    @given(st.lists(moments), moments, moments)
    def test_one_long_advance_is_two_short_ones(
        self, delays: list[float], first: float, then: float
    ) -> None:
        def story(*steps: float) -> list[tuple[int, float]]:
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

        self.assertEqual(story(first + then), story(first, then))

    @settings(deadline=None)
    @given(st.lists(st.tuples(moments, st.sampled_from(["nothing", "cancel", "reset", "delay"]))))
    def test_it_makes_the_same_calls_as_the_clock_of_twisted(
        self, plan: list[tuple[float, str]]
    ) -> None:
        def story(clock: Clock | VirtualClock) -> list[tuple[int, float]]:
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

        self.assertEqual(story(VirtualClock()), story(Clock()))


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

    def test_times_that_are_no_sums_of_binary_fractions_are_reached_all_the_same(self) -> None:
        clock, ticks = Clock(), list[float]()
        clock.advance(1_790_000_000.1)
        for number in range(100):
            clock.callLater(0.1 * number, ticks.append, clock.seconds())
        run_for(clock, 10)
        self.assertEqual(len(ticks), 100)
