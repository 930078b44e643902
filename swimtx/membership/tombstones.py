"""Removes failed and left members from the list when their memory ends."""

from __future__ import annotations

from itertools import chain, islice

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.timer import Timer

_SWEEPS = 20  # number of sweeps within the shorter of the two memories


@attrs.define(eq=False, repr=False)
class Tombstones:
    """Removes failed and left members after their memory, and the longest gone when there are
    more than C{Config.max_remembered}.

    The timer runs only while there is a failed or left member.
    """

    _clock: IReactorTime
    _membership: Membership
    _config: Config
    _interval: float = attrs.field(init=False)
    _timer: Timer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._interval = min(self._config.failed_memory, self._config.left_memory) / _SWEEPS
        self._timer = Timer(self._clock)
        self._membership.watch(self._changed, WatchOrder.TOMBSTONES)

    def stop(self) -> None:
        """Cancel the timer."""
        self._timer.cancel()

    def _changed(self, change: RecordChange) -> None:
        if change.claim.state.living:
            return
        index = self._membership.index
        extra = len(index.failed) + len(index.left) - self._config.max_remembered
        if extra > 0:
            others = (n for n in chain(index.left, index.failed) if n != self._membership.name)
            for name in list(islice(others, extra)):
                self._membership.forget(name)
        if not self._timer.pending:
            self._timer.set(self._interval, self._sweep)

    def _sweep(self) -> None:
        index, config = self._membership.index, self._config
        for memory, names in (
            (config.failed_memory, index.failed),
            (config.left_memory, index.left),
        ):
            for name in list(names):
                old = self._membership.age(name) >= memory
                if old and name != self._membership.name:
                    self._membership.forget(name)
        if index.failed or index.left:
            self._timer.set(self._interval, self._sweep)
