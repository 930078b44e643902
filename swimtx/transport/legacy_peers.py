"""Peers that know only the original seven fields (docs/wire.rst).

They cannot speak for themselves: no epoch, no updates, no refutation. Whoever hears from such a
peer speaks for it. It is listed, probed, found failed when it stops answering, and told of
departures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from swimtx.addresses import Address
from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.transport.route import Peer
from swimtx.wire.messages import Message, MessageType


class LegacyPeers:
    """Turns what such a peer sends into claims.

    @param now: gives the time in seconds: the epoch of a run is when somebody first heard of it.
    """

    def __init__(self, now: Callable[[], float], membership: Membership) -> None:
        self._now = now
        self._membership = membership

    def translate(self, message: Message, peer: Peer) -> Message | None:
        """Take note of who speaks. C{None}: there is nothing more to do with the message."""
        if type(peer) is not Address:
            return None  # it has no streams
        # The host is where it was heard from: a claimed one would aim our PINGs at anybody.
        address = Address(peer.host, message.address.port or peer.port)
        if message.type is MessageType.FAIL:
            self._accuses(message, peer)
            return message
        if message.name == self._membership.name:
            return None
        message = Message(replace(message.header, address=address), details=message.details)
        self._alive(message)
        return message

    def _alive(self, message: Message) -> None:
        held = self._membership.claim(message.name)
        if held is not None and not held.legacy:
            return  # one of ours; it says so itself
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

    def _accuses(self, message: Message, peer: Address) -> None:
        """Its FAIL names who departed. It may be wrong, so its word is a suspicion."""
        held = self._membership.claim(message.name)
        if held is None or not held.state.living or held.address.port != message.address.port:
            return
        witness = self._membership.index.at(peer)
        accuser = None if witness is None else self._membership.claim(witness)
        if accuser is None or not accuser.legacy or accuser.name == held.name:
            return
        seen = Evidence(accuser.name, Observation.SILENT)
        self._membership.apply(held.suspected(accuser.name, [seen]))
