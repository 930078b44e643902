"""A PING over a stream, when datagrams were not answered (memberlist's TCP fallback ping).

What the target's host does with the connection is evidence: it refuses it, or accepts it for a
process that does not answer, or nothing comes back at all.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

from swimtx.interfaces import IStream
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation
from swimtx.transport.messenger import Messenger

_MARGIN = 0.03  # of a period, before the probe ends


class PingedByStream(Protocol):
    """What a stream ping knows of its probe."""

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
        """End the probe if what was seen is enough."""


class StreamPing:
    """Opens a stream to the target of a probe, and sends the PING on it.

    @param length: seconds that the whole probe takes.
    @ivar observed: what we saw of the target's host.
    """

    __slots__ = (
        "_connecting",
        "_margin",
        "_messenger",
        "_probe",
        "_retried",
        "_stream",
        "observed",
    )

    def __init__(self, probe: PingedByStream, messenger: Messenger, length: float) -> None:
        self._probe = probe
        self._messenger = messenger
        self._margin = _MARGIN * length
        self._stream: IStream | None = None
        self._connecting: Deferred[IStream] | None = None
        self._retried = False
        self.observed = Observation.SILENT

    def open(self, left: float) -> None:
        """Connect, if that takes less than C{left} seconds."""
        if self._probe.target.legacy:
            return  # it has no stream port
        connecting = self._messenger.connect(self._probe.target.address, left - self._margin)
        self._connecting = connecting
        connecting.addCallbacks(self._accepted, self._not_accepted)

    def stop(self) -> None:
        """Give up connecting; an open stream stays open."""
        if self._connecting is not None:
            self._connecting.cancel()

    def take(self) -> IStream | None:
        """Hand over the open stream, if there is one: it stays open then."""
        stream, self._stream = self._stream, None
        return stream

    def close(self) -> None:
        """Close the stream, if it is open and nobody took it."""
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
        """The host accepted and closed without an answer: connect once more. A dying process may
        close what it had accepted a moment before its port."""
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
