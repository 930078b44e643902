"""Answers each PING with an ACK (SWIM §3.1)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, framed, sequence_field
from swimtx.wire.messages import Message, MessageType

# Looked up for every PING: names of this module are found quicker than members of an enum.
_ALIVE = State.ALIVE
_ACK = MessageType.ACK
_HEADER = 300  # bytes that the header of an ACK may take


@attrs.define(eq=False, repr=False)
class PingResponder:
    """Answers PINGs.

    The ACK carries the local member's record if the prober knows an older one, and the prober's
    record if the local list has it as failed or left, or has a later epoch or incarnation of it
    than its PING says, so that the prober can refute.

    @param unknown: called as C{unknown(message, peer)} for each PING of a sender that the local
        list does not have in that run.
    """

    _membership: Membership
    _protocol: SwimProtocol
    _counters: Counters
    _unknown: Callable[[Message, Peer], object]

    def __attrs_post_init__(self) -> None:
        self._protocol.handle(MessageType.PING, self._ping)

    def _ping(self, message: Message, peer: Peer) -> None:
        asking, aim = message.header, message.aim
        if not asking.version:
            self._answer_seven_fields(message, peer)
            return
        membership = self._membership
        me = membership.local
        if aim.name != me.name:
            self._counters.wrong_target += 1
            return
        self._counters.pings_answered += 1
        body = sequence_field(message.sequence)
        if aim.epoch != me.epoch or aim.incarnation != me.incarnation:
            body += framed(encode_update(me))
        asker = membership.claim(asking.name)
        if asker is not None and (
            asker.state is not _ALIVE
            or asker.epoch > asking.epoch
            or asker.incarnation > asking.incarnation
        ):
            if _says_more(asker, message):
                accused = framed(encode_update(asker, membership.age(asker.name)))
                if len(body) + len(accused) <= self._protocol.room - _HEADER:
                    body += accused  # else the next ACK has room: our own record is known by then
        # Any other source address may be forged: no unrequested updates go there (amplification).
        proven = asker is not None and (peer == asker.address or type(peer) is not Address)
        self._protocol.send(peer, _ACK, body, piggyback=proven)
        if asker is None or asker.epoch < asking.epoch:
            self._unknown(message, peer)

    def _answer_seven_fields(self, message: Message, peer: Peer) -> None:
        """Send the ACK of the original schema; its destination is the prober."""
        self._counters.pings_answered += 1
        self._protocol.send_legacy(peer, MessageType.ACK, message.address)


def _says_more(held: Claim, message: Message) -> bool:
    """Whether the sender may have to refute the record: it is newer, or failed or left."""
    if held.epoch != message.epoch:
        return held.epoch > message.epoch
    return not held.state.living or held.incarnation > message.incarnation
