"""Departures told straight to those concerned, as well as gossiped.

In a group of up to C{direct_notice_limit} a FAIL goes to every member, as SWIM's multicast does
(§3.2). The one it is about is always told, so that it can refute. Peers of the original seven
fields and the bootstrap nodes read no gossip: they hear of every departure by a FAIL.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import MessageType

_TELLERS = 3  # members that, on average, pass a departure on to those who read no gossip


class FailureBroadcast:
    """Sends FAILs.

    @param outsiders: gives addresses, not of members, that are told of departures too.
    """

    def __init__(
        self,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        config: Config,
        outsiders: Callable[[], Iterable[Address]],
    ) -> None:
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._limit = config.direct_notice_limit
        self._outsiders = outsiders
        membership.watch(self._changed, WatchOrder.FAILURE_BROADCAST)

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        if claim.state.living or change.event not in (Event.FAILED, Event.LEFT):
            return
        index = self._membership.index
        verdict = claim.state is State.FAILED and claim.by == self._membership.name
        notice = framed(encode_update(claim))
        if verdict:
            self._tell(claim, claim.address, notice)
            if self._membership.living <= self._limit:
                for name in list(index.living):
                    member = self._membership.claim(name)
                    if member is not None and name != self._membership.name:
                        if not member.legacy:
                            self._tell(claim, member.address, notice)
        chance = _TELLERS / max(1, self._membership.living)
        if verdict or claim.name == self._membership.name or self._chance.random() < chance:
            self._tell_those_without_gossip(claim, notice)

    def _tell_those_without_gossip(self, claim: Claim, notice: bytes) -> None:
        for name in list(self._membership.index.legacy):
            member = self._membership.claim(name)
            if member is not None and name != claim.name:
                self._tell(claim, member.address, b"")
        for address in self._outsiders():
            self._tell(claim, address, notice)

    def _tell(self, claim: Claim, address: Address, notice: bytes) -> None:
        self._messenger.send(address, MessageType.FAIL, notice, sender=claim, piggyback=False)
