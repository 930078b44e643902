"""Probes failed members while they are remembered, in case they are back (Serf: reconnect).

This alone reunites two partitions: each PING carries the FAIL, a living target refutes it, and its
ACK brings the record that the target holds of us.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger


@attrs.define(eq=False, repr=False)
class Reconnector:
    """Each protocol period, with probability failed/alive, sends one PING to a failed member.

    So each failed member gets about one PING a period from the whole group. The timer runs only
    while there is a failed member.
    """

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _schedule: ProbeSchedule = attrs.field(init=False)
    _timer: Timer = attrs.field(init=False)
    _probe: Probe | None = attrs.field(init=False, default=None)
    _unwatch: Callable[[], None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        period = self._config.protocol_period
        # A probe ends before the next one may begin.
        self._schedule = ProbeSchedule((0.0,), period / 2, None, 0.9 * period)
        self._timer = Timer(self._clock)

    def start(self) -> None:
        """Probe failed members from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.RECONNECT)

    def stop(self) -> None:
        """Probe no failed member any more, and cancel the timer."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._timer.cancel()
        if self._probe is not None:
            self._probe.stop()
            self._probe = None

    def _changed(self, change: RecordChange) -> None:
        if not self._timer.pending and self._membership.index.failed:
            self._timer.set(self._config.protocol_period, self._tick)

    def _tick(self) -> None:
        failed = list(self._membership.index.failed)
        if not failed:
            return
        self._timer.set(self._config.protocol_period, self._tick)
        if self._chance.random() * max(1, self._membership.living - 1) < len(failed):
            claim = self._membership.claim(self._chance.choice(failed))
            if claim is not None:
                self._start_probe(claim)

    def _start_probe(self, claim: Claim) -> None:
        if self._probe is None or self._probe.over:
            self._probe = Probe(
                claim, self._messenger, self._schedule, lambda probe: None, attach=claim
            )
