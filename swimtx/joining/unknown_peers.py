"""Answers PINGs of peers that are not in the member list by an announcement to them.

Gossip misses a member now and then, and a member that has just restarted holds no others. In both
cases members that hold it go on to PING it: such a PING is the cheapest hint.
"""

from __future__ import annotations

import attrs

from swimtx.addresses import Address
from swimtx.joining.announce import Announcer
from swimtx.joining.seed_query import ExchangeTables
from swimtx.membership.table import Membership
from swimtx.transport.route import Peer
from swimtx.wire.messages import Contact, Message


@attrs.define(eq=False, repr=False)
class UnknownPeers:
    """Announces us to unknown peers; exchanges tables with one that held an earlier run of us."""

    _membership: Membership
    _announcer: Announcer
    _exchange: ExchangeTables
    _exchanged_in: int = attrs.field(init=False, default=0)  # our epoch then

    def pinged(self, message: Message, peer: Peer) -> None:
        """Announce us to the sender of a PING, if we do not hold it, or only an earlier run."""
        # A datagram's source can be answered; a stream comes from an ephemeral port.
        address = peer if type(peer) is Address else message.address
        if self._announcer.under_way(address):
            return
        stranger = Contact(message.name, address, message.incarnation, message.epoch)
        if not self._announcer.is_unknown(stranger):
            return
        self._announcer.announce(stranger, strange=True)
        epoch = self._membership.local.epoch
        if message.target_epoch not in (0, epoch) and self._exchanged_in != epoch:
            self._exchanged_in = epoch
            self._exchange(address)
