"""One idle stream to each of our three successors in the ring of names.

The kernel closes it when the process at the other end dies: within a millisecond, and without
anybody asking. That proves nothing, middleboxes close idle streams too, but it is a hint to look at
once. Who leaves says goodbye first, so that its streams end unnoticed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.failure_detector.name_ring import NameRing
from swimtx.interfaces import IStreams
from swimtx.membership.claim import Claim
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.table import Membership
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire.codec import target_fields
from swimtx.wire.messages import MessageType

SUCCESSORS = 3
_SETTLE = 0.5  # seconds after a change of the ring, at least, before streams are moved
_AGAIN = 5.0  # seconds after a failed attempt, doubling
_LONGEST = 300.0


class Tripwires:
    """Holds the streams.

    @param broke: called as C{broke(name)} when the stream to a living member ended unasked.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        streams: IStreams,
        config: Config,
        broke: Callable[[str], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._protocol = protocol
        self._streams = streams
        self._timeout = config.period
        self._broke = broke
        self._ring = NameRing()
        self._open: dict[str, Any] = {}
        self._dialling: dict[str, Deferred[Any]] = {}
        self._pause: dict[str, float] = {}
        self._timer: IDelayedCall | None = None
        self._due = 0.0
        self._running = False
        membership.watch(self._changed, WatchOrder.TRIPWIRES)

    def start(self) -> None:
        """Hold streams from now on."""
        self._running = True
        self._soon()

    def stop(self) -> None:
        """Let go of all."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for name in [*self._open, *self._dialling]:
            self._let_go(name)
        self._ring = NameRing()

    @property
    def held(self) -> tuple[str, ...]:
        """To whom a stream is open."""
        return tuple(self._open)

    def watchers(self, name: str) -> list[str]:
        """Who holds a stream to that member, as far as our list tells: the nearest first."""
        return self._ring.before(name, SUCCESSORS)

    def _changed(self, change: Change) -> None:
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
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()  # what was to be tried again later need not wait so long
        self._due = due
        self._timer = self._clock.callLater(jittered, self._settle)

    def _settle(self) -> None:
        """Hold exactly the streams to our successors."""
        self._timer = None
        wanted = self._ring.after(self._membership.me.name, SUCCESSORS)
        for name in [*self._open, *self._dialling]:
            if name not in wanted:
                self._let_go(name)
        for name in wanted:
            if name not in self._open and name not in self._dialling:
                claim = self._membership.claim(name)
                if claim is not None:
                    self._dial(claim)

    def _dial(self, claim: Claim) -> None:
        name = claim.name
        dialling = self._streams.connect(
            claim.address, self._timeout, self._protocol.frame_received
        )

        def opened(stream: Any) -> None:
            self._dialling.pop(name, None)
            self._opened(claim, stream)

        def failed(failure: object) -> None:
            if self._dialling.pop(name, None) is not None:
                self._again(name)

        self._dialling[name] = dialling
        dialling.addCallbacks(opened, failed)

    def _opened(self, claim: Claim, stream: Any) -> None:
        name = claim.name
        self._pause.pop(name, None)
        self._open[name] = stream
        stream.closed = lambda: self._closed(name, stream)
        self._greet(claim, stream)

    def _greet(self, claim: Claim, stream: Any) -> None:
        """The first message tells the other end that this stream is meant."""
        self._protocol.send(stream, MessageType.PING, target_fields(claim), news=False)

    def _again(self, name: str) -> None:
        """Later, and later still if that is of no use either."""
        pause = self._pause[name] = min(2 * self._pause.get(name, _AGAIN / 2), _LONGEST)
        self._soon(pause)

    def _closed(self, name: str, stream: Any) -> None:
        if self._open.get(name) is not stream:
            return
        del self._open[name]
        claim = self._membership.claim(name)
        if self._running and claim is not None and claim.state.living:
            self._broke(name)
            self._soon(_AGAIN)

    def _let_go(self, name: str) -> None:
        dialling = self._dialling.pop(name, None)
        if dialling is not None:
            dialling.cancel()
        stream = self._open.pop(name, None)
        if stream is not None:
            stream.close()
