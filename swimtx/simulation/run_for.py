"""Let time pass on any virtual clock, from one due time to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from twisted.internet.interfaces import IDelayedCall


@runtime_checkable
class StepsByItself(Protocol):
    """A clock with its own C{run_for}."""

    def run_for(self, seconds: float, /) -> None:
        """Let C{seconds} pass, from one due time to the next."""


class Advanceable(Protocol):
    """The clock that L{run_for} needs, such as Twisted's C{Clock}."""

    def seconds(self) -> float:
        """The current time, in seconds."""

    def advance(self, amount: float, /) -> None:
        """Let C{amount} seconds pass, and make the calls that are due then."""

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The waiting calls."""


def run_for(clock: Advanceable, seconds: float) -> None:
    """Let C{seconds} pass on any clock, stopping at each time at which a call is due.

    A timer of one second that arms itself again fires once in Twisted's C{Clock.advance(10)}, and
    ten times here.
    """
    if isinstance(clock, StepsByItself):
        clock.run_for(seconds)
        return
    end = clock.seconds() + seconds
    while due := [time for call in clock.getDelayedCalls() if (time := call.getTime()) <= end]:
        clock.advance(max(0.0, min(due) - clock.seconds()))
    clock.advance(max(0.0, end - clock.seconds()))
