"""Idle components and wirings with them, to measure what a component of swimtx is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partialmethod
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.failure_detector.target_selection import RoundRobin, TargetSelection
from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.claim import Claim
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


class WithoutOurs(Wiring):
    """swimtx without the additions that no baseline has."""

    make_tripwires = using(Wiring.make_tripwires, NoTripwires)

    def make_clock(self) -> StallClock:
        return NoStallCheck(IReactorTime(self.reactor), self.journal)

    def make_accusation(self) -> Callable[[str], Claim | None]:
        return lambda name: None

    def make_target_selection(self) -> TargetSelection:
        return RoundRobin(self.chance, self.config.protocol_period)

    def make_local_health(self) -> LocalHealth:
        return AlwaysHealthy()

    def make_backoff(self) -> FalsePositiveBackoff:
        return NoBackoff(self.clock.seconds)

    def make_reconnector(self) -> Nothing:
        return Nothing()

    make_stale_news = make_failure_broadcast = make_reconnector
