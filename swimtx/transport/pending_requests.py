"""What was asked and waits for an answer, by sequence number."""

from __future__ import annotations

import random
from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.transport.route import Peer
from swimtx.wire.messages import Message

Answered = Callable[[Message, Peer], object]


class PendingRequests:
    """Open questions. Peers of the original seven fields answer without a number, by address.

    @param chance: for numbers that nobody off the path can guess.
    """

    __slots__ = ("__weakref__", "_bits", "_by_address", "_open")

    def __init__(self, chance: random.Random) -> None:
        self._bits = chance.getrandbits
        self._open: dict[int, Answered] = {}
        self._by_address: dict[Address, dict[int, Answered]] = {}

    def open(self, answered: Answered) -> int:
        """A new sequence number; C{answered(message, peer)} hears each answer that carries it."""
        sequence = self._bits(32) or 1
        while sequence in self._open:
            sequence = self._bits(32) or 1
        self._open[sequence] = answered
        return sequence

    def open_for_address(self, address: Address, sequence: int, answered: Answered) -> None:
        """Take an ACK without a number from that address for an answer to that, too."""
        self._by_address.setdefault(address, {})[sequence] = answered

    def close(self, sequence: int) -> None:
        """Hear no answer to that any more."""
        self._open.pop(sequence, None)

    def close_for_address(self, address: Address, sequence: int) -> None:
        """Nor one without a number, from that address."""
        waiting = self._by_address.get(address, {})
        waiting.pop(sequence, None)
        if not waiting:
            self._by_address.pop(address, None)

    def resolve(self, message: Message, peer: Peer) -> None:
        """An answer has come."""
        answered = self._open.get(message.sequence)
        if answered is not None:
            answered(message, peer)
        elif not message.version:
            for waiting in list(self._by_address.get(message.address, {}).values()):
                waiting(message, peer)
