"""Peers that know only the original seven fields (docs/wire.rst).

They make no claims: no epoch, no updates, no refutation. A member that receives a message from such
a peer makes the claims about it. The peer is listed, probed, found failed when it stops answering,
and told of departures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import attrs

from swimtx.addresses import Address
from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.transport.route import Peer
from swimtx.wire.messages import Message, MessageType


@attrs.define(eq=False, repr=False)
class LegacyPeers:
    """Turns the messages of such a peer into claims about it.

    @param now: returns the time in seconds: the epoch of a run is when a member first received
        a message of it.
    """

    _now: Callable[[], float]
    _membership: Membership

    def translate(self, message: Message, peer: Peer) -> Message | None:
        """Apply a claim about the sender of a message, or about the subject of a FAIL.

        @return: the message to be handled, with the sender's proven host in its address; C{None}:
            there is nothing more to do with it.
        """
        if type(peer) is not Address:
            return None  # such a peer opens no streams
        # The host is the source's: a claimed host would direct our PINGs at any victim.
        address = Address(peer.host, message.address.port or peer.port)
        if message.type is MessageType.FAIL:
            self._accuse(message, peer)
            return message
        if message.name == self._membership.name:
            return None
        message = Message(replace(message.header, address=address), details=message.details)
        self._alive(message)
        return message

    def _alive(self, message: Message) -> None:
        held = self._membership.claim(message.name)
        if held is not None and not held.legacy:
            return  # a member of the full schema makes its own claims
        if held is None or not held.state.living or held.address != message.address:
            epoch = max(int(self._now() * 1000), 0 if held is None else held.epoch + 1)
            claim = Claim(
                message.name,
                message.address,
                epoch,
                message.incarnation,
                by=message.name,
                legacy=True,
            )
            self._membership.apply(claim, "it was heard of, by the original's seven fields")
        elif held.state is State.SUSPECT:
            raised = min(max(held.incarnation, message.incarnation) + 1, MAX_INCARNATION)
            self._membership.apply(held.alive(raised), "it answered")

    def _accuse(self, message: Message, peer: Address) -> None:
        """Suspect the member that a FAIL names as departed: the FAIL may be wrong."""
        held = self._membership.claim(message.name)
        if held is None or not held.state.living or held.address.port != message.address.port:
            return
        witness = self._membership.index.at(peer)
        accuser = None if witness is None else self._membership.claim(witness)
        if accuser is None or not accuser.legacy or accuser.name == held.name:
            return
        seen = Evidence(accuser.name, Observation.SILENT)
        self._membership.apply(held.suspected(accuser.name, [seen]))
