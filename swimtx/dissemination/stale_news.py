"""Answering straight back to who is behind the times.

Gossip may have missed somebody. A PING_REQ or a SUSPECT about one whose FAIL is older than a second
gives that away, and is answered with the FAIL; so is news sent by that one itself. Whoever is
spoken of and lives refutes it. And who passes on that we ourselves are gone hears of our refutation
at once, wherever gossip takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import Message, MessageType

_SETTLED = 1.0  # seconds after which the FAIL should have reached everybody
_AGAIN = 1.0  # seconds before the same is told to the same peer again
_REMEMBERED = 1024


class StaleNewsReplies:
    """Answers with FAILs, and with what refutes those of ourselves.

    @param now: gives the time in seconds.
    """

    def __init__(
        self, now: Callable[[], float], membership: Membership, messenger: Messenger
    ) -> None:
        self._now = now
        self._membership = membership
        self._messenger = messenger
        self._told: dict[tuple[Address, str], float] = {}
        messenger.protocol.on_message(MessageType.PING_REQ, self._asked)
        messenger.protocol.on_message(MessageType.GOSSIP, self._heard)
        messenger.protocol.on_message(MessageType.FAIL, self._declared)

    def _asked(self, message: Message, address: Address) -> None:
        """Somebody wants a member probed."""
        to = self._address_of(message)
        self._correct([(message.target, message.target_epoch, message.target_incarnation)], to)

    def _heard(self, message: Message, address: Address) -> None:
        """Somebody spreads news."""
        to = self._address_of(message)
        sender = self._membership.claim(message.name)
        if sender is not None and sender.state is State.FAILED and message.epoch <= sender.epoch:
            self._tell(sender, to)  # which it may have refuted already: we have missed that
        suspects = [c for c in message.updates if c.state is State.SUSPECT]
        self._correct([(c.name, c.epoch, c.incarnation) for c in suspects], to)
        self._heard_of_ourselves(message, to)

    def _declared(self, message: Message, address: Address) -> None:
        """Somebody tells of a departure; the message names the departed, not who sends it."""
        known = self._membership.index.at(address) is not None
        self._heard_of_ourselves(message, address if known else None)

    def _address_of(self, message: Message) -> Address | None:
        """Where the sender is reached by what we know. The source may be forged, or a stream."""
        sender = self._membership.claim(message.name)
        return None if sender is None else sender.address

    def _heard_of_ourselves(self, message: Message, to: Address | None) -> None:
        """Perhaps that we are gone."""
        me = self._membership.local
        for said in message.updates:
            if said.name == me.name and not said.state.living and me.state.living:
                if said.key < me.key:
                    self._tell(me, to)

    def _correct(self, spoken_of: Iterable[tuple[str, int, int]], to: Address | None) -> None:
        for name, epoch, incarnation in spoken_of:
            held = self._membership.claim(name)
            if held is None or held.state is not State.FAILED:
                continue
            outdated = (epoch, incarnation) <= (held.epoch, held.incarnation)
            if outdated and self._membership.age(name) >= _SETTLED:
                self._tell(held, to)

    def _tell(self, held: Claim, to: Address | None) -> None:
        now = self._now()
        if to is None or now < self._told.get((to, held.name), 0.0) + _AGAIN:
            return
        if len(self._told) >= _REMEMBERED:
            del self._told[next(iter(self._told))]
        self._told[to, held.name] = now
        notice = framed(encode_update(held, self._membership.age(held.name)))
        self._messenger.send(to, MessageType.GOSSIP, notice, piggyback=False)
