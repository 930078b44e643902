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

#: The values of a call's C{_number} once the call no longer waits.
CALLED = -1
CANCELLED = -2

#: The initial time, in seconds since 1970: a wall time that programs accept as plausible.
START = 1_790_000_000.0

#: A line of the calendar: the due time, and a function with its arguments or a L{HeapCall} with its
#: number.
Line = tuple[float, Any, "tuple[Any, ...] | int"]

#: Slices per second. In groups of a thousand members several lines fall into each slice.
_SLICES = 512.0
_NEVER = 2**1024  # the slice of an infinite due time
_FEW = 16  # lines: a slice of up to so many is searched quickly
_MANY = 512  # stale lines and slices: so many are always tolerated

_time_of = itemgetter(0)


class Timers:
    """The timers of one process, which can be held back together.

    @ivar clock: the clock that the timers run on.
    @ivar late: L{None} while timers fire when due; else the timers that came due since, in order.
    @ivar asked: a list to which each new timer is appended, or L{None}.
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
    """A delayed call; see L{IDelayedCall}.

    L{Timers} creates it and sets its attributes directly, which is faster than a constructor.
    """

    __slots__ = ("_timers", "_time", "_number", "_function", "_args")

    _timers: Timers
    _time: float
    _number: int
    _function: Callable[..., object]
    _args: tuple[object, ...]

    @property
    def func(self) -> Callable[..., object]:
        """The function to call, under the name that Twisted uses."""
        return self._function

    def getTime(self) -> float:
        """The time at which this call is or was due, in seconds since 1970."""
        return self._time

    def active(self) -> bool:
        """Whether this call still waits."""
        return self._number >= 0

    def cancel(self) -> None:
        """Cancel this call.

        @raise AlreadyCalled: the call has been made.
        @raise AlreadyCancelled: the call has been cancelled before.
        """
        if self._number < 0:
            raise AlreadyCalled() if self._number == CALLED else AlreadyCancelled()
        line = (self._time, self, self._number)
        self._number = CANCELLED
        self._timers.clock._discard(line)
        self._function = _nothing  # a cancelled call must keep no other object alive
        self._args = ()

    def reset(self, secondsFromNow: float) -> None:
        """Move this call to C{secondsFromNow} seconds from now; raises as L{cancel} does."""
        self._move(self._timers.clock._now + secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """Move this call by C{secondsLater} seconds; raises as L{cancel} does."""
        self._move(self._time + secondsLater)

    def _move(self, time: float) -> None:
        if self._number < 0:
            raise AlreadyCalled() if self._number == CALLED else AlreadyCancelled()
        clock = self._timers.clock
        line = (self._time, self, self._number)
        self._number += 1  # makes the old line stale
        clock._discard(line)
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
    """The function of a cancelled call."""


def _waits(line: Line) -> bool:
    """Whether the call of a line has not been made, cancelled or moved."""
    _, what, args = line
    return type(args) is tuple or what._number == args


@implementer(IReactorTime)
class VirtualClock:
    """Virtual time, which passes only in L{advance}, from one due time to the next.

    Unlike Twisted's C{Clock}, each call sees its own due time in L{seconds}, so that a timer
    of one second that arms itself again fires ten times within ten seconds. Calls that are due
    at the same time are made in the order in which they were scheduled.

    @param start: the initial time, in seconds since 1970.
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
        # The calendar: slices of time by their number. A slice keeps its lines in the order of
        # scheduling; only the running slice is sorted by time.
        self._slices: dict[int, list[Line]] = {}
        self._numbers: list[int] = []  # a heap of the numbers in _slices
        self._running: int | None = None
        self._stale = 0
        self._stale_most = _MANY
        self._own = Timers(self)
        self._advancing = False

    def seconds(self) -> float:
        """The current time, in seconds since 1970."""
        return self._now

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> HeapCall:
        """Call C{callable} in C{delay} seconds.

        @raise AssertionError: the delay is negative, as from a real reactor.
        """
        return self._own.call_later(delay, callable, args, kwargs)

    def post(self, delay: float, function: Callable[..., object], *args: Any) -> None:
        """Call C{function} in C{delay} seconds; a cheaper L{callLater} that cannot be cancelled."""
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

    def _discard(self, line: Line) -> None:
        """Discard a stale line: at once if its slice is short, else in L{_reap}; an empty slice is
        always left to L{_reap}."""
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
        """All waiting calls, the next one first; calls made by L{post} are not listed."""
        return self._waiting(None)

    def calls_of(self, timers: Timers) -> Sequence[HeapCall]:
        """The waiting calls of one process, the next one first."""
        late = [call for number, call in timers.late or () if call._number == number]
        return list(dict.fromkeys(late + self._waiting(timers)))  # some may be in both

    def drop(self, timers: Timers) -> None:
        """Cancel all calls of one process."""
        for call in self.calls_of(timers):
            call.cancel()

    def advance(self, seconds: float) -> None:
        """Let C{seconds} pass, and make every call that is due in that time at its own due time.

        An exception of a call leaves this method at once: the time is then that of the call, and
        all other calls still wait.

        @raise ValueError: C{seconds} is negative.
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

    #: The same as L{advance}; L{swimtx.simulation.run_for.run_for} is for any other clock.
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
                lines[:] = coming  # the other calls still wait
                raise
            heappop(numbers)
            del slices[number]

    def _reap(self) -> None:
        """Remove the lines of cancelled and moved calls, and empty slices."""
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
    """The number of the slice that contains a time."""
    try:
        return floor(time * _SLICES)
    except OverflowError:
        return _NEVER
