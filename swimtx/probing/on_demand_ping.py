"""Probe-trip times on demand, over the protocol itself."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from swimtx.config import Config
from swimtx.errors import NoAnswer, NoSuchMember
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger


class OnDemandPing:
    """Asks members when somebody wants to know."""

    def __init__(self, membership: Membership, messenger: Messenger, config: Config) -> None:
        self._membership = membership
        self._messenger = messenger
        self._period = config.protocol_period
        self._schedule = ProbeSchedule.probe(config.protocol_period, config.ping_timeout)
        self._asking: dict[Probe, Deferred[float]] = {}

    def stop(self) -> None:
        """Ask no more; who waits gets a C{CancelledError}."""
        for asking, waiting in list(self._asking.items()):
            asking.stop()
            waiting.errback(CancelledError())
        self._asking.clear()

    def ping(self, name: str) -> Deferred[float]:
        """Seconds to that member and back.

        @return: fails with C{NoAnswer} after one protocol period.
        @raise NoSuchMember: nobody else of that name is remembered.
        """
        target = self._membership.claim(name)
        if target is None or name == self._membership.name:
            raise NoSuchMember(name)
        return self._ask(target)

    def _ask(self, target: Claim) -> Deferred[float]:
        waiting: Deferred[float] = Deferred()
        started = self._messenger.clock.seconds()

        def ended(asked: Probe) -> None:
            if self._asking.pop(asked, None) is None:
                return
            if asked.route is None:
                why = f"{target.name} did not answer within {self._period:g} s"
                waiting.errback(NoAnswer(why))
            else:
                took = self._messenger.clock.seconds() - started
                waiting.callback(took if asked.rtt is None else asked.rtt)

        self._asking[Probe(target, self._messenger, self._schedule, ended)] = waiting
        return waiting
