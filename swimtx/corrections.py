"""Answering straight back to who is behind the times.

Gossip may have missed somebody. A PING_REQ or a SUSPECT about one whose FAIL is older than a second
gives that away, and is answered with the FAIL; so is news sent by that one itself. Whoever is
spoken of and lives refutes it. And who passes on that we ourselves are gone hears of our refutation
at once, wherever gossip takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from swimtx.member import Claim, State
from swimtx.membership import Membership
from swimtx.messages import Message, MessageType
from swimtx.protocol import SwimProtocol
from swimtx.wire.codec import encode_update, framed

_SETTLED = 1.0  # seconds after which the FAIL should have reached everybody
_AGAIN = 1.0  # seconds before the same is told to the same peer again
_REMEMBERED = 1024


class Corrections:
    """Answers with FAILs.

    @param now: gives the time in seconds.
    """

    def __init__(
        self, now: Callable[[], float], membership: Membership, protocol: SwimProtocol
    ) -> None:
        self._now = now
        self._membership = membership
        self._protocol = protocol
        self._told: dict[tuple[Any, str], float] = {}
        protocol.on_message(MessageType.PING_REQ, self._asked)
        protocol.on_message(MessageType.GOSSIP, self._heard)
        protocol.on_message(MessageType.FAIL, self._heard_of_ourselves)

    def _asked(self, message: Message, address: Any) -> None:
        """Somebody wants a member probed."""
        self._correct([(message.target, message.target_epoch, message.target_incarnation)], address)

    def _heard(self, message: Message, address: Any) -> None:
        """Somebody spreads news."""
        self._correct([(message.name, message.epoch, message.incarnation)], address, settled=0.0)
        suspects = [c for c in message.updates if c.state is State.SUSPECT]
        self._correct([(c.name, c.epoch, c.incarnation) for c in suspects], address)
        self._heard_of_ourselves(message, address)

    def _heard_of_ourselves(self, message: Message, address: Any) -> None:
        """Perhaps that we are gone. An address of nobody we know may be forged."""
        me = self._membership.me
        for said in message.updates:
            if said.name == me.name and not said.state.living and me.state.living:
                if said.key < me.key and self._membership.roster.at(address) is not None:
                    self._tell(me, address)

    def _correct(
        self, spoken_of: Iterable[tuple[str, int, int]], address: Any, settled: float = _SETTLED
    ) -> None:
        for name, epoch, incarnation in spoken_of:
            held = self._membership.claim(name)
            if held is None or held.state is not State.FAILED:
                continue
            outdated = (epoch, incarnation) <= (held.epoch, held.incarnation)
            if outdated and self._membership.age(name) >= settled:
                self._tell(held, address)

    def _tell(self, held: Claim, address: Any) -> None:
        now = self._now()
        if now < self._told.get((address, held.name), 0.0) + _AGAIN:
            return
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told[address, held.name] = now
        notice = framed(encode_update(held, self._membership.age(held.name)))
        self._protocol.spread(address, MessageType.GOSSIP, notice, news=False)
