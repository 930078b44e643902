"""Joining a group: ask the seeds, compare lists with the first that answers, greet the others.

A JOIN_REQ goes to every seed, by datagram, and by stream to those who have not answered at the
ping timeout. An empty list is an answer too: we are the first.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.addresses import Address, normal_host
from swimtx.config import Config
from swimtx.errors import JoinFailed
from swimtx.interfaces import ISeeds
from swimtx.joining.announce import Announcer
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire.codec import encode_update, fields, framed, listed_entry, sequence_field
from swimtx.wire.messages import Contact, Message, MessageType

_T = TypeVar("_T")
Found = tuple[list[Address], dict[str, str]]
Answered = Callable[[list[Address]], object]

_FIRST_RETRY = (0.2, 0.4)  # seconds, at random between them; then doubling
_LONGEST_RETRY = 30.0
_PARTNERS = 3  # members that a table exchange is tried with
_SEVEN_FIELDS = 128  # bytes of a JOIN_RES to a peer of seven fields, whose question is small
_PADDED = 1200  # bytes of a JOIN_REQ, so that as many may come back


class ExchangeTables(Protocol):
    """Starts to compare tables with whoever is at an address."""

    def __call__(
        self, address: Address, done: Callable[[bool], object] = lambda done: None
    ) -> object:
        """Start; C{done(whether)} tells whether it worked."""


class SeedQuery:
    """One round of JOIN_REQs to all seeds. Calls C{ended()} at the first answer, or in time.

    @ivar answers: each JOIN_RES that came, and from whom.
    @ivar ourselves: seeds that turned out to be us, under another address.
    """

    def __init__(
        self,
        addresses: list[Address],
        messenger: Messenger,
        config: Config,
        ended: Callable[[], object],
    ) -> None:
        self.answers: list[tuple[Message, Any]] = []
        self.ourselves: set[Address] = set()
        self._addresses = addresses
        self._messenger = messenger
        self._ended = ended
        self._connecting: list[Deferred[Any]] = []
        self._streams: list[Any] = []
        self._sequence = messenger.requests.open(self._answered)
        self._config = config
        self._timer: IDelayedCall = messenger.clock.callLater(config.first_stage, self._by_stream)
        for address in addresses:
            self._send(address)

    def stop(self) -> None:
        """Hear no more answers."""
        self._messenger.requests.close(self._sequence)
        if self._timer.active():
            self._timer.cancel()
        for connecting in self._connecting:
            connecting.cancel()
        for stream in self._streams:
            stream.close()
        self._connecting.clear()
        self._streams.clear()

    def _send(self, peer: Any) -> None:
        body = join_request(self._messenger, self._sequence, _PADDED)
        self._messenger.protocol.send(peer, MessageType.JOIN_REQ, body, news=False)

    def _by_stream(self) -> None:
        left = self._config.period - self._config.first_stage
        self._timer = self._messenger.clock.callLater(left, self._ended)
        for address in self._addresses:
            self._send(address)
            connecting = self._messenger.streams.connect(
                address, left, self._messenger.protocol.frame_received
            )
            connecting.addCallbacks(self._opened, lambda failure: None)
            self._connecting.append(connecting)

    def _opened(self, stream: Any) -> None:
        self._streams.append(stream)
        self._send(stream)

    def _answered(self, message: Message, peer: Any) -> None:
        if message.type is not MessageType.JOIN_RES:
            return
        me = self._messenger.me()
        if (message.name, message.epoch) == (me.name, me.epoch):
            self.ourselves.add(peer if type(peer) is Address else message.address)
        else:
            self.answers.append((message, peer))
            if self._timer.active():
                self._timer.cancel()
            # The other seeds' answers are a moment behind; they are worth that moment.
            self._timer = self._messenger.clock.callLater(0.0, self._ended)


class Joining:
    """Joins groups, and answers those who want to join this one.

    @param found: told the addresses of the seeds whenever they have been looked up.
    @ivar answered: told the addresses of the seeds once one of them has answered.
    @ivar joined: told the seeds once a join by them has succeeded.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        protocol: SwimProtocol,
        messenger: Messenger,
        exchange: ExchangeTables,
        announcer: Announcer,
        config: Config,
        found: Answered = lambda addresses: None,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._exchange_tables = exchange
        self._announcer = announcer
        self._config = config
        self._found = found
        self._waits: dict[Deferred[Any], None] = {}
        self._asking: dict[SeedQuery, None] = {}
        self.answered: Answered = lambda addresses: None
        self.joined: Callable[[ISeeds], object] = lambda seeds: None
        self._protocol = protocol
        protocol.handle(MessageType.JOIN_REQ, self._asked)
        protocol.handle(MessageType.JOIN_RES, messenger.requests.resolve)

    def stop(self) -> None:
        """Give up; a join under way fails with C{CancelledError}."""
        for asking in list(self._asking):
            asking.stop()
        for wait in list(self._waits):
            wait.cancel()

    async def join(self, seeds: ISeeds) -> Membership:
        """Ask until somebody answers, with growing pauses.

        @raise JoinFailed: nobody did within C{join_timeout}; it names each seed and why.
        """
        deadline = self._clock.seconds() + self._config.join_timeout
        pause = self._chance.uniform(*_FIRST_RETRY)
        while True:
            try:
                await self._attempt(seeds)
                self.joined(seeds)
                return self._membership
            except JoinFailed:
                if self._clock.seconds() + pause >= deadline:
                    raise
            await self._sleep(pause)
            pause = min(2 * pause, _LONGEST_RETRY)

    async def _find(self, seeds: ISeeds) -> Found:
        """Look the seeds up, unless all ends before that is done."""
        try:
            return usable(await self._ended_by_stop(maybeDeferred(seeds.find)))
        except CancelledError:
            raise
        except Exception as error:  # of somebody's own source
            raise JoinFailed({str(seeds): str(error) or type(error).__name__}) from error

    async def _attempt(self, seeds: ISeeds) -> None:
        addresses, failures = await self._find(seeds)
        self._found(addresses)
        if not addresses and failures:
            raise JoinFailed(failures)
        silent = [a for a in dict.fromkeys(addresses) if a != self._membership.me.address]
        asked = await self._ask(silent) if silent else None
        if asked is not None and asked.answers:
            self.answered(addresses)
            await self._take(asked.answers)
        elif asked is not None and not asked.ourselves.issuperset(silent):
            raise JoinFailed({**failures, **{str(a): "no answer" for a in silent}})
        # If there was nobody to ask but ourselves, we are the first.

    async def _ask(self, addresses: list[Address]) -> SeedQuery:
        waiting: Deferred[None] = self._wait()
        asking = SeedQuery(addresses, self._messenger, self._config, lambda: self._fire(waiting))
        self._asking[asking] = None
        try:
            await waiting
        finally:
            asking.stop()
            self._asking.pop(asking, None)
        return asking

    async def _take(self, answers: list[tuple[Message, Any]]) -> None:
        """Exchange tables with one of those who answered or were listed; greet all of them."""
        listed: dict[str, Contact] = {}
        for message, _ in answers:
            if not message.bootstrap:
                own = Contact(message.name, message.address, message.incarnation, message.epoch)
                listed.setdefault(message.name, own)
            for entry in message.listed:
                listed.setdefault(entry.name, entry)
        listed.pop(self._membership.me.name, None)
        answered = [name for name in listed if any(m.name == name for m, _ in answers)]
        rest = [name for name in listed if name not in answered]
        self._chance.shuffle(rest)
        partners = [name for name in answered + rest if listed[name].epoch]
        for name in partners[:_PARTNERS]:
            if await self._exchange(listed[name].address):
                break
        for entry in listed.values():
            self._announcer.announce(entry)

    async def _exchange(self, address: Address) -> bool:
        worked: list[bool] = []
        waiting = self._wait()

        def done(whether: bool) -> None:
            worked.append(whether)
            self._fire(waiting)

        self._exchange_tables(address, done)
        await waiting
        return worked[0]

    async def _sleep(self, seconds: float) -> None:
        waiting = self._wait()
        timer = self._clock.callLater(seconds, self._fire, waiting)
        try:
            await waiting
        finally:
            if timer.active():
                timer.cancel()

    def _wait(self) -> Deferred[None]:
        return self._ended_by_stop(Deferred())

    def _ended_by_stop(self, waiting: Deferred[_T]) -> Deferred[_T]:
        """The same, cancelled when all ends."""
        self._waits[waiting] = None
        waiting.addBoth(lambda result: (self._waits.pop(waiting, None), result)[1])
        return waiting

    def _fire(self, waiting: Deferred[None]) -> None:
        if not waiting.called:
            waiting.callback(None)

    # Answering

    def _asked(self, message: Message, peer: Any) -> None:
        """A JOIN_REQ: a member that is a seed answers with itself in the list."""
        me = self._membership.me
        entry = Contact(me.name, me.address, me.incarnation, me.epoch)
        if not message.version:
            self._protocol.send_legacy(
                peer, MessageType.JOIN_RES, message.address, most=_SEVEN_FIELDS
            )
            return
        body = sequence_field(message.sequence) + fields(listed=[listed_entry(entry)])
        self._protocol.send(peer, MessageType.JOIN_RES, body, news=False)


def usable(found: Any) -> Found:
    """What a source of seeds has found, each address in its one form.

    @raise ValueError: it is no list of addresses with a dict of failures.
    """
    try:
        addresses, failures = found
        pairs = [(host, port) for host, port in addresses]
        failures = dict(failures)
    except (TypeError, ValueError):
        raise ValueError(f"{found!r} is not (addresses, failures)") from None
    checked: list[Address] = []
    for host, port in pairs:
        if not isinstance(host, str) or not isinstance(port, int) or not 0 < port <= 0xFFFF:
            raise ValueError(f"{(host, port)!r} is no address that could be asked")
        try:
            checked.append(Address(normal_host(host), port))
        except ValueError as error:
            raise ValueError(f"{(host, port)!r} is no address: {error}") from None
    return checked, failures


def join_request(messenger: Messenger, sequence: int, size: int) -> bytes:
    """A JOIN_REQ's fields with our ALIVE, padded so that an answer of C{size} bytes is allowed."""
    body = sequence_field(sequence) + framed(encode_update(messenger.me()))
    return body + fields(padding=bytes(max(0, size - len(body) - 120)))
