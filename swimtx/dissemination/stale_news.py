"""Answers members that send outdated updates with the record that we hold.

A member that gossip has missed shows it: it sends a PING_REQ or a SUSPECT about a member whose FAIL
is older than a second. The FAIL goes back at once; it also goes to a failed member that sends
GOSSIP itself. If the accused member lives, it then refutes. A member that passes on that we
ourselves failed or left gets our refutation at once, besides the gossip about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.wire.codec import encode_update, framed
from swimtx.wire.messages import Message, MessageType

_SETTLED = 1.0  # seconds after which a FAIL should have reached all members
_AGAIN = 1.0  # seconds before the same record is sent to the same peer again
_MAX_REMEMBERED = 1024


@attrs.define(eq=False, repr=False)
class StaleNewsReplies:
    """Answers outdated updates with the FAIL that we hold, or with our refutation.

    @param now: gives the time in seconds.
    """

    _now: Callable[[], float]
    _membership: Membership
    _messenger: Messenger
    # When a record was last sent, in seconds, by the peer's address and the record's name.
    _sent: dict[tuple[Address, str], float] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        protocol = self._messenger.protocol
        protocol.on_message(MessageType.PING_REQ, self._ping_req_received)
        protocol.on_message(MessageType.GOSSIP, self._gossip_received)
        protocol.on_message(MessageType.FAIL, self._fail_received)

    def _ping_req_received(self, message: Message, address: Address) -> None:
        to = self._address_of(message)
        self._correct([(message.target, message.target_epoch, message.target_incarnation)], to)

    def _gossip_received(self, message: Message, address: Address) -> None:
        to = self._address_of(message)
        sender = self._membership.claim(message.name)
        if sender is not None and sender.state is State.FAILED and message.epoch <= sender.epoch:
            self._send(sender, to)  # its refutation may have missed us: then it refutes again
        suspects = [c for c in message.updates if c.state is State.SUSPECT]
        self._correct([(c.name, c.epoch, c.incarnation) for c in suspects], to)
        self._refute(message, to)

    def _fail_received(self, message: Message, address: Address) -> None:
        """A FAIL names the departed member, not its sender: only the address tells the sender."""
        known = self._membership.index.at(address) is not None
        self._refute(message, address if known else None)

    def _address_of(self, message: Message) -> Address | None:
        """The sender's address in our table: the source may be forged, or a stream's port."""
        sender = self._membership.claim(message.name)
        return None if sender is None else sender.address

    def _refute(self, message: Message, to: Address | None) -> None:
        """Send our own record if the message says that we failed or left, and is outdated."""
        me = self._membership.local
        for update in message.updates:
            if update.name == me.name and not update.state.living and me.state.living:
                if update.key < me.key:
                    self._send(me, to)

    def _correct(self, mentioned: Iterable[tuple[str, int, int]], to: Address | None) -> None:
        """Send the FAIL of each mentioned C{(name, epoch, incarnation)} that is older than it."""
        for name, epoch, incarnation in mentioned:
            held = self._membership.claim(name)
            if held is None or held.state is not State.FAILED:
                continue
            outdated = (epoch, incarnation) <= (held.epoch, held.incarnation)
            if outdated and self._membership.age(name) >= _SETTLED:
                self._send(held, to)

    def _send(self, held: Claim, to: Address | None) -> None:
        now = self._now()
        if to is None or now < self._sent.get((to, held.name), 0.0) + _AGAIN:
            return
        if len(self._sent) >= _MAX_REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._sent[to, held.name] = now
        update = framed(encode_update(held, self._membership.age(held.name)))
        self._messenger.send(to, MessageType.GOSSIP, update, piggyback=False)
