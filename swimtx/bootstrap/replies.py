"""Encode the answers of the bootstrap node, and limit their size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from swimtx.membership.claim import Claim
from swimtx.wire.codec import fields, header, listed_entry, sequence_field
from swimtx.wire.messages import VERSION, Contact, Message, MessageType

CAPACITY = 1400  # bytes: the largest answer
SEVEN_FIELDS_CAPACITY = 128  # bytes: a peer of the original schema may get so many for fewer


class Reply(NamedTuple):
    """An answer to send.

    @ivar data: the encoded message, not yet sealed.
    @ivar limit: the most bytes of the sealed message; a larger one must not be sent.
    """

    data: bytes
    limit: int


class Replies:
    """Encodes answers that are never larger than the datagrams that they answer.

    @param us: the name and the address of the bootstrap node.
    @param cluster: the name of the group.
    @param overhead: the most bytes that the envelope adds.
    """

    def __init__(self, us: Claim, cluster: str, overhead: int) -> None:
        self._us = us
        self._cluster = cluster
        self._overhead = overhead

    def ack(self, message: Message, came_in: int) -> Reply:
        """An ACK with the sequence number of the message.

        @param came_in: bytes of the datagram that is answered.
        """
        return Reply(self._head(message, MessageType.ACK), came_in)

    def join_res(
        self, message: Message, asker: Claim, candidates: Iterable[Claim], came_in: int
    ) -> Reply:
        """A JOIN_RES with as many of the candidates as fit, in their order.

        @param asker: the newcomer; if it knows only the original schema, it finds its own address
            in destAddr and destPort.
        @param came_in: bytes of the datagram that is answered.
        """
        limit = min(came_in, CAPACITY)
        destination: dict[str, Any] = {}
        if not message.version:
            limit = max(limit, SEVEN_FIELDS_CAPACITY)
            destination = {"dest_addr": asker.address.host, "dest_port": asker.address.port}
        parts = [self._head(message, MessageType.JOIN_RES), fields(bootstrap=True, **destination)]
        room = limit - self._overhead - len(parts[0]) - len(parts[1])
        for claim in candidates:
            named = listed(claim)
            if claim.legacy:  # tells the newcomer that this peer reads seven fields only
                named = named._replace(epoch=0)
            entry = fields(listed=[listed_entry(named)])
            if len(entry) <= room:
                parts.append(entry)
                room -= len(entry)
        return Reply(b"".join(parts), limit)

    def _head(self, message: Message, kind: MessageType) -> bytes:
        """The header of each answer to a message."""
        if not message.version:
            return header(self._us, kind, "", 0)
        head = header(self._us, kind, self._cluster, VERSION)
        return head + sequence_field(message.sequence) if message.sequence else head


def listed(claim: Claim) -> Contact:
    """The entry for a member in the list of a JOIN_RES."""
    return Contact(claim.name, claim.address, claim.incarnation, claim.epoch)
