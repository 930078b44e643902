"""Checks whether the local member is reachable at all: a PING to each of a few members.

One PING goes to the member that sent the last message received: of those that are listed as alive
many may be gone.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger

COUNT = 3  # PINGs
WAIT = 0.5  # protocol periods


@attrs.define(eq=False, repr=False)
class ReachabilityCheck:
    """One check at a time, whose result goes to all callers that asked meanwhile."""

    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _probes: list[Probe] = attrs.field(init=False, factory=list)
    _waiting: list[Callable[[bool], object]] = attrs.field(init=False, factory=list)
    _telling: list[Callable[[bool], object]] = attrs.field(init=False, factory=list)

    def stop(self) -> None:
        """Stop the check; no callback is called any more."""
        self._waiting.clear()
        self._telling.clear()
        self._stop_probes()

    def ask(self, tell: Callable[[bool], object]) -> None:
        """Call C{tell(answered)} once: at the first ACK, or after half a period without any."""
        self._waiting.append(tell)
        if not self._probes:
            targets = self._targets()
            schedule = ProbeSchedule((0.0,), None, None, WAIT * self._config.protocol_period)
            self._probes = [Probe(t, self._messenger, schedule, self._ended) for t in targets]
            if not targets:
                self._tell(False)

    def _targets(self) -> list[Claim]:
        """The sender of the last message, and others at random, alive members before suspects."""
        members = self._membership.sample(self._chance, 4 * COUNT)
        members.sort(key=lambda member: member.state is not State.ALIVE)
        sender = self._messenger.protocol.last_received_from
        name = self._membership.index.at(sender) if type(sender) is Address else None
        last = None if name is None else self._membership.claim(name)
        if last is not None and last.state.living and last.name != self._membership.local.name:
            members = [last, *(member for member in members if member.name != last.name)]
        return members[:COUNT]

    def _ended(self, probe: Probe) -> None:
        if probe.route is not None:
            self._tell(True)
        elif all(other.over for other in self._probes):
            self._tell(False)

    def _tell(self, answered: bool) -> None:
        self._stop_probes()
        self._telling, self._waiting = self._telling + self._waiting, []
        while self._telling:  # a callback may call stop()
            self._telling.pop(0)(answered)

    def _stop_probes(self) -> None:
        for probe in self._probes:
            probe.stop()
        self._probes.clear()
