"""What stands where a component is left out, so that an experiment can tell what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall

from swimtx.failure_detector.tripwires import Tripwires
from swimtx.membership.events import RecordChange
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.stall_clock import StallClock
from swimtx.suspicion.false_positives import FalsePositiveBackoff


class AlwaysHealthy(LocalHealth):
    """Local health that is always best."""

    def _worsen(self, by: int) -> None:
        """Events change nothing."""


class NoBackoff(FalsePositiveBackoff):
    """Timeouts stay as they are after a false positive."""

    def record(self) -> None:
        """A false positive changes nothing."""


class NoStallCheck(StallClock):
    """The reactor's own clock: a late timer is as any other."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """As the reactor's."""
        return self.clock.callLater(delay, callable, *args, **kw)


class NoTripwires(Tripwires):
    """Holds no stream, and gives no hint."""

    def start(self) -> None:
        """Nothing starts."""

    def watchers(self, name: str) -> Sequence[str]:
        """No member is known to hold a stream."""
        return ()

    def _changed(self, change: RecordChange) -> None:
        """Changes mean nothing."""


class Nothing:
    """A component that does nothing."""

    def start(self) -> None:
        """Nothing starts."""

    def stop(self) -> None:
        """Nothing stops."""
