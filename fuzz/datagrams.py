"""Damaged datagrams against the decoder, or against a whole member.

::

    python -m fuzz.datagrams --seed 1 --count 100000
    python -m fuzz.datagrams --seed 1 --seconds 60 --node

Prints the number of datagrams by outcome; refusals are split by their reason. Any other exception
than C{Malformed} is an escape: it is printed with the bytes that caused it, and the exit status is
1. The same seed and count give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from fuzz.corpus import CORPUS, NOW
from fuzz.mutations import mutate
from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.errors import Malformed
from swimtx.interfaces import IStream
from swimtx.membership.claim import State
from swimtx.simulation import Group
from swimtx.wire.codec import Codec

MOST_ESCAPES = 20  # a run ends then: further escapes mostly repeat the same errors
_SETTLED = 12.0  # virtual seconds in which the group forms
_RECORDED = 400  # datagrams of the group that are mutated as well
_STEP = 0.05  # virtual seconds between two bursts
_BURST = 16  # datagrams
_RECOVERY = 300.0  # virtual seconds for the group to recover


class Escape(Exception):
    """The target broke: it raised or logged an error, or its state is wrong."""


class Decoder:
    """The target C{Codec.decode}."""

    def __init__(self) -> None:
        self._codec = Codec(lambda: NOW)
        self.corpus: Sequence[bytes] = CORPUS

    def feed(self, data: bytes) -> str:
        """Feed one datagram, and return the outcome in a few words."""
        try:
            message = self._codec.decode(data)
        except Malformed as refused:
            return f"refused: {refused.reason}"
        return f"decoded: {message.type.name}"

    def check(self) -> None:
        """Do nothing: a decoder has no state to check."""

    def end(self) -> None:
        """Do nothing: a decoder has no state to check."""


@implementer(IStream)
class _Stream:
    """An open stream that discards sent data."""

    accepted = True

    def __init__(self, address: Address) -> None:
        self.address = address

    def send(self, data: bytes) -> None:
        """Discard the data."""

    def on_close(self, callback: Callable[[], object] | None) -> None:
        """Do nothing: the stream never closes."""

    def close(self) -> None:
        """Do nothing: the stream stays open."""

    def give_up_after(self, seconds: float) -> None:
        """Do nothing: nothing is sent."""


class WholeMember:
    """The target is a member of a small group in virtual time, which must work on unharmed.

    The datagrams come from all kinds of senders: members, strangers, streams. Besides the corpus,
    datagrams of the group are mutated, because they name its members, runs and addresses.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"{seed}/senders")
        self._group = Group(4, seed, Config.lan(max_members=64))
        recorded: dict[bytes, None] = {}
        for node in self._group.nodes.values():
            _record(node.protocol, recorded)
        self._group.start()
        self._group.run_for(_SETTLED)
        self._node = self._group.nodes["n1"]
        self.corpus: Sequence[bytes] = (*CORPUS, *list(recorded)[:_RECORDED])
        peers = [Address(*self._group.address(key)) for key in ("n2", "n3", "n4")]
        self._senders = [*peers, *peers, Address("10.9.9.9", 7946), Address("::1", 1)]
        self._streams = [_Stream(address) for address in self._senders]
        self._failures: list[str] = []
        self._fed = 0
        self._observer: ILogObserver = self._logged  # type: ignore[assignment]
        globalLogPublisher.addObserver(self._observer)

    def _logged(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._failures.append(failure.getTraceback())

    def feed(self, data: bytes) -> str:
        """Feed one datagram, and return the outcome in a few words."""
        counters = self._node.counters
        refusals, others = dict(counters.malformed), counters.other_cluster
        if self._chance.random() < 1 / 8:
            self._node.protocol.frame_received(data, self._chance.choice(self._streams))
        else:
            self._node.protocol.datagramReceived(data, self._chance.choice(self._senders))
        self._fed += 1
        if self._fed % _BURST == 0:
            self._group.run_for(_STEP)
        for reason, times in counters.malformed.items():
            if times != refusals.get(reason, 0):
                return f"refused: {reason}"
        return "of another cluster" if counters.other_cluster != others else "handled"

    def check(self) -> None:
        """Check the errors logged and the member's own record and table.

        @raise Escape: an error was logged, or the record or the table is wrong.
        """
        if self._failures:
            failures, self._failures = self._failures, []
            raise Escape(f"logged: {failures[0]}")
        membership = self._node._parts.membership
        me = membership.local
        if me.state is not State.ALIVE or membership.claim(me.name) is not me:
            raise Escape(f"it holds itself for {membership.claim(me.name)}")
        if len(membership) > self._node.config.max_members:
            raise Escape(f"its list has {len(membership)} members")

    def end(self) -> None:
        """Check that, without further datagrams, all members list each other as alive again.

        @raise Escape: a member lists another as not alive, or L{check} fails.
        """
        try:
            if not self._group.run_until(self._group.everybody_lists, _RECOVERY):
                held = {key: node.membership.members() for key, node in self._group.nodes.items()}
                raise Escape(f"the group does not come together again: {held}")
            self.check()
        finally:
            globalLogPublisher.removeObserver(self._observer)


def _record(protocol: object, recorded: dict[bytes, None]) -> None:
    """Record the datagrams that a protocol sends from now on."""
    original: Callable[[object, bytes], None] = protocol.transmit  # type: ignore[attr-defined]

    def transmit(peer: object, data: bytes) -> None:
        recorded.setdefault(data)
        original(peer, data)

    protocol.transmit = transmit  # type: ignore[attr-defined]


def attempts(seed: int, corpus: Sequence[bytes], count: int, seconds: float) -> Iterator[bytes]:
    """Mutated datagrams: C{count} of them, or for C{seconds}; 0 means no limit."""
    chance = random.Random(f"{seed}/mutations")
    end = time.monotonic() + seconds
    done = 0
    while (not count or done < count) and (not seconds or time.monotonic() < end):
        yield mutate(chance, chance.choice(corpus), corpus)
        done += 1


def run(target: Decoder | WholeMember, tries: Iterator[bytes]) -> tuple[Counter[str], list[str]]:
    """Feed datagrams to a target.

    @return: the number of datagrams by outcome, and a text for each escape.
    """
    outcomes: Counter[str] = Counter()
    escapes: list[str] = []
    for data in tries:
        try:
            outcomes[target.feed(data)] += 1
            target.check()
        except Exception:
            escapes.append(f"{data.hex()}\n{traceback.format_exc()}")
            if len(escapes) >= MOST_ESCAPES:
                break
    try:
        target.end()
    except Exception:
        escapes.append(f"in the end\n{traceback.format_exc()}")
    return outcomes, escapes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    @return: the exit status: 1 if there was an escape.
    """
    parser = argparse.ArgumentParser(
        prog="fuzz.datagrams", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=0, help="how many datagrams (20000)")
    parser.add_argument("--seconds", type=float, default=0.0, help="for how long instead")
    parser.add_argument("--node", action="store_true", help="against a whole simulated member")
    options = parser.parse_args(arguments)
    if options.count < 0 or options.seconds < 0:
        parser.error("neither count nor seconds can be negative")
    count = options.count or (0 if options.seconds else 20_000)
    target = WholeMember(options.seed) if options.node else Decoder()
    outcomes, escapes = run(target, attempts(options.seed, target.corpus, count, options.seconds))
    for outcome, times in sorted(outcomes.items()):
        print(f"{times:9} {outcome}")
    print(f"{sum(outcomes.values()):9} in all, {len(escapes)} escaped")
    for escape in escapes:
        print(escape)
    return 1 if escapes else 0


if __name__ == "__main__":
    sys.exit(main())
