"""The buddy system: a suspect is the first to learn that it is suspected (Lifeguard §IV-C).

Each PING to a suspect carries the SUSPECT before any other update, so that it refutes at once.
"""

from __future__ import annotations

from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed, target_fields
from swimtx.wire.messages import MessageType


class BuddySystem:
    """Says what a PING carries first."""

    __slots__ = ("_membership",)

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def accusation(self, name: str) -> Claim | None:
        """The record held of that name, if it is a suspect's."""
        membership = self._membership
        return membership.claim(name) if name in membership.index.suspects else None


def tell_suspect(messenger: Messenger, held: Claim) -> None:
    """PING a suspect out of turn, with its SUSPECT. Its ACK brings the refutation."""
    if messenger.accusation(held.name) is None:
        return
    body = target_fields(held) + framed(encode_update(held))
    messenger.protocol.send(held.address, MessageType.PING, body)
