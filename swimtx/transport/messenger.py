"""What those who ask are made with, and the plainest thing to say: you are suspected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from swimtx.interfaces import IStreams
from swimtx.membership.claim import Claim
from swimtx.transport.pending_requests import PendingRequests
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire.codec import encode_update, framed, target_fields
from swimtx.wire.messages import MessageType


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Messenger:
    """What rounds are made with.

    @ivar accusation: gives what to tell a member of that name first, if it is suspected.
    """

    clock: IReactorTime
    protocol: SwimProtocol
    requests: PendingRequests
    streams: IStreams
    me: Callable[[], Claim]
    accusation: Callable[[str], Claim | None]


def tell_suspect(messenger: Messenger, held: Claim) -> None:
    """Tell a suspect at once that it is suspected. Its ACK brings the refutation."""
    if messenger.accusation(held.name) is None:
        return
    body = target_fields(held) + framed(encode_update(held))
    messenger.protocol.send(held.address, MessageType.PING, body)
