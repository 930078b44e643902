"""Let time pass on any virtual clock, from one due time to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from twisted.internet.interfaces import IDelayedCall


@runtime_checkable
class StepsByItself(Protocol):
    """A clock that has a C{run_for} of its own."""

    def run_for(self, seconds: float, /) -> None:
        """Let that many seconds pass, from due time to due time."""


class Advanceable(Protocol):
    """What L{run_for} needs: Twisted's C{Clock}, or anything like it."""

    def seconds(self) -> float:
        """Now."""

    def advance(self, amount: float, /) -> None:
        """Let time pass, and make the calls that are due then."""

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The calls that wait."""


def run_for(clock: Advanceable, seconds: float) -> None:
    """Let that many seconds pass on any clock, stopping at every time at which a call is due.

    C{Clock.advance(10)} of Twisted runs a timer of one second that arms itself again once;
    this runs it ten times.
    """
    if isinstance(clock, StepsByItself):
        clock.run_for(seconds)
        return
    end = clock.seconds() + seconds
    while due := [time for call in clock.getDelayedCalls() if (time := call.getTime()) <= end]:
        clock.advance(max(0.0, min(due) - clock.seconds()))
    clock.advance(max(0.0, end - clock.seconds()))
