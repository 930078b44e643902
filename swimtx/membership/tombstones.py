"""Removes failed and left members from the list when their memory ends."""

from __future__ import annotations

from itertools import chain, islice

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import State
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership

_SWEEPS = 20  # number of sweeps within the shorter of the two memories


class Tombstones:
    """Removes failed and left members after their memory, and the longest gone when there are
    more than C{Config.max_remembered}.

    The timer runs only while there is a failed or left member.
    """

    def __init__(self, clock: IReactorTime, membership: Membership, config: Config) -> None:
        self._clock = clock
        self._membership = membership
        self._most = config.max_remembered
        self._memory = {State.FAILED: config.failed_memory, State.LEFT: config.left_memory}
        self._interval = min(self._memory.values()) / _SWEEPS
        self._timer: IDelayedCall | None = None
        membership.watch(self._changed, WatchOrder.TOMBSTONES)

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _changed(self, change: RecordChange) -> None:
        if change.claim.state.living:
            return
        index = self._membership.index
        extra = len(index.failed) + len(index.left) - self._most
        if extra > 0:
            others = (n for n in chain(index.left, index.failed) if n != self._membership.name)
            for name in list(islice(others, extra)):
                self._membership.forget(name)
        if self._timer is None:
            self._timer = self._clock.callLater(self._interval, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        index = self._membership.index
        for state, names in ((State.FAILED, index.failed), (State.LEFT, index.left)):
            for name in list(names):
                old = self._membership.age(name) >= self._memory[state]
                if old and name != self._membership.name:
                    self._membership.forget(name)
        if index.failed or index.left:
            self._timer = self._clock.callLater(self._interval, self._sweep)
