"""Are we heard at all? A few PINGs to members that should be able to answer.

One of them goes to whoever was heard from last: of those whom we list as alive many may be gone.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger

COUNT = 3
WAIT = 0.5  # periods


class ReachabilityCheck:
    """Asks, for everybody who wants to know at the time."""

    def __init__(
        self,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        config: Config,
    ) -> None:
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._schedule = ProbeSchedule((0.0,), None, None, WAIT * config.protocol_period)
        self._out: list[Probe] = []
        self._waiting: list[Callable[[bool], object]] = []
        self._telling: list[Callable[[bool], object]] = []

    def stop(self) -> None:
        """Tell nobody any more."""
        self._waiting.clear()
        self._telling.clear()
        self._call_back()

    def ask(self, tell: Callable[[bool], object]) -> None:
        """Call C{tell(answered)} once: with the first ACK, or after half a period without any."""
        self._waiting.append(tell)
        if not self._out:
            targets = self._targets()
            self._out = [Probe(t, self._messenger, self._schedule, self._ended) for t in targets]
            if not targets:
                self._tell(False)

    def _targets(self) -> list[Claim]:
        """Who was heard from last, and others at random, the unsuspected first."""
        members = self._membership.sample(self._chance, 4 * COUNT)
        members.sort(key=lambda member: member.state is not State.ALIVE)
        heard = self._messenger.protocol.last_received_from
        name = self._membership.index.at(heard) if type(heard) is Address else None
        last = None if name is None else self._membership.claim(name)
        if last is not None and last.state.living and last.name != self._membership.local.name:
            members = [last, *(member for member in members if member.name != last.name)]
        return members[:COUNT]

    def _ended(self, canary: Probe) -> None:
        if canary.route is not None:
            self._tell(True)
        elif all(other.over for other in self._out):
            self._tell(False)

    def _tell(self, answered: bool) -> None:
        self._call_back()
        self._telling, self._waiting = self._telling + self._waiting, []
        while self._telling:  # whoever is told may stop us
            self._telling.pop(0)(answered)

    def _call_back(self) -> None:
        for canary in self._out:
            canary.stop()
        self._out.clear()
