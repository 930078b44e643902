"""Isolation: is this member itself cut off, or are the others gone?

It is judged by our own unanswered requests only: when no message has come for a while, a few
members are asked whether we reach them. If none answers, it is this member that is cut off. While
it is, it gives no verdict; after C{patience} seconds it takes all suspects for gone. The first
message ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.interfaces import IJournal
from swimtx.membership.events import Event
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.timer import Timer
from swimtx.transport.protocol import SwimProtocol

QUIET = 0.5  # periods without a message, after which we may be cut off


class Isolation:
    """Whether this member is cut off.

    @ivar isolated: whether no member answers.
    """

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        protocol: SwimProtocol,
        reachability: ReachabilityCheck,
        health: LocalHealth,
        config: Config,
        journal: IJournal,
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._protocol = protocol
        self._reachability = reachability
        self._health = health
        self._period = config.protocol_period
        self._patience = config.patience
        self._journal = journal
        self._since = 0.0
        self._sure_until = 0.0
        self._checking = False
        self._patience_timer = Timer(clock)
        self._out_of_patience: list[Callable[[], object]] = []
        self._reconnected: list[Callable[[float], object]] = []
        self.isolated = False

    def start(self) -> None:
        """There is nothing to begin with."""

    def stop(self) -> None:
        """Wait for no answer any more."""
        self._patience_timer.cancel()
        self._reachability.stop()
        self._checking = False

    def on_out_of_patience(self, callback: Callable[[], object]) -> None:
        """Call C{callback()} when we have been isolated for C{patience} seconds."""
        self._out_of_patience.append(callback)

    def on_reconnect(self, callback: Callable[[float], object]) -> None:
        """Call C{callback(seconds)} when a message has ended an isolation of so many seconds."""
        self._reconnected.append(callback)

    @property
    def out_of_patience(self) -> bool:
        """Whether we have been isolated for C{patience} seconds."""
        return self.isolated and self._clock.seconds() - self._since >= self._patience

    def rules_out(self) -> bool:
        """Whether a message has come lately. In a group of two there is no other member to ask."""
        if self._membership.living <= 2:
            return True
        now = self._clock.seconds()
        quiet = now - self._protocol.last_received_at
        lately = quiet <= QUIET * self._period or now <= self._sure_until
        return lately and not self.isolated

    def doubt(self) -> None:
        """No member has answered a probe: check whether we are isolated."""
        if not self.rules_out():
            self.check()

    def check(self) -> None:
        """Ask a few members, once at a time, and see whether any message comes back."""
        if not self._checking and not self.isolated:
            self._checking = True
            self._reachability.ask(partial(self._checked, self._clock.seconds()))

    def _checked(self, asked_at: float, answered: bool) -> None:
        self._checking = False
        if self._protocol.last_received_at >= asked_at:
            self._sure_until = self._clock.seconds() + self._period
            return
        self.isolated = True
        self._since = asked_at
        self._protocol.once_received(self._reconnect)
        self._patience_timer.set(self._patience, self._run_out_of_patience)
        self._say(Event.ISOLATED, "nothing is heard from anybody")

    def _run_out_of_patience(self) -> None:
        for callback in self._out_of_patience:
            callback()

    def _reconnect(self) -> None:
        """The first message after a silence."""
        self.isolated = False
        self._patience_timer.cancel()
        self._health.reconnected()
        gap = self._clock.seconds() - self._since
        for callback in self._reconnected:
            callback(gap)
        self._say(Event.RECONNECTED, f"after {gap:.1f} s of silence")

    def _say(self, event: Event, why: str) -> None:
        me = self._membership.local.name
        self._journal.note(event.value, me, why=why)
        self._membership.announce(event, me, why)
