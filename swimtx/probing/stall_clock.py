"""A clock that notices when the process itself has stalled.

Twisted runs late timers before it reads its sockets. After a pause of the process, the machine or
the garbage collector, every timeout would fire before the answers in the socket buffers are read.
So when a timer is late, it and all others are delayed by as much: the sockets are read first, and
no member is suspected because of this process's own stall.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.error import AlreadyCalled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from swimtx.interfaces import IJournal

LATE = 0.1  # seconds
_READ_FIRST = 0.02  # seconds for the sockets to be read
_FEW = 100  # timers
_LOOKED_AT_EVERY = 64  # cancels between two counts of the timers

Stalled = Callable[[float], object]


@implementer(IReactorTime)
class StallClock:
    """Wraps the reactor's clock.

    The C{IDelayedCall} of C{callLater} can be cancelled, but not moved: cancel it and call again.

    @ivar slept: seconds of all stalls so far.
    """

    __slots__ = (
        "__weakref__",
        "_cancels",
        "_few",
        "_journal",
        "_stalled",
        "clock",
        "slept",
    )

    def __init__(self, clock: IReactorTime, journal: IJournal) -> None:
        self.clock = clock
        self._journal = journal
        self._stalled: list[Stalled] = []
        self.slept = 0.0
        self._few = False
        self._cancels = 0

    def on_stall(self, callback: Stalled) -> None:
        """Call C{callback(seconds)} after each stall."""
        self._stalled.append(callback)

    def seconds(self) -> float:
        """The reactor's time."""
        return self.clock.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """As the reactor's C{callLater}; a stall delays the call."""
        clock = self.clock
        call = _Call()  # setting its slots here is quicker than a constructor
        call.check = self
        call.due = clock.seconds() + delay - self.slept
        call.function = partial(callable, **kw) if kw else callable
        call.args = args
        call.inner = clock.callLater(delay, call.fire)
        return call  # type: ignore[return-value]

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The pending calls that were made through this clock."""
        return self._waiting()  # type: ignore[return-value]

    def has_few_timers(self) -> bool:
        """Whether the reactor had few timers when they were last counted: to move one, it searches
        them all."""
        if self._cancels % _LOOKED_AT_EVERY == 0:
            self._few = len(self.clock.getDelayedCalls()) <= _FEW
        self._cancels += 1
        return self._few

    def late(self, call: _Call, late: float) -> None:
        """Delay all calls by as many seconds as this one was late."""
        # The due times of all calls are on the clock that stops in stalls: one delay fits all.
        waiting = self._waiting()
        self.slept += late
        for other in waiting:
            other.inner.delay(late)
        call.due += _READ_FIRST
        call.inner = self.clock.callLater(_READ_FIRST, call.fire)
        self._journal.note("stalled", seconds=late)
        for callback in self._stalled:
            callback(late)

    def _waiting(self) -> list[_Call]:
        found = []
        for inner in self.clock.getDelayedCalls():
            call = getattr(getattr(inner, "func", None), "__self__", None)
            if type(call) is _Call and call.check is self:
                found.append(call)
        return found


class _Made:
    """Replaces the reactor's call after that was made."""

    def active(self) -> bool:
        """Whether the call is pending: it is not."""
        return False

    def cancel(self) -> None:
        """Refuse, as the reactor's call does.

        @raise AlreadyCalled: always.
        """
        raise AlreadyCalled()


_MADE = _Made()


def _nothing(*args: object, **kw: object) -> None:
    """Replaces the function of a cancelled call, so that the function is freed."""


class _Call:
    """An C{IDelayedCall} that wraps the reactor's.

    @ivar due: the time of the call in seconds, on a clock that stops during stalls.
    @ivar inner: the reactor's call; after a stall a new one.
    """

    __slots__ = ("args", "check", "due", "function", "inner")

    check: StallClock
    due: float
    function: Callable[..., object]
    args: tuple[object, ...]
    inner: Any

    def fire(self) -> None:
        """Make the call, or delay it if the reactor is late."""
        check = self.check
        late = check.clock.seconds() - self.due - check.slept
        if late > LATE:
            check.late(self, late)
        else:
            # Breaks the reference cycle with the reactor's call: neither keeps the other alive.
            self.inner = _MADE
            args = self.args
            self.function(*args) if args else self.function()

    def active(self) -> bool:
        """Whether the call is still pending."""
        waits: bool = self.inner.active()
        return waits

    def cancel(self) -> None:
        """Cancel the call.

        @raise AlreadyCalled: it was made.
        @raise AlreadyCancelled: it was cancelled before.
        """
        inner = self.inner
        if type(inner) is DelayedCall and self.check.has_few_timers():
            inner.reset(0)  # else the reactor wakes up when the call was due, only to drop it
        inner.cancel()
        self.function = _nothing

    def getTime(self) -> float:
        """The time of the call in seconds, by the reactor's clock, also after it was made."""
        if self.inner is _MADE:
            return self.due + self.check.slept
        return float(self.inner.getTime())
