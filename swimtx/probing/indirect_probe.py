"""The second stage of a probe: PING_REQ through k relays, and a PING by stream (SWIM §3.1).

A relay that gets no ACK either answers with a NACK that says what it saw (Lifeguard §IV-A). What
we and the relays saw is the evidence of the probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.stream_ping import PingedByStream, StreamPing
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import fields
from swimtx.wire.messages import Message, MessageType

RELAY_SHARE = 0.8  # of what is left of a probe, for the relay's answer to be back in time


class FirstStage(PingedByStream, Protocol):
    """What the second stage knows of its probe."""

    @property
    def body(self) -> bytes:
        """The fields of every PING and PING_REQ of this probe."""


class IndirectProbe:
    """The second stage of one probe.

    @param length: seconds that the whole probe takes.
    @ivar hinted: whether something hinted at a failure.
    @ivar relays: the members that were asked.
    @ivar stream: the PING by stream.
    """

    __slots__ = ("_messenger", "_probe", "_seen", "_timer", "hinted", "relays", "stream")

    def __init__(
        self, probe: FirstStage, messenger: Messenger, length: float, hinted: bool
    ) -> None:
        self._probe = probe
        self._messenger = messenger
        self._seen: dict[str, Observation] = {}
        self._timer: Timer | None = None
        self.hinted = hinted
        self.relays: Sequence[Claim] = ()
        self.stream = StreamPing(probe, messenger, length)

    @property
    def seen(self) -> Iterable[Evidence]:
        """What the relays saw that sent a NACK."""
        return [Evidence(name, kind) for name, kind in self._seen.items()]

    def ask(self, relays: Sequence[Claim], left: float) -> None:
        """Have the relays probe the target, and say within C{left} seconds what they saw."""
        budget = fields(budget=int(RELAY_SHARE * left * 1000))
        self.relays = relays
        for relay in relays:
            body = self._probe.body
            self._messenger.send(relay.address, MessageType.PING_REQ, body, budget)

    def nack_received(self, nack: Message) -> None:
        """A relay has had no answer either."""
        self._seen[nack.name] = nack.observed
        self._probe.check()

    def hint(self, seconds: float | None) -> None:
        """Something hints at a failure.

        @param seconds: after which to check whether what was seen is enough; C{None}: not before
            the probe ends.
        """
        self.hinted = True
        if seconds is not None:
            self._timer = Timer(self._messenger.clock)
            self._timer.set(seconds, self._probe.check)

    def stop(self) -> None:
        """Look no closer; a stream that is open stays open."""
        if self._timer is not None:
            self._timer.cancel()
        self.stream.stop()
