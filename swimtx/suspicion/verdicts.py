"""Giving a verdict: not without first-hand evidence, and not while we are deaf.

Deafness is judged by our own unanswered requests only: when nothing has come in for a while,
canaries are sent. If they are answered by silence too, it is us. Who is
deaf tells its listeners C{isolated} and gives no verdict; after C{patience} it gives them to itself
alone. The first message ends it: such verdicts are taken back, and suspects get their time anew.
"""

from __future__ import annotations

from functools import partial

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Event
from swimtx.membership.evidence import entry_of
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.transport.protocol import SwimProtocol

_QUIET = 0.5  # periods without a message, after which we doubt our hearing
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
        membership: Membership,
        protocol: SwimProtocol,
        canaries: ReachabilityCheck,
        config: Config,
        health: LocalHealth,
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._protocol = protocol
        self._canaries = canaries
        self._period = config.period
        self._patience = config.patience_seconds
        self._health = health
        self._suspicion: SuspicionTimers
        self._monitors: SuspectMonitors
        self.isolated = False
        self._deaf_since = 0.0
        self._sure_until = 0.0
        self._private: dict[str, Claim] = {}
        self._listening = False
        self._giving_up: IDelayedCall | None = None
        self._ready: dict[str, IDelayedCall] = {}

    def look_through(self, suspicion: SuspicionTimers, monitors: SuspectMonitors) -> None:
        """Whose suspicions these are verdicts on, and who looks first-hand."""
        self._suspicion = suspicion
        self._monitors = monitors

    def stop(self) -> None:
        """Give no more verdicts."""
        for timer in [self._giving_up, *self._ready.values()]:
            if timer is not None and timer.active():
                timer.cancel()
        self._ready.clear()
        self._canaries.stop()
        self._listening = False

    def due(self, claim: Claim) -> None:
        """That suspect's time is over."""
        seen = entry_of(claim.evidence, self._membership.me.name) is not None
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
        quiet = self._clock.seconds() - self._protocol.last_received_at
        lately = quiet <= _QUIET * self._period or self._clock.seconds() <= self._sure_until
        return lately and not self.isolated

    def _listen(self) -> None:
        """Send the canaries, once, and see whether anything at all comes back."""
        if not self._listening and not self.isolated:
            self._listening = True
            self._canaries.ask(partial(self._listened, self._clock.seconds()))

    def _listened(self, asked_at: float, answered: bool) -> None:
        self._listening = False
        if self._protocol.last_received_at >= asked_at:
            self._sure_until = self._clock.seconds() + self._period
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
        for name in list(self._membership.index.suspects):
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
        for name in list(self._membership.index.suspects):
            deadline = self._suspicion.deadline(name)
            if deadline is not None:
                left = max(0.0, deadline - self._clock.seconds())
                self._suspicion.extend(name, left + min(gap, self._patience))
        self._membership.announce(
            Event.RECONNECTED, self._membership.me.name, f"after {gap:.1f} s of silence"
        )
