"""Tripwires: one idle stream to each of our three successors in the ring of names.

The kernel closes it when the process at the other end dies: within a millisecond, and without any
probe. That proves nothing, middleboxes close idle streams too, but it is a hint to look at once. A
member that leaves says so first, so that the end of its streams goes unnoticed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

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
_SETTLE = 0.5  # seconds after a change of the ring, at least, before streams are moved
_AGAIN = 5.0  # seconds after a failed attempt, doubling
_LONGEST = 300.0


class Hints(Protocol):
    """A source of hints that a member has failed."""

    def on_break(self, callback: Callable[[str], object]) -> None:
        """Call C{callback(name)} with each hint."""


class Tripwires:
    """Holds the streams."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        broken_streams: BrokenStreams,
        config: Config,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._broken_streams = broken_streams
        self._timeout = config.protocol_period
        self._callbacks: list[Callable[[str], object]] = []
        self._ring = NameRing()
        self._open: dict[str, IStream] = {}
        self._connecting: dict[str, Deferred[IStream]] = {}
        self._pause: dict[str, float] = {}
        self._timer = Timer(clock)
        self._due = 0.0
        self._running = False
        membership.watch(self._changed, WatchOrder.TRIPWIRES)

    def on_break(self, callback: Callable[[str], object]) -> None:
        """Call C{callback(name)} when the stream to a living member ended without a goodbye."""
        self._callbacks.append(callback)

    def start(self) -> None:
        """Hold streams from now on."""
        self._running = True
        self._soon()

    def stop(self) -> None:
        """Let go of all."""
        self._running = False
        self._timer.cancel()
        for name in [*self._open, *self._connecting]:
            self._let_go(name)
        self._ring = NameRing()

    @property
    def held(self) -> tuple[str, ...]:
        """The names of the members that a stream is open to."""
        return tuple(self._open)

    def watchers(self, name: str) -> Sequence[str]:
        """The members that hold a stream to that one, as far as our list tells: nearest first."""
        return self._ring.before(name, SUCCESSORS)

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        if claim.state.living and not claim.legacy:
            if self._ring.add(claim.name):
                self._pause.pop(claim.name, None)
                self._soon()
            if change.held is not None and change.held.epoch < claim.epoch:
                self._let_go(claim.name)
                self._soon()
        elif self._ring.remove(claim.name):
            self._let_go(claim.name)
            self._soon()

    def _soon(self, delay: float = _SETTLE) -> None:
        if not self._running:
            return
        jittered = delay * (1.0 + self._chance.random())
        due = self._clock.seconds() + jittered
        if self._timer.pending and self._due <= due:
            return  # what was to be tried again later need not wait so long
        self._due = due
        self._timer.set(jittered, self._settle)

    def _settle(self) -> None:
        """Hold exactly the streams to our successors."""
        wanted = self._ring.after(self._membership.local.name, SUCCESSORS)
        for name in [*self._open, *self._connecting]:
            if name not in wanted:
                self._let_go(name)
        for name in wanted:
            if name not in self._open and name not in self._connecting:
                claim = self._membership.claim(name)
                if claim is not None:
                    self._connect(claim)

    def _connect(self, claim: Claim) -> None:
        name = claim.name
        connecting = self._messenger.connect(claim.address, self._timeout)

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
        """The first message tells the other end that this stream is meant."""
        target = target_fields(claim)
        self._messenger.protocol.send(stream, MessageType.PING, target, piggyback=False)

    def _again(self, name: str) -> None:
        """Try later, and later still if that fails too."""
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

    def _let_go(self, name: str) -> None:
        connecting = self._connecting.pop(name, None)
        if connecting is not None:
            connecting.cancel()
        stream = self._open.pop(name, None)
        if stream is not None:
            stream.close()


class StreamPortCheck(Tripwires):
    """Opens one stream to each successor until it has told that its stream port accepts.

    For networks that close idle streams: a refusal proves that a process is gone only if its port
    is known to accept, which else the tripwires find out.
    """

    def _connect(self, claim: Claim) -> None:
        if not claim.streams:
            super()._connect(claim)

    def _opened(self, claim: Claim, stream: IStream) -> None:
        self._greet(claim, stream)
        stream.close()
        self._again(claim.name)  # unless it says by then that it has accepted
