"""Other wirings and idle components, so that an experiment can tell what a component is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partialmethod
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.events import RecordChange
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.stall_clock import StallClock
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.wiring import Wiring


def using(make: Callable[..., object], kind: type) -> Any:
    """A C{make_...} method of a wiring that makes another class, C{kind}."""
    return partialmethod(make, kind=kind)


def rewired(wiring: type[Wiring], **members: Any) -> type[Wiring]:
    """A subclass of that wiring with other methods or attributes."""
    return type("Rewired", (wiring,), members)


class AlwaysHealthy(LocalHealth):
    """Local health that is always best."""

    def _worsen(self, by: int) -> None:
        """Events change nothing."""


class NoBackoff(FalsePositiveBackoff):
    """Timeouts stay the same after a false positive."""

    def record(self) -> None:
        """A false positive changes nothing."""


class NoStallCheck(StallClock):
    """The reactor's own clock: a late timer is treated like any other."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call it after C{delay} seconds of the reactor."""
        return self.clock.callLater(delay, callable, *args, **kw)


class NoTripwires(Tripwires):
    """Holds no stream, and gives no hint."""

    def start(self) -> None:
        """Nothing starts."""

    def watchers(self, name: str) -> Sequence[str]:
        """No member is known to hold a stream."""
        return ()

    def _changed(self, change: RecordChange) -> None:
        """Changes have no effect."""


class Nothing:
    """A component that does nothing."""

    def start(self) -> None:
        """Nothing starts."""

    def stop(self) -> None:
        """Nothing stops."""
