"""The second stage of a round: who did not answer a PING is looked at more closely (SWIM §3.1).

A stream is opened, and k other members are asked to probe. What that shows is evidence: of what
kind of failure it looks like, to us and to those who were asked (Lifeguard §IV-A).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import fields
from swimtx.wire.messages import Message, MessageType

RELAY_SHARE = 0.8  # of what is left of a round, for the relay's answer to be back in time
_STREAM_MARGIN = 0.03  # of a period, before the end


class FirstStage(Protocol):
    """What a second stage knows of its round."""

    over: bool

    @property
    def target(self) -> Claim:
        """Whom it probes."""

    @property
    def body(self) -> bytes:
        """What every PING and PING_REQ of it says."""

    @property
    def left(self) -> float:
        """Seconds until it ends."""

    def ping(self, peer: Any) -> None:
        """Send one more PING."""

    def check(self) -> bool:
        """See whether what was seen is enough."""


class IndirectProbe:
    """One, of one round.

    @param length: seconds that the round takes as a whole.
    @ivar hinted: whether something hinted at a failure.
    @ivar relays: whom it has asked.
    @ivar own_observation: what we saw ourselves.
    """

    __slots__ = (
        "_connecting",
        "_glance",
        "_length",
        "_messenger",
        "_round",
        "_second_look",
        "_seen",
        "_stream",
        "hinted",
        "own_observation",
        "relays",
    )

    def __init__(self, probe: FirstStage, messenger: Messenger, length: float) -> None:
        self._round = probe
        self._messenger = messenger
        self._length = length
        self._seen: dict[str, Observation] = {}
        self._stream: Any = None
        self._connecting: Deferred[Any] | None = None
        self._second_look = False
        self._glance: IDelayedCall | None = None
        self.hinted = False
        self.own_observation = Observation.SILENT
        self.relays: Sequence[Claim] = ()

    @property
    def seen(self) -> Iterable[Evidence]:
        """What the relays saw that sent a NACK."""
        return [Evidence(name, kind) for name, kind in self._seen.items()]

    def ask(self, relays: Sequence[Claim], left: float) -> None:
        """Have these probe the target, too, and say within C{left} seconds what they saw."""
        budget = fields(budget=int(RELAY_SHARE * left * 1000))
        self.relays = relays
        for relay in relays:
            body = self._round.body
            self._messenger.protocol.spread(relay.address, MessageType.PING_REQ, body, budget)

    def heard(self, nack: Message) -> None:
        """A relay has had no answer either."""
        self._seen[nack.name] = nack.observed
        self._round.check()

    def check_in(self, glance: float) -> None:
        """See in that many seconds whether what was seen is enough."""
        self._glance = self._messenger.clock.callLater(glance, self._round.check)

    def end(self) -> None:
        """Look no closer; a stream that is open stays open."""
        if self._glance is not None and self._glance.active():
            self._glance.cancel()
        self._glance = None
        if self._connecting is not None:
            self._connecting.cancel()

    # The stream

    def open_stream(self, left: float) -> None:
        """Send a PING over a stream, too, if it opens before C{left} seconds are over."""
        if self._round.target.legacy:
            return
        timeout = left - _STREAM_MARGIN * self._length
        self._connecting = self._messenger.streams.connect(
            self._round.target.address, timeout, self._messenger.protocol.frame_received
        )
        self._connecting.addCallbacks(self._accepted, self._not_accepted)

    def take_stream(self) -> Any:
        """The stream that is open, C{None} if there is none: it stays open then."""
        stream, self._stream = self._stream, None
        return stream

    def close_stream(self) -> None:
        """Close it, if nobody took it."""
        stream = self.take_stream()
        if stream is not None:
            stream.close()

    def _accepted(self, stream: Any) -> None:
        self._connecting = None
        if self._round.over:
            stream.close()
            return
        self._stream = stream
        stream.closed = self._closed_by_target
        self.own_observation = Observation.ACCEPTED
        self._round.ping(stream)
        self._round.check()

    def _closed_by_target(self) -> None:
        """It was accepted and closed without an answer: once, look again. A dying process may close
        what it had accepted a moment before its port."""
        self._stream = None
        left = self._round.left
        if not self._round.over and not self._second_look and left > _STREAM_MARGIN * self._length:
            self._second_look = True
            self.open_stream(left)

    def _not_accepted(self, failure: Failure) -> None:
        self._connecting = None
        if failure.check(ConnectionRefusedError):
            self.own_observation = Observation.REFUSED
            self._round.check()
