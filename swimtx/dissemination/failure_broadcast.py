"""Sends FAILs about departed members directly, besides the gossip about them (SWIM §3.2).

In a group of up to C{direct_notice_limit} members a FAIL goes to every member, as SWIM's multicast
does. The accused member always gets it, so that it can refute. Peers of the original seven fields
and bootstrap nodes read no gossip: they get a FAIL about every departure.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import attrs

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import MessageType

_SENDERS = 3  # members that, on average, send a FAIL to peers that read no gossip


@attrs.define(eq=False, repr=False)
class FailureBroadcast:
    """Sends a FAIL when a member has failed or left.

    @param outsiders: gives the addresses of bootstrap nodes, which get FAILs too.
    """

    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _outsiders: Callable[[], Iterable[Address]]

    def __attrs_post_init__(self) -> None:
        self._membership.watch(self._changed, WatchOrder.FAILURE_BROADCAST)

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        if claim.state.living or change.event not in (Event.FAILED, Event.LEFT):
            return
        me, living = self._membership.name, self._membership.living
        verdict = claim.state is State.FAILED and claim.by == me
        update = framed(encode_update(claim))
        if verdict:
            self._send(claim, claim.address, update)
            if living <= self._config.direct_notice_limit:
                self._send_to_members(claim, update)
        if verdict or claim.name == me or self._chance.random() < _SENDERS / max(1, living):
            self._send_to_peers_without_gossip(claim, update)

    def _send_to_members(self, claim: Claim, update: bytes) -> None:
        index = self._membership.index
        for name in list(index.living):
            member = self._membership.claim(name)
            if member is not None and name != self._membership.name and name not in index.legacy:
                self._send(claim, member.address, update)

    def _send_to_peers_without_gossip(self, claim: Claim, update: bytes) -> None:
        for name in list(self._membership.index.legacy):
            member = self._membership.claim(name)
            if member is not None and name != claim.name:
                self._send(claim, member.address, b"")
        for address in self._outsiders():
            self._send(claim, address, update)

    def _send(self, claim: Claim, address: Address, update: bytes) -> None:
        self._messenger.send(address, MessageType.FAIL, update, sender=claim, piggyback=False)
