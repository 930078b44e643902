"""A clock that notices when the process itself has stalled.

Twisted runs late timers before it reads its sockets. After a pause, of the process, the machine or
the garbage collector, every timeout would fire before the answers that lie in the buffers are read.
So a timer that comes late is put off, and all others with it, by as much as it was late: first the
sockets are read, and then nobody is blamed for what was our own sleep.
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
_LOOKED_AT_EVERY = 64  # cancelled timers

Stalled = Callable[[float], object]


@implementer(IReactorTime)
class StallClock:
    """Goes around the reactor's clock.

    What C{callLater} returns may be cancelled, but not moved: cancel it and call again.

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
        """The reactor's."""
        return self.clock.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """As the reactor's; after a stall the call comes later."""
        clock = self.clock
        call = _Call()  # filled in here, which is quicker than by a constructor
        call.check = self
        call.due = clock.seconds() + delay - self.slept
        call.function = partial(callable, **kw) if kw else callable
        call.args = args
        call.inner = clock.callLater(delay, call.fire)
        return call  # type: ignore[return-value]

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """What waits, of what was asked for here."""
        return self._waiting()  # type: ignore[return-value]

    def has_few_timers(self) -> bool:
        """Whether the reactor has few, or had when that was last looked at; all would be searched
        for the one that is moved."""
        if self._cancels % _LOOKED_AT_EVERY == 0:
            self._few = len(self.clock.getDelayedCalls()) <= _FEW
        self._cancels += 1
        return self._few

    def late(self, call: _Call, late: float) -> None:
        """Put everything off by as much as this one was late."""
        # It was due at the same moment of our waking life as all the others that wait.
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
    """Stands for the reactor's call once that has been made."""

    def active(self) -> bool:
        """Never again."""
        return False

    def cancel(self) -> None:
        """It is too late for that."""
        raise AlreadyCalled()


_MADE = _Made()


def _nothing(*args: object, **kw: object) -> None:
    """What a call does that will never be made."""


class _Call:
    """An C{IDelayedCall} around the reactor's.

    @ivar due: when, on a clock that stands while we sleep.
    @ivar inner: the reactor's; another one after it came late.
    """

    __slots__ = ("args", "check", "due", "function", "inner")

    check: StallClock
    due: float
    function: Callable[..., object]
    args: tuple[object, ...]
    inner: Any

    def fire(self) -> None:
        """The reactor's call has come."""
        check = self.check
        late = check.clock.seconds() - self.due - check.slept
        if late > LATE:
            check.late(self, late)
        else:
            # The two have known each other: who keeps this one now keeps nothing else alive.
            self.inner = _MADE
            args = self.args
            self.function(*args) if args else self.function()

    def active(self) -> bool:
        """Whether it still waits."""
        waits: bool = self.inner.active()
        return waits

    def cancel(self) -> None:
        """Never make it."""
        inner = self.inner
        if type(inner) is DelayedCall and self.check.has_few_timers():
            inner.reset(0)  # else the reactor wakes up when it was due, only to forget it
        inner.cancel()
        self.function = _nothing

    def getTime(self) -> float:
        """When it is due, by the reactor's clock, or was."""
        if self.inner is _MADE:
            return self.due + self.check.slept
        return float(self.inner.getTime())
