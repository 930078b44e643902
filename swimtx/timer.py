"""A timer that can be set, postponed and cancelled any number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timer:
    """At most one pending call of a clock."""

    __slots__ = ("_call", "_clock")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None

    @property
    def pending(self) -> bool:
        """Whether a call is pending."""
        return self._call is not None and bool(self._call.active())

    def set(self, delay: float, function: Callable[..., object], *args: object) -> None:
        """Call C{function(*args)} in C{delay} seconds, and cancel the call that was pending."""
        self.cancel()
        self._call = self._clock.callLater(delay, function, *args)

    def cancel(self) -> None:
        """Cancel the pending call, if there is one."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()
