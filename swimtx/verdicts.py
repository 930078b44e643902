"""Giving a verdict: not without first-hand evidence, and not while we are deaf.

Deafness is judged by our own unanswered requests only: when nothing has come in for a while, three
canary PINGs go to members that are alive. If they are answered by silence too, it is us. Who is
deaf tells its listeners C{isolated} and gives no verdict; after C{patience} it gives them to itself
alone. The first message ends it: such verdicts are taken back, and suspects get their time anew.
"""

from __future__ import annotations

import random

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.evidence import own
from swimtx.graded_suspicion import GradedSuspicion
from swimtx.local_health import LocalHealth
from swimtx.member import Claim, State
from swimtx.membership import Event, Membership
from swimtx.monitors import Monitors
from swimtx.probe_round import Means, Round
from swimtx.protocol import SwimProtocol
from swimtx.schedule import Schedule

_QUIET = 0.5  # periods without a message, after which we doubt our hearing
_CANARIES = 3
_FIRST_HAND = 1.2  # periods to see for ourselves
# Twisted runs late timers before it reads its sockets: a verdict waits for another turn.
_READ_FIRST = 0.02


class Verdicts:
    """Turns suspicions that are due into FAILs.

    @ivar isolated: whether we are deaf.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        means: Means,
        config: Config,
        health: LocalHealth,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._protocol = protocol
        self._means = means
        self._period = config.period
        self._patience = config.patience_seconds
        self._health = health
        self._suspicion: GradedSuspicion
        self._monitors: Monitors
        self.isolated = False
        self._deaf_since = 0.0
        self._sure_until = 0.0
        self._private: dict[str, Claim] = {}
        self._canaries: list[Round] = []
        self._listening: IDelayedCall | None = None
        self._giving_up: IDelayedCall | None = None
        self._ready: dict[str, IDelayedCall] = {}

    def look_through(self, suspicion: GradedSuspicion, monitors: Monitors) -> None:
        """Whose suspicions these are verdicts on, and who looks first-hand."""
        self._suspicion = suspicion
        self._monitors = monitors

    def stop(self) -> None:
        """Give no more verdicts."""
        for timer in [self._listening, self._giving_up, *self._ready.values()]:
            if timer is not None and timer.active():
                timer.cancel()
        for canary in self._canaries:
            canary.stop()
        self._ready.clear()
        self._canaries.clear()
        self._listening = None

    def due(self, claim: Claim) -> None:
        """That suspect's time is over."""
        seen = own(claim.evidence, self._membership.me.name) is not None
        if not seen and not self._monitors.saw(claim.name):
            self._monitors.watch(claim.name)
            self._suspicion.extend(claim.name, _FIRST_HAND * self._period)
        elif claim.name not in self._ready:
            self._ready[claim.name] = self._clock.callLater(_READ_FIRST, self._consider, claim.name)

    def declare(self, claim: Claim) -> None:
        """A FAIL that is proven, whatever our hearing."""
        self._membership.apply(claim)

    # Hearing

    def doubt(self) -> None:
        """Nobody has answered lately: find out whether we are deaf."""
        if not self._hearing():
            self._listen()

    def _consider(self, name: str) -> None:
        del self._ready[name]
        claim = self._membership.claim(name)
        if claim is None or claim.state is not State.SUSPECT:
            return
        deadline = self._suspicion.deadline(name)
        if deadline is not None and deadline > self._clock.seconds():
            return  # what was read meanwhile has moved it
        if self._hearing():
            self._membership.apply(claim.failed(self._membership.me.name))
        elif self.isolated and self._clock.seconds() - self._deaf_since >= self._patience:
            self._keep_to_ourselves(claim)
        else:
            self._listen()
            self._suspicion.extend(name, 1.2 * _QUIET * self._period)

    def _keep_to_ourselves(self, claim: Claim) -> None:
        """A verdict that nobody else hears of."""
        self._private[claim.name] = claim
        why = "nobody answers us: this is our own view"
        self._membership.apply(claim.failed(self._membership.me.name), why, spread=False)

    def _hearing(self) -> bool:
        """Whether something was heard lately; of a group of two nothing else can be asked."""
        if self._membership.living <= 2:
            return True
        quiet = self._clock.seconds() - self._protocol.heard_at
        lately = quiet <= _QUIET * self._period or self._clock.seconds() <= self._sure_until
        return lately and not self.isolated

    def _listen(self) -> None:
        """Send the canaries, once, and see whether anything at all comes back."""
        if self._listening is not None or self.isolated:
            return
        schedule = Schedule((0.0,), None, None, _QUIET * self._period)
        members = self._membership.sample(self._chance, 4 * _CANARIES)
        members.sort(key=lambda member: member.state is not State.ALIVE)
        for member in members[:_CANARIES]:
            self._canaries.append(Round(member, self._means, schedule, lambda canary: None))
        asked_at = self._clock.seconds()
        self._listening = self._clock.callLater(
            _QUIET * self._period * 1.1, self._listened, asked_at
        )

    def _listened(self, asked_at: float) -> None:
        self._listening = None
        self._canaries.clear()
        if self._protocol.heard_at >= asked_at:
            self._sure_until = self._clock.seconds() + _QUIET * self._period
            return
        self.isolated = True
        self._deaf_since = asked_at
        self._protocol.on_next_message(self._heard)
        self._giving_up = self._clock.callLater(self._patience, self._give_up)
        self._membership.announce(
            Event.ISOLATED, self._membership.me.name, "nothing is heard from anybody"
        )

    def _give_up(self) -> None:
        """Nobody was heard for as long as we have patience: as far as we know, all are gone."""
        self._giving_up = None
        for name in list(self._membership.roster.suspects):
            claim = self._membership.claim(name)
            if claim is not None:
                self._keep_to_ourselves(claim)

    def _heard(self) -> None:
        """The first message after a silence."""
        self.isolated = False
        if self._giving_up is not None and self._giving_up.active():
            self._giving_up.cancel()
        self._health.worsen()
        gap = self._clock.seconds() - self._deaf_since
        for name, claim in self._private.items():
            self._membership.restore(claim)
            self._suspicion.extend(name, self._period)
        self._private.clear()
        for name in list(self._membership.roster.suspects):
            deadline = self._suspicion.deadline(name)
            if deadline is not None:
                left = max(0.0, deadline - self._clock.seconds())
                self._suspicion.extend(name, left + min(gap, self._patience))
        self._membership.announce(
            Event.RECONNECTED, self._membership.me.name, f"after {gap:.1f} s of silence"
        )
