"""A clock that notices when the process itself has stalled.

Twisted runs late timers before it reads its sockets. After a pause, of the process, the machine or
the garbage collector, every timeout would fire before the answers that lie in the buffers are read.
So a timer that comes late is put off, and all others with it, by as much as it was late: first the
sockets are read, and then nobody is blamed for what was our own sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

LATE = 0.1  # seconds
_READ_FIRST = 0.02  # seconds for the sockets to be read
_HEAVY = 1.0  # seconds of a stall that weighs more

Stalled = Callable[[float], object]


@implementer(IReactorTime)
class SelfCheck:
    """Goes around the reactor's clock.

    @param stalled: called as C{stalled(seconds)} after each stall.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self.seconds = clock.seconds
        self.stalled: Stalled = lambda seconds: None
        self._calls: dict[_Call, None] = {}

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any
    ) -> IDelayedCall:
        """As the reactor's; the call may come later, never early."""
        call = _Call(self, callable, args, kw)
        self._calls[call] = None
        call.due = self.seconds() + delay
        call.inner = self._clock.callLater(delay, call.fire)
        return call  # type: ignore[return-value]

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """What waits, of what was asked for here."""
        return tuple(self._calls)  # type: ignore[arg-type]

    def _late(self, call: _Call, late: float) -> None:
        """Put everything off by as much as this one was late."""
        for other in self._calls:
            if other is not call:
                other.put_off(late)
        call.again(_READ_FIRST)
        self.stalled(late)


class _Call:
    """An C{IDelayedCall} around the reactor's."""

    __slots__ = ("_args", "_call", "_check", "_kw", "due", "inner")

    def __init__(
        self, check: SelfCheck, call: Callable[..., Any], args: Any, kw: dict[str, Any]
    ) -> None:
        self._check = check
        self._call = call
        self._args = args
        self._kw = kw
        self.due = 0.0
        self.inner: Any = None

    def fire(self) -> None:
        late = self._check.seconds() - self.due
        if late > LATE:
            self._check._late(self, late)
            return
        self._check._calls.pop(self, None)
        self._call(*self._args, **self._kw)

    def put_off(self, seconds: float) -> None:
        self.due += seconds
        self.inner.delay(seconds)

    def again(self, seconds: float) -> None:
        self.due = self._check.seconds() + seconds
        self.inner = self._check._clock.callLater(seconds, self.fire)

    def active(self) -> bool:
        return bool(self.inner.active())

    def cancel(self) -> None:
        self.inner.cancel()
        self._check._calls.pop(self, None)

    def getTime(self) -> float:
        return self.due

    def reset(self, secondsFromNow: float) -> None:
        self.due = self._check.seconds() + secondsFromNow
        self.inner.reset(secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        self.put_off(secondsLater)
