"""A virtual clock: Twisted's L{IReactorTime}, fast enough for groups of thousands.

It is a calendar queue (R. Brown, CACM 31(10), 1988), with a heap for the days that have entries.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from math import floor
from operator import itemgetter
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

#: What C{_number} of a call says once it no longer waits for anything.
CALLED = -1
CANCELLED = -2

#: The clock starts here (seconds since 1970), at a wall time that programs find plausible.
START = 1_790_000_000.0

#: What waits, and until when: a bare function with its arguments, or a L{HeapCall} with its number.
Line = tuple[float, Any, "tuple[Any, ...] | int"]

#: How many slices a second has. In groups of a thousand several lines fall into each.
_SLICES = 512.0
_NEVER = 2**1024  # the slice of what is infinitely far off
_FEW = 16  # lines, which are quickly searched
_MANY = 512  # stale lines and slices

_time_of = itemgetter(0)


class Timers:
    """The timers of one process, which can be held back together.

    @ivar clock: what they wait for.
    @ivar late: L{None} while they fire when due; else those that came due meanwhile, in order.
    @ivar asked: takes down each that is asked for, if somebody wants to know.
    """

    __slots__ = ("asked", "clock", "late")

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.late: deque[tuple[int, HeapCall]] | None = None
        self.asked: list[HeapCall] | None = None

    def call_later(
        self,
        delay: float,
        function: Callable[..., object],
        args: tuple[object, ...],
        keywords: dict[str, object],
    ) -> HeapCall:
        """As L{IReactorTime.callLater}.

        @raise AssertionError: the delay is negative, as from a real reactor.
        """
        if not delay >= 0:
            raise AssertionError(f"{delay} is not greater than or equal to 0 seconds")
        clock = self.clock
        call = HeapCall()
        call._timers = self
        call._function = partial(function, **keywords) if keywords else function
        call._args = args
        call._number = 0
        call._time = time = clock._now + delay
        clock._put((time, call, 0))
        if self.asked is not None:
            self.asked.append(call)
        return call


@implementer(IDelayedCall)
class HeapCall:
    """A call that waits for its time; see L{IDelayedCall}.

    L{Timers} make it. They fill it in themselves, which is quicker than a constructor.
    """

    __slots__ = ("_timers", "_time", "_number", "_function", "_args")

    _timers: Timers
    _time: float
    _number: int
    _function: Callable[..., object]
    _args: tuple[object, ...]

    @property
    def func(self) -> Callable[..., object]:
        """What will be called, by the name that Twisted gives it."""
        return self._function

    def getTime(self) -> float:
        """When this call is due, or was: seconds since 1970."""
        return self._time

    def active(self) -> bool:
        """Whether this call still waits."""
        return self._number >= 0

    def cancel(self) -> None:
        """Never make this call.

        @raise AlreadyCalled: it has been made.
        @raise AlreadyCancelled: it will never be made anyway.
        """
        if self._number < 0:
            raise AlreadyCalled() if self._number == CALLED else AlreadyCancelled()
        line = (self._time, self, self._number)
        self._number = CANCELLED
        self._timers.clock._give_up(line)
        self._function = _nothing  # whoever keeps a dead call keeps nothing else alive
        self._args = ()

    def reset(self, secondsFromNow: float) -> None:
        """Make this call that many seconds from now instead; raises as L{cancel} does."""
        self._move(self._timers.clock._now + secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """Make this call that many seconds later than planned; raises as L{cancel} does."""
        self._move(self._time + secondsLater)

    def _move(self, time: float) -> None:
        if self._number < 0:
            raise AlreadyCalled() if self._number == CALLED else AlreadyCancelled()
        clock = self._timers.clock
        line = (self._time, self, self._number)
        self._number += 1  # which makes it stale
        clock._give_up(line)
        self._time = max(time, clock._now)
        clock._put((self._time, self, self._number))

    def fire(self) -> None:
        """Make this call now."""
        self._number = CALLED
        args = self._args
        self._function(*args) if args else self._function()

    def __repr__(self) -> str:
        state = {CALLED: "called", CANCELLED: "cancelled"}.get(self._number, "waiting")
        return f"<HeapCall of {self._function!r} at {self._time:.6f}, {state}>"


def _nothing(*args: object, **kwargs: object) -> None:
    """What a call does that will never be made."""


def _waits(line: Line) -> bool:
    """Whether its call has not been made, cancelled or moved."""
    _, what, args = line
    return type(args) is tuple or what._number == args


@implementer(IReactorTime)
class VirtualClock:
    """Virtual time, which passes only in L{advance}, from one due time to the next.

    Unlike Twisted's C{Clock}, each call sees its own due time in L{seconds}, so that a timer
    of one second that arms itself again fires ten times within ten seconds. Calls of one time
    are made in the order in which they were asked for.

    @param start: the time at first, in seconds since 1970.
    """

    __slots__ = (
        "__weakref__",
        "_advancing",
        "_now",
        "_numbers",
        "_own",
        "_running",
        "_slices",
        "_stale",
        "_stale_most",
    )

    def __init__(self, start: float = START) -> None:
        self._now = start
        # The calendar: slices of time by their number. Lines stand there in the order of asking;
        # only those of the slice that runs are in the order of time.
        self._slices: dict[int, list[Line]] = {}
        self._numbers: list[int] = []  # a heap of those that there are
        self._running: int | None = None
        self._stale = 0
        self._stale_most = _MANY
        self._own = Timers(self)
        self._advancing = False

    def seconds(self) -> float:
        """Now, in seconds since 1970."""
        return self._now

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> HeapCall:
        """Call in C{delay} seconds.

        @raise AssertionError: the delay is negative, as from a real reactor.
        """
        return self._own.call_later(delay, callable, args, kwargs)

    def post(self, delay: float, function: Callable[..., object], *args: Any) -> None:
        """Call in C{delay} seconds, for sure: lighter than L{callLater}, as it returns nothing."""
        self._put((self._now + delay, function, args))

    def _put(self, line: Line) -> None:
        try:
            number = floor(line[0] * _SLICES)  # as _slice_of does
        except OverflowError:
            number = _NEVER
        lines = self._slices.get(number)
        if lines is None:
            self._slices[number] = [line]
            heappush(self._numbers, number)
        elif number == self._running:
            insort(lines, line, key=_time_of)
        else:
            lines.append(line)

    def _give_up(self, line: Line) -> None:
        """The line of a call is stale. It goes at once where few others are; its slice, if it is
        empty then, later."""
        number = _slice_of(line[0])
        lines = self._slices.get(number, [])
        if number != self._running and len(lines) <= _FEW and line in lines:
            lines.remove(line)
            if lines:
                return
        self._stale += 1
        if self._stale > self._stale_most:
            self._reap()

    def getDelayedCalls(self) -> Sequence[HeapCall]:
        """All calls that wait, the next one first; what was posted is not among them."""
        return self._waiting(None)

    def calls_of(self, timers: Timers) -> Sequence[HeapCall]:
        """The calls of one process that wait, the next one first."""
        late = [call for number, call in timers.late or () if call._number == number]
        return list(dict.fromkeys(late + self._waiting(timers)))  # some came due just now: once

    def drop(self, timers: Timers) -> None:
        """Cancel all calls of one process."""
        for call in self.calls_of(timers):
            call.cancel()

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass, and make every call that is due in them at its own time.

        An exception of a call leaves this method at once: the time is then that of the call, and
        all others still wait.

        @raise ValueError: time does not go back.
        @raise RuntimeError: called by a call that another C{advance} is making.
        """
        if not seconds >= 0:
            raise ValueError(f"time does not go back: {seconds}")
        if self._advancing:
            raise RuntimeError("advance() was called by a call that advance() is making")
        end = self._now + seconds
        self._advancing = True
        try:
            self._step_until(end)
        finally:
            self._advancing = False
            self._running = None
        self._now = end

    #: The same: L{swimtx.simulation.run_for.run_for} does it for any other clock.
    run_for = advance

    def _step_until(self, end: float) -> None:
        """Make all calls due up to C{end}: the innermost loop of every simulation."""
        numbers, slices = self._numbers, self._slices
        last = _slice_of(end)
        while numbers and numbers[0] <= last:
            self._running = number = numbers[0]
            lines = slices[number]
            if len(lines) > 1:
                lines.sort(key=_time_of)
            coming = iter(lines)
            try:
                for line in coming:
                    time, what, args = line
                    if time > end:
                        lines[:] = line, *coming
                        return
                    self._now = time
                    if type(args) is tuple:
                        what(*args)
                    elif what._number == args:
                        late = what._timers.late
                        if late is not None:
                            late.append((args, what))
                            continue
                        what._number = CALLED  # as in fire()
                        if what._args:
                            what._function(*what._args)
                        else:
                            what._function()
            except BaseException:
                lines[:] = coming  # these still wait
                raise
            heappop(numbers)
            del slices[number]

    def _reap(self) -> None:
        """Drop the lines of cancelled and moved calls, and empty slices, once they are many."""
        waiting = 0
        for number, lines in list(self._slices.items()):
            if number != self._running:
                lines[:] = filter(_waits, lines)
                waiting += len(lines)
                if not lines:
                    del self._slices[number]
        self._numbers[:] = self._slices
        heapify(self._numbers)
        self._stale = 0
        self._stale_most = max(_MANY, waiting // 2)

    def _waiting(self, timers: Timers | None) -> list[HeapCall]:
        lines = [line for each in self._slices.values() for line in each if type(line[2]) is int]
        lines.sort(key=_time_of)
        calls = [what for _, what, number in lines if what._number == number]
        return calls if timers is None else [call for call in calls if call._timers is timers]


def _slice_of(time: float) -> int:
    """The number of the slice that a moment is in."""
    try:
        return floor(time * _SLICES)
    except OverflowError:
        return _NEVER
