"""Round-trip times on demand, measured by a probe."""

from __future__ import annotations

import attrs
from twisted.internet.defer import CancelledError, Deferred

from swimtx.config import Config
from swimtx.errors import NoAnswer, NoSuchMember
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger


@attrs.define(eq=False, repr=False)
class OnDemandPing:
    """Probes a member when the application asks for it."""

    _membership: Membership
    _messenger: Messenger
    _config: Config
    _running: dict[Probe, Deferred[float]] = attrs.field(init=False, factory=dict)

    def stop(self) -> None:
        """Stop all probes; their Deferreds fail with C{CancelledError}."""
        for probe, waiting in list(self._running.items()):
            probe.stop()
            waiting.errback(CancelledError())
        self._running.clear()

    def ping(self, name: str) -> Deferred[float]:
        """Measure the round-trip time to another member.

        @return: a Deferred of seconds; fails with C{NoAnswer} after one protocol period without an
            ACK, and with C{CancelledError} when the node stops.
        @raise NoSuchMember: no other member of that name is remembered.
        """
        target = self._membership.claim(name)
        if target is None or name == self._membership.name:
            raise NoSuchMember(name)
        return self._probe(target)

    def _probe(self, target: Claim) -> Deferred[float]:
        waiting: Deferred[float] = Deferred()
        started = self._messenger.clock.seconds()
        period = self._config.protocol_period
        schedule = ProbeSchedule.probe(period, self._config.ping_timeout)

        def ended(probe: Probe) -> None:
            if self._running.pop(probe, None) is None:
                return
            if probe.route is None:
                waiting.errback(NoAnswer(f"{target.name} did not answer within {period:g} s"))
            else:
                took = self._messenger.clock.seconds() - started
                waiting.callback(took if probe.rtt is None else probe.rtt)

        self._running[Probe(target, self._messenger, schedule, ended)] = waiting
        return waiting
