"""Whoever pings us without being in our list is asked who it is.

Gossip misses somebody now and then, and a member that has just been restarted knows nobody. Both
are pinged all the same by those who know them: that PING is the cheapest hint there is.
"""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.joining.announce import Announcer
from swimtx.joining.seed_query import ExchangeTables
from swimtx.membership.table import Membership
from swimtx.transport.route import Peer
from swimtx.wire.messages import Contact, Message


class UnknownPeers:
    """Greets strangers. With one that knew an earlier run of us it compares lists."""

    def __init__(
        self, membership: Membership, announcer: Announcer, exchange: ExchangeTables
    ) -> None:
        self._membership = membership
        self._announcer = announcer
        self._exchange_tables = exchange
        self._compared_with = 0

    def pinged(self, message: Message, peer: Peer) -> None:
        """Somebody whom our list does not have, or only an earlier run of it, sent a PING."""
        # What a datagram came from can be answered; a stream comes from a port of the moment.
        address = peer if type(peer) is Address else message.address
        if self._announcer.under_way(address):
            return
        stranger = Contact(message.name, address, message.incarnation, message.epoch)
        if not self._announcer.is_unknown(stranger):
            return
        self._announcer.announce(stranger, strange=True)
        epoch = self._membership.local.epoch
        if message.target_epoch not in (0, epoch) and self._compared_with != epoch:
            self._compared_with = epoch
            self._exchange_tables(address)
