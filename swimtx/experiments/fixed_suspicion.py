"""Suspicion by time alone: a suspect that does not refute in time is declared failed."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from swimtx.membership.claim import Claim, State
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.timer import Timer


class FixedSuspicion:
    """A timer for each suspect (SWIM §4.2).

    @param timeout: C{timeout(claim)}: the seconds that this suspect has.
    """

    def __init__(
        self, clock: IReactorTime, membership: Membership, timeout: Callable[[Claim], float]
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._timeout = timeout
        self._timers: dict[str, Timer] = {}
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Time suspects from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.SUSPICION_TIMERS)

    def stop(self) -> None:
        """Time no suspect any more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._timers):
            self._cancel(name)

    def _changed(self, change: RecordChange) -> None:
        claim, held = change.claim, change.held
        suspected = claim.state is State.SUSPECT and claim.name != self._membership.name
        if suspected and held is not None and held.key == claim.key:
            return  # only the evidence grew
        self._cancel(claim.name)
        if suspected:
            self._set_timer(claim.name, self._timeout(claim))

    def _set_timer(self, name: str, seconds: float) -> None:
        timer = self._timers[name] = Timer(self._clock)
        timer.set(seconds, self._ran_out, name)

    def _ran_out(self, name: str) -> None:
        del self._timers[name]
        claim = self._membership.claim(name)
        if claim is not None and claim.state is State.SUSPECT:
            self._membership.apply(claim.failed(self._membership.local.name))

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
