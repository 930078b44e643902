"""Sends messages, and bundles for that: clock, protocol, pending requests, streams and routes."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address
from swimtx.interfaces import IStream, IStreams
from swimtx.membership.claim import Claim
from swimtx.transport.pending_requests import PendingRequests
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Routes
from swimtx.wire.messages import MessageType


@attrs.frozen(eq=False, repr=False)
class Messenger:
    """Sends to members by the route that reaches them.

    @ivar me: returns the local member's record.
    @ivar accusation: C{accusation(name)} returns the SUSPECT that a PING to that member carries
        first (Lifeguard §IV-C), or C{None}.
    """

    clock: IReactorTime
    protocol: SwimProtocol
    requests: PendingRequests
    streams: IStreams
    routes: Routes
    me: Callable[[], Claim]
    accusation: Callable[[str], Claim | None]

    def send(
        self,
        address: Address,
        kind: MessageType,
        *parts: bytes,
        piggyback: bool = True,
        sender: Claim | None = None,
    ) -> None:
        """Send a message by datagram, or by stream where datagrams do not arrive.

        @param parts, piggyback, sender: as for C{SwimProtocol.send}.
        """
        peer = self.routes.peer(address)
        self.protocol.send(peer, kind, *parts, piggyback=piggyback, sender=sender)

    def connect(self, address: Address, timeout: float) -> Deferred[IStream]:
        """Open a stream; messages that arrive on it are handled as any others.

        @param timeout: seconds.
        @return: a Deferred of the stream; fails with C{ConnectError} or one of its subclasses when
            the connection fails, and with C{ConnectingCancelledError} when it is cancelled.
        """
        return self.streams.connect(address, timeout, self.protocol.frame_received)
