"""Tripwires: an idle stream to each of three successors, whose end hints at a dead process.

The successors are those in the ring of names. When the process of one dies, its kernel closes the
stream within a millisecond, before any probe. That proves nothing, as middleboxes close idle
streams too, but it is a hint to probe at once. A member that leaves announces it first, so the end
of its streams gives no hint.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.failure_detector.name_ring import NameRing
from swimtx.interfaces import IStream
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import target_fields
from swimtx.wire.messages import MessageType

SUCCESSORS = 3
_SETTLE = 0.5  # seconds from a change of the ring until streams are moved, at least
_AGAIN = 5.0  # seconds from a failed attempt to the next, doubling
_LONGEST = 300.0  # seconds between attempts


class Hints(Protocol):
    """A source of hints that a member has failed."""

    def on_break(self, callback: Callable[[str], object]) -> None:
        """Call C{callback(name)} at each hint."""


@attrs.define(eq=False, repr=False)
class Tripwires:
    """Holds the streams to our successors."""

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _broken_streams: BrokenStreams
    _config: Config
    _callbacks: list[Callable[[str], object]] = attrs.field(init=False, factory=list)
    _ring: NameRing = attrs.field(init=False, factory=NameRing)
    _open: dict[str, IStream] = attrs.field(init=False, factory=dict)
    _connecting: dict[str, Deferred[IStream]] = attrs.field(init=False, factory=dict)
    _pause: dict[str, float] = attrs.field(init=False, factory=dict)
    _timer: Timer = attrs.field(init=False)
    _due: float = attrs.field(init=False, default=0.0)
    _running: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._timer = Timer(self._clock)
        self._membership.watch(self._changed, WatchOrder.TRIPWIRES)

    def on_break(self, callback: Callable[[str], object]) -> None:
        """Call C{callback(name)} when a stream ends whose member has not left or failed."""
        self._callbacks.append(callback)

    def start(self) -> None:
        """Start holding streams."""
        self._running = True
        self._soon()

    def stop(self) -> None:
        """Close all streams."""
        self._running = False
        self._timer.cancel()
        for name in [*self._open, *self._connecting]:
            self._close(name)
        self._ring = NameRing()

    @property
    def held(self) -> tuple[str, ...]:
        """The names of the members to which a stream is open."""
        return tuple(self._open)

    def watchers(self, name: str) -> Sequence[str]:
        """The members that hold a stream to C{name} by our member list, the nearest first."""
        return self._ring.before(name, SUCCESSORS)

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        if claim.state.living and not claim.legacy:
            if self._ring.add(claim.name):
                self._pause.pop(claim.name, None)
                self._soon()
            if change.held is not None and change.held.epoch < claim.epoch:
                self._close(claim.name)
                self._soon()
        elif self._ring.remove(claim.name):
            self._close(claim.name)
            self._soon()

    def _soon(self, delay: float = _SETTLE) -> None:
        if not self._running:
            return
        jittered = delay * (1.0 + self._chance.random())
        due = self._clock.seconds() + jittered
        if self._timer.pending and self._due <= due:
            return  # an earlier call is pending; a later one is moved forward
        self._due = due
        self._timer.set(jittered, self._settle)

    def _settle(self) -> None:
        """Open the streams to our successors that are missing, and close all others."""
        wanted = self._ring.after(self._membership.local.name, SUCCESSORS)
        for name in [*self._open, *self._connecting]:
            if name not in wanted:
                self._close(name)
        for name in wanted:
            if name not in self._open and name not in self._connecting:
                claim = self._membership.claim(name)
                if claim is not None:
                    self._connect(claim)

    def _connect(self, claim: Claim) -> None:
        name = claim.name
        connecting = self._messenger.connect(claim.address, self._config.protocol_period)

        def opened(stream: IStream) -> None:
            self._connecting.pop(name, None)
            self._opened(claim, stream)

        def failed(failure: object) -> None:
            if self._connecting.pop(name, None) is not None:
                self._again(name)

        self._connecting[name] = connecting
        connecting.addCallbacks(opened, failed)

    def _opened(self, claim: Claim, stream: IStream) -> None:
        name = claim.name
        self._pause.pop(name, None)
        self._open[name] = stream
        stream.on_close(partial(self._closed, name, stream))
        self._greet(claim, stream)

    def _greet(self, claim: Claim, stream: IStream) -> None:
        """Send a PING, as the other end closes a stream on which no message ever arrives."""
        target = target_fields(claim)
        self._messenger.protocol.send(stream, MessageType.PING, target, piggyback=False)

    def _again(self, name: str) -> None:
        """Retry later, with a pause that doubles after each failure."""
        pause = self._pause[name] = min(2 * self._pause.get(name, _AGAIN / 2), _LONGEST)
        self._soon(pause)

    def _closed(self, name: str, stream: IStream) -> None:
        if self._open.get(name) is not stream:
            return
        del self._open[name]
        claim = self._membership.claim(name)
        if self._running and claim is not None and claim.state.living:
            self._broken_streams.add(name)
            for callback in self._callbacks:
                callback(name)
            self._soon(_AGAIN)

    def _close(self, name: str) -> None:
        connecting = self._connecting.pop(name, None)
        if connecting is not None:
            connecting.cancel()
        stream = self._open.pop(name, None)
        if stream is not None:
            stream.close()


class StreamPortCheck(Tripwires):
    """Opens a stream to each successor until the successor announces that its port accepts.

    For networks that close idle streams, instead of tripwires: a refusal proves that a process is
    gone only if its port is known to accept.
    """

    def _connect(self, claim: Claim) -> None:
        if not claim.streams:
            super()._connect(claim)

    def _opened(self, claim: Claim, stream: IStream) -> None:
        self._greet(claim, stream)
        stream.close()
        self._again(claim.name)  # skipped if the member has announced an open port by then
