"""Detects whether this member itself is isolated from the group.

Only our own unanswered requests count: when no message was received for a while, a few members are
pinged. If none answers, this member is isolated. An isolated member gives no verdict; after
C{patience} seconds it takes all suspects for failed. The first received message ends the isolation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.interfaces import IJournal
from swimtx.membership.events import Event
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.timer import Timer
from swimtx.transport.protocol import SwimProtocol

QUIET = 0.5  # periods without a message after which this member may be isolated


@attrs.define(eq=False, repr=False)
class Isolation:
    """The isolation of this member.

    @ivar isolated: whether no member answers.
    """

    _clock: IReactorTime
    _membership: Membership
    _protocol: SwimProtocol
    _reachability: ReachabilityCheck
    _health: LocalHealth
    _config: Config
    _journal: IJournal
    _since: float = attrs.field(init=False, default=0.0)
    _sure_until: float = attrs.field(init=False, default=0.0)
    _checking: bool = attrs.field(init=False, default=False)
    _patience_timer: Timer = attrs.field(init=False)
    _out_of_patience: list[Callable[[], object]] = attrs.field(init=False, factory=list)
    _reconnected: list[Callable[[float], object]] = attrs.field(init=False, factory=list)
    isolated: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._patience_timer = Timer(self._clock)

    def start(self) -> None:
        """Do nothing: checks begin on demand."""

    def stop(self) -> None:
        """Cancel the check and the timer; the next run of this member begins without isolation."""
        self._patience_timer.cancel()
        self._reachability.stop()
        self._checking = False
        self.isolated = False

    def on_out_of_patience(self, callback: Callable[[], object]) -> None:
        """Call C{callback()} when we have been isolated for C{patience} seconds."""
        self._out_of_patience.append(callback)

    def on_reconnect(self, callback: Callable[[float], object]) -> None:
        """Call C{callback(seconds)} when a message has ended an isolation that long."""
        self._reconnected.append(callback)

    @property
    def out_of_patience(self) -> bool:
        """Whether we have been isolated for C{patience} seconds."""
        return self.isolated and self._clock.seconds() - self._since >= self._config.patience

    def rules_out(self) -> bool:
        """Whether this member is not isolated, as a message was received lately.

        Always true in a group of two, which has no third member to ask.
        """
        if self._membership.living <= 2:
            return True
        now = self._clock.seconds()
        quiet = now - self._protocol.last_received_at
        lately = quiet <= QUIET * self._config.protocol_period or now <= self._sure_until
        return lately and not self.isolated

    def doubt(self) -> None:
        """Check for isolation after a probe without any answer."""
        if not self.rules_out():
            self.check()

    def check(self) -> None:
        """Ping a few members and see whether any message is received; one check at a time."""
        if not self._checking and not self.isolated:
            self._checking = True
            self._reachability.ask(partial(self._checked, self._clock.seconds()))

    def _checked(self, asked_at: float, answered: bool) -> None:
        self._checking = False
        if self._protocol.last_received_at >= asked_at:
            self._sure_until = self._clock.seconds() + self._config.protocol_period
            return
        self.isolated = True
        self._since = asked_at
        self._protocol.once_received(self._reconnect)
        self._patience_timer.set(self._config.patience, self._run_out_of_patience)
        self._announce(Event.ISOLATED, "nothing is heard from anybody")

    def _run_out_of_patience(self) -> None:
        for callback in self._out_of_patience:
            callback()

    def _reconnect(self) -> None:
        """End the isolation, at the first message."""
        if not self.isolated:
            return  # this member was stopped since
        self.isolated = False
        self._patience_timer.cancel()
        self._health.reconnected()
        gap = self._clock.seconds() - self._since
        for callback in self._reconnected:
            callback(gap)
        self._announce(Event.RECONNECTED, f"after {gap:.1f} s of silence")

    def _announce(self, event: Event, why: str) -> None:
        me = self._membership.local.name
        self._journal.note(event.value, me, why=why)
        self._membership.announce(event, me, why)
