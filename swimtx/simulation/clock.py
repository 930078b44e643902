"""A virtual clock on a heap: Twisted's L{IReactorTime}, fast enough for groups of thousands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

#: What C{_number} of a call says once it no longer waits for anything.
CALLED = -1
CANCELLED = -2

#: The clock starts here (seconds since 1970), at a wall time that programs find plausible.
START = 1_790_000_000.0

_new = object.__new__

#: What waits for a moment: a bare function with its arguments, or a L{HeapCall} with its number.
Line = tuple[Any, "tuple[Any, ...] | int"]


class Timers:
    """The timers of one process, which can be held back together.

    @ivar clock: what they wait for.
    @ivar late: L{None} while they fire when due; else those that came due meanwhile, in order.
    @ivar asked: takes down each that is asked for, if somebody wants to know.
    """

    __slots__ = ("asked", "clock", "late")

    def __init__(self, clock: HeapClock) -> None:
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
        call = _new(HeapCall)  # quicker than by a call of the class
        call._timers = self
        call._function = partial(function, **keywords) if keywords else function
        call._args = args
        call._number = 0
        call._time = time = clock._now + delay
        clock._put(time, (call, 0))
        if self.asked is not None:
            self.asked.append(call)
        return call


@implementer(IDelayedCall)
class HeapCall:
    """A call that waits for its time; see L{IDelayedCall}. L{Timers} make it."""

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
        self._number = CANCELLED
        self._function = _nothing  # whoever keeps a dead call keeps nothing else alive
        self._args = ()
        self._timers.clock._give_up(self)

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
        clock._give_up(self)
        self._time = max(time, clock._now)
        self._number += 1  # which makes its old line stale
        clock._put(self._time, (self, self._number))

    def fire(self) -> None:
        """Make this call now."""
        self._number = CALLED
        self._function(*self._args)

    def __repr__(self) -> str:
        state = {CALLED: "called", CANCELLED: "cancelled"}.get(self._number, "waiting")
        return f"<HeapCall of {self._function!r} at {self._time:.6f}, {state}>"


def _nothing(*args: object, **kwargs: object) -> None:
    """What a call does that will never be made."""


def _waits(line: Line) -> bool:
    """Whether it has not been cancelled or moved."""
    what, args = line
    return type(args) is tuple or what._number == args


@implementer(IReactorTime)
class HeapClock:
    """Virtual time, which passes only in L{advance}, from one due time to the next.

    Unlike Twisted's C{Clock}, each call sees its own due time in L{seconds}, so that a timer
    of one second that arms itself again fires ten times within ten seconds. Calls of one time
    are made in the order in which they were asked for.

    @param start: the time at first, in seconds since 1970.
    """

    __slots__ = (
        "__weakref__",
        "_advancing",
        "_due",
        "_moments",
        "_now",
        "_own",
        "_running",
        "_stale",
    )

    def __init__(self, start: float = START) -> None:
        self._now = start
        # A heap of plain numbers is several times as quick as one of lines. By each moment in the
        # heap its lines are found, in the order of asking; none if they have been given up.
        self._moments: list[float] = []
        self._due: dict[float, list[Line]] = {}
        self._running: Sequence[Line] = ()  # those of the moment that is now
        self._stale = 0
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
        self._put(self._now + delay, (function, args))

    def _put(self, time: float, line: Line) -> None:
        lines = [line]
        waiting = self._due.setdefault(time, lines)
        if waiting is lines:
            heappush(self._moments, time)
        else:
            waiting.append(line)

    def _give_up(self, call: HeapCall) -> None:
        """The line of a call is stale. It goes at once if its moment has no other."""
        lines = self._due.get(call._time)
        if lines is not None and len(lines) == 1 and lines[0][0] is call:
            del self._due[call._time]
        self._stale += 1
        if self._stale > 512:
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
            self._running = ()
        self._now = end

    #: The same: L{swimtx.simulation.stepping.run_for} does it for any other clock.
    run_for = advance

    def _step_until(self, end: float) -> None:
        """Make all calls due up to C{end}: the innermost loop of every simulation."""
        moments, due = self._moments, self._due
        while moments and moments[0] <= end:
            time = heappop(moments)
            running = due.pop(time, None)
            if running is None:
                self._stale -= 1
                continue
            self._now = time
            self._running = running
            lines = iter(running)
            try:
                for what, args in lines:
                    if type(args) is tuple:
                        what(*args)
                    elif what._number != args:
                        self._stale -= 1
                    elif what._timers.late is None:
                        what._number = CALLED
                        args = what._args
                        what._function(*args) if args else what._function()
                    else:
                        what._timers.late.append((args, what))
            except BaseException:
                due[time] = [*lines, *due.get(time, ())]  # these still wait
                heappush(moments, time)
                raise

    def _reap(self) -> None:
        """Drop the lines of cancelled and moved calls once they are most of all."""
        if self._stale * 2 <= len(self._moments):
            return
        self._stale = 0
        for time, lines in list(self._due.items()):
            if len(lines) > 1:
                lines[:] = [line for line in lines if _waits(line)]
                if not lines:
                    del self._due[time]
        self._moments[:] = self._due
        heapify(self._moments)

    def _waiting(self, timers: Timers | None) -> list[HeapCall]:
        later = (line for time in sorted(self._due) for line in self._due[time])
        found = chain(self._running, later)
        calls = [what for what, args in found if type(args) is int and what._number == args]
        return calls if timers is None else [call for call in calls if call._timers is timers]
