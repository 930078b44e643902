"""What a member does when it is asked: an ACK to each PING (SWIM §3.1)."""

from __future__ import annotations

from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, framed, sequence_field
from swimtx.wire.messages import Message, MessageType

# Every datagram comes by here: names of this module are found quicker than members of an enum.
_ALIVE = State.ALIVE
_ACK = MessageType.ACK
_HEADER = 300  # bytes that the header of an ACK may take


class PingResponder:
    """Answers PINGs.

    The ACK carries our own record if the asker knows an older one, and the asker's record if we
    know it as failed or left, or know more of it than it says itself, so that it can refute.

    @param unknown: told C{unknown(message, peer)} of each PING by a sender that our list does not
        have in that run.
    """

    __slots__ = ("__weakref__", "_counters", "_membership", "_protocol", "_unknown")

    def __init__(
        self,
        membership: Membership,
        protocol: SwimProtocol,
        counters: Counters,
        unknown: Callable[[Message, Peer], object],
    ) -> None:
        self._membership = membership
        self._protocol = protocol
        self._counters = counters
        self._unknown = unknown
        protocol.handle(MessageType.PING, self._ping)

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
                    body += accused  # else the next ACK has room, as it will not need our own
        # Where nobody is known to be may be forged: nothing goes there that was not asked for.
        proven = asker is not None and (peer == asker.address or type(peer) is not Address)
        self._protocol.send(peer, _ACK, body, piggyback=proven)
        if asker is None or asker.epoch < asking.epoch:
            self._unknown(message, peer)

    def _answer_seven_fields(self, message: Message, peer: Peer) -> None:
        """The original's ACK names whom it answers."""
        self._counters.pings_answered += 1
        self._protocol.send_legacy(peer, MessageType.ACK, message.address)


def _says_more(held: Claim, message: Message) -> bool:
    """Whether we hold something of the sender that it has not said, and may want to refute."""
    if held.epoch != message.epoch:
        return held.epoch > message.epoch
    return not held.state.living or held.incarnation > message.incarnation
