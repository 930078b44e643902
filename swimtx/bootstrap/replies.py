"""The bytes that the well-known node answers with, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from swimtx.membership.claim import Claim
from swimtx.wire.codec import fields, header, listed_entry, sequence_field
from swimtx.wire.messages import VERSION, Contact, Message, MessageType

CAPACITY = 1400  # bytes of the largest answer
SEVEN_FIELDS_CAPACITY = 128  # bytes that a peer of the original schema may get for fewer of its own


class Reply(NamedTuple):
    """What to send.

    @ivar data: the message, not yet sealed.
    @ivar limit: bytes that it may have once it is sealed; one that has more must not be sent.
    """

    data: bytes
    limit: int


class Replies:
    """Writes answers that are never larger than the question.

    @param us: how the well-known node calls itself, and where it listens.
    @param cluster: the group's name.
    @param overhead: bytes that the envelope adds at the most.
    """

    def __init__(self, us: Claim, cluster: str, overhead: int) -> None:
        self._us = us
        self._cluster = cluster
        self._overhead = overhead

    def ack(self, message: Message, came_in: int) -> Reply:
        """An ACK of the same sequence.

        @param came_in: bytes of the datagram that is answered.
        """
        return Reply(self._head(message, MessageType.ACK), came_in)

    def join_res(
        self, message: Message, asker: Claim, candidates: Iterable[Claim], came_in: int
    ) -> Reply:
        """A JOIN_RES with as many of the candidates as fit, the first ones first.

        @param asker: a peer of the original schema reads its address in destAddr and destPort.
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
            if claim.legacy:  # who joins must know that it reads nothing else
                named = named._replace(epoch=0)
            entry = fields(listed=[listed_entry(named)])
            if len(entry) <= room:
                parts.append(entry)
                room -= len(entry)
        return Reply(b"".join(parts), limit)

    def _head(self, message: Message, kind: MessageType) -> bytes:
        """What every answer to that message begins with."""
        if not message.version:
            return header(self._us, kind, "", 0)
        head = header(self._us, kind, self._cluster, VERSION)
        return head + sequence_field(message.sequence) if message.sequence else head


def listed(claim: Claim) -> Contact:
    """The entry of the join list that tells of this member."""
    return Contact(claim.name, claim.address, claim.incarnation, claim.epoch)
