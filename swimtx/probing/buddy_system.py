"""The buddy system: a suspect is the first to learn that it is suspected (Lifeguard §IV-C).

Each PING to a suspect carries the SUSPECT before any other update, so that it refutes at once.
"""

from __future__ import annotations

import attrs

from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed, target_fields
from swimtx.wire.messages import MessageType


@attrs.define(eq=False, repr=False)
class BuddySystem:
    """Finds the SUSPECT that a PING carries first."""

    _membership: Membership

    def accusation(self, name: str) -> Claim | None:
        """The record of that name if it is a suspect's, else C{None}."""
        membership = self._membership
        return membership.claim(name) if name in membership.index.suspects else None


def tell_suspect(messenger: Messenger, held: Claim) -> None:
    """Send a suspect a PING out of turn, with its SUSPECT; the ACK brings the refutation."""
    if messenger.accusation(held.name) is None:
        return
    body = target_fields(held) + framed(encode_update(held))
    messenger.protocol.send(held.address, MessageType.PING, body)
