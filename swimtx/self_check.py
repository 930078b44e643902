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

Stalled = Callable[[float], object]


@implementer(IReactorTime)
class SelfCheck:
    """Goes around the reactor's clock.

    What C{callLater} returns may be cancelled, but not moved: cancel it and call again.

    @ivar stalled: called as C{stalled(seconds)} after each stall.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._later = clock.callLater
        self.seconds = clock.seconds
        self.stalled: Stalled = lambda seconds: None
        self._slept = 0.0  # seconds, of all stalls so far

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any
    ) -> IDelayedCall:
        """As the reactor's; after a stall the call comes later."""
        due = self.seconds() + delay - self._slept
        return self._later(delay, self._fire, due, callable, args, kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """What waits, of what was asked for here."""
        waiting = self._clock.getDelayedCalls()
        return [call for call in waiting if getattr(call, "func", None) == self._fire]

    def _fire(self, due: float, call: Callable[..., Any], args: Any, kw: dict[str, Any]) -> None:
        late = self.seconds() - due - self._slept
        if late <= LATE:
            call(*args, **kw)
            return
        # It was due at the same moment of our waking life as all the others that wait.
        waiting = self.getDelayedCalls()
        self._slept += late
        for other in waiting:
            other.delay(late)
        self._later(_READ_FIRST, self._fire, due + _READ_FIRST, call, args, kw)
        self.stalled(late)
