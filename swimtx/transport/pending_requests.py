"""Requests that wait for an answer, by sequence number."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from swimtx.addresses import Address
from swimtx.transport.route import Peer
from swimtx.wire.messages import Message

Answered = Callable[[Message, Peer], object]


@attrs.define(eq=False, repr=False)
class PendingRequests:
    """Matches answers to requests by number; those of seven-field peers, without one, by address.

    @param chance: draws numbers that an attacker off the path cannot guess.
    """

    _chance: random.Random
    _open: dict[int, Answered] = attrs.field(init=False, factory=dict)
    _by_address: dict[Address, dict[int, Answered]] = attrs.field(init=False, factory=dict)

    def open(self, answered: Answered) -> int:
        """Open a request; C{answered(message, peer)} is called for each answer to it.

        @return: its sequence number, which is never 0.
        """
        sequence = self._chance.getrandbits(32) or 1
        while sequence in self._open:
            sequence = self._chance.getrandbits(32) or 1
        self._open[sequence] = answered
        return sequence

    def open_for_address(self, address: Address, sequence: int, answered: Answered) -> None:
        """Also take an ACK without a number from that address for an answer to that request."""
        self._by_address.setdefault(address, {})[sequence] = answered

    def close(self, sequence: int) -> None:
        """Close a request: further answers to it are dropped."""
        self._open.pop(sequence, None)

    def close_for_address(self, address: Address, sequence: int) -> None:
        """Drop further ACKs without a number from that address, for that request."""
        waiting = self._by_address.get(address, {})
        waiting.pop(sequence, None)
        if not waiting:
            self._by_address.pop(address, None)

    def resolve(self, message: Message, peer: Peer) -> None:
        """Pass an answer to the request that it answers."""
        answered = self._open.get(message.sequence)
        if answered is not None:
            answered(message, peer)
        elif not message.version:
            for waiting in list(self._by_address.get(message.address, {}).values()):
                waiting(message, peer)
