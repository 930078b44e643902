"""The second stage of a probe: PING_REQ through k relays, and a PING by stream (SWIM §3.1).

A relay that gets no ACK sends a NACK with its own observation (Lifeguard §IV-A). The observations
of the local member and of the relays are the evidence of the probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import attrs

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.stream_ping import PingedByStream, StreamPing
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import fields
from swimtx.wire.messages import Message, MessageType

RELAY_SHARE = 0.8  # of the time left to the probe: the relay's answer has to be back in time


class FirstStage(PingedByStream, Protocol):
    """The probe, as its second stage uses it."""

    @property
    def body(self) -> bytes:
        """The fields of every PING and PING_REQ of this probe."""


@attrs.define(eq=False, repr=False)
class IndirectProbe:
    """The second stage of one probe.

    @param length: seconds that the whole probe takes.
    @ivar hinted: whether something hinted at a failure.
    @ivar relays: the members to which a PING_REQ was sent.
    @ivar stream: the PING by stream.
    """

    _probe: FirstStage
    _messenger: Messenger
    _length: float
    hinted: bool
    relays: Sequence[Claim] = attrs.field(init=False, default=())
    stream: StreamPing = attrs.field(init=False)
    _seen: dict[str, Observation] = attrs.field(init=False, factory=dict)
    _timer: Timer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stream = StreamPing(self._probe, self._messenger, self._length)
        self._timer = Timer(self._messenger.clock)

    @property
    def seen(self) -> Iterable[Evidence]:
        """The observations of the relays that sent a NACK."""
        return [Evidence(name, kind) for name, kind in self._seen.items()]

    def ask(self, relays: Sequence[Claim], left: float) -> None:
        """Send a PING_REQ to the relays, with a budget within C{left} seconds."""
        budget = fields(budget=int(RELAY_SHARE * left * 1000))
        self.relays = relays
        for relay in relays:
            body = self._probe.body
            self._messenger.send(relay.address, MessageType.PING_REQ, body, budget)

    def nack_received(self, nack: Message) -> None:
        """Note the observation in a relay's NACK."""
        self._seen[nack.name] = nack.observed
        self._probe.check()

    def hint(self, seconds: float | None) -> None:
        """Note that something hints at a failure.

        @param seconds: after which to check whether the evidence is enough; C{None}: not before
            the probe ends.
        """
        self.hinted = True
        if seconds is not None:
            self._timer.set(seconds, self._probe.check)

    def stop(self) -> None:
        """Cancel the check and the connecting; an open stream stays open."""
        self._timer.cancel()
        self.stream.stop()
