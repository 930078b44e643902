"""A PING over a stream, when datagrams were not answered (memberlist's TCP fallback ping).

The reaction of the target's host is evidence: it refuses the connection, or accepts it although the
process does not answer, or sends nothing at all.
"""

from __future__ import annotations

from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

from swimtx.interfaces import IStream
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation
from swimtx.transport.messenger import Messenger

_MARGIN = 0.03  # of the probe's length: connecting ends so long before the probe


class PingedByStream(Protocol):
    """The probe, as a stream ping uses it."""

    over: bool

    @property
    def target(self) -> Claim:
        """The member that is probed."""

    @property
    def left(self) -> float:
        """Seconds until the probe ends."""

    def ping(self, peer: IStream) -> None:
        """Send one more PING."""

    def check(self) -> bool:
        """End the probe if the evidence is enough."""


@attrs.define(eq=False, repr=False)
class StreamPing:
    """Opens a stream to the target of a probe, and sends the PING on it.

    @param length: seconds that the whole probe takes.
    @ivar observed: the observation of the target's host.
    """

    _probe: PingedByStream
    _messenger: Messenger
    _length: float
    _stream: IStream | None = attrs.field(init=False, default=None)
    _connecting: Deferred[IStream] | None = attrs.field(init=False, default=None)
    _retried: bool = attrs.field(init=False, default=False)
    observed: Observation = attrs.field(init=False, default=Observation.SILENT)

    @property
    def _margin(self) -> float:
        return _MARGIN * self._length

    def open(self, left: float) -> None:
        """Connect; give up a little before C{left} seconds have passed."""
        if self._probe.target.legacy:
            return  # it has no stream port
        connecting = self._messenger.connect(self._probe.target.address, left - self._margin)
        self._connecting = connecting
        connecting.addCallbacks(self._accepted, self._not_accepted)

    def stop(self) -> None:
        """Cancel the connecting; an open stream stays open."""
        if self._connecting is not None:
            self._connecting.cancel()

    def take(self) -> IStream | None:
        """Hand over the open stream, if there is one, so that it stays open."""
        stream, self._stream = self._stream, None
        return stream

    def close(self) -> None:
        """Close the stream, if it is open and was not handed over."""
        stream = self.take()
        if stream is not None:
            stream.close()

    def _accepted(self, stream: IStream) -> None:
        self._connecting = None
        if self._probe.over:
            stream.close()
            return
        self._stream = stream
        stream.on_close(self._closed_by_target)
        self.observed = Observation.ACCEPTED
        self._probe.ping(stream)
        self._probe.check()

    def _closed_by_target(self) -> None:
        """Connect once more after the host accepted and closed without an answer: a dying process
        may close its accepted streams a moment before its port."""
        self._stream = None
        left = self._probe.left
        if not self._probe.over and not self._retried and left > self._margin:
            self._retried = True
            self.open(left)

    def _not_accepted(self, failure: Failure) -> None:
        self._connecting = None
        if failure.check(ConnectionRefusedError):
            self.observed = Observation.REFUSED
            self._probe.check()
