"""Joining a group: ask the seeds, compare lists with the first that answers, greet the others.

A JOIN_REQ goes to every seed, by datagram, and by stream to those who have not answered at the
ping timeout. An empty list is an answer too: we are the first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.errors import JoinFailed
from swimtx.interfaces import Found, ISeeds
from swimtx.joining.announce import Announcer
from swimtx.joining.registration import BootstrapRegistration
from swimtx.joining.seed_query import ExchangeTables, SeedQuery, usable
from swimtx.membership.table import Membership
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import fields, listed_entry, sequence_field
from swimtx.wire.messages import Contact, Message, MessageType

_T = TypeVar("_T")

_FIRST_RETRY = (0.2, 0.4)  # seconds, at random between them; then doubling
_LONGEST_RETRY = 30.0
_PARTNERS = 3  # members that a table exchange is tried with
_SEVEN_FIELDS = 128  # bytes of a JOIN_RES to a peer of seven fields, whose question is small


class Joining:
    """Joins groups, and answers those who want to join this one.

    @param exchange: compares tables with a member.
    @param registration: hears of seeds that have answered, and of those that we have joined by.
    @param found: told the addresses of the seeds whenever they have been looked up.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        exchange: ExchangeTables,
        announcer: Announcer,
        registration: BootstrapRegistration,
        config: Config,
        found: Callable[[Sequence[Address]], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._exchange_tables = exchange
        self._announcer = announcer
        self._config = config
        self._registration = registration
        self._found = found
        self._waits: dict[Deferred[Any], None] = {}
        self._asking: dict[SeedQuery, None] = {}
        self._protocol = messenger.protocol
        self._protocol.handle(MessageType.JOIN_REQ, self._asked)
        self._protocol.handle(MessageType.JOIN_RES, messenger.requests.resolve)

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
                self._registration.add(seeds)
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
        silent = [a for a in dict.fromkeys(addresses) if a != self._membership.local.address]
        asked = await self._ask(silent) if silent else None
        if asked is not None and asked.answers:
            self._registration.know(addresses)
            await self._take(asked.answers)
        elif asked is not None and not asked.ourselves.issuperset(silent):
            raise JoinFailed({**failures, **{str(a): "no answer" for a in silent}})
        # If there was nobody to ask but ourselves, we are the first.

    async def _ask(self, addresses: Sequence[Address]) -> SeedQuery:
        waiting: Deferred[None] = self._wait()
        asking = SeedQuery(addresses, self._messenger, self._config, lambda: self._fire(waiting))
        self._asking[asking] = None
        try:
            await waiting
        finally:
            asking.stop()
            self._asking.pop(asking, None)
        return asking

    async def _take(self, answers: list[tuple[Message, Peer]]) -> None:
        """Exchange tables with one of those who answered or were listed; greet all of them."""
        listed: dict[str, Contact] = {}
        for message, _ in answers:
            if not message.bootstrap:
                own = Contact(message.name, message.address, message.incarnation, message.epoch)
                listed.setdefault(message.name, own)
            for entry in message.listed:
                listed.setdefault(entry.name, entry)
        listed.pop(self._membership.local.name, None)
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

    def _asked(self, message: Message, peer: Peer) -> None:
        """A JOIN_REQ: a member that is a seed answers with itself in the list."""
        me = self._membership.local
        entry = Contact(me.name, me.address, me.incarnation, me.epoch)
        if not message.version:
            self._protocol.send_legacy(
                peer, MessageType.JOIN_RES, message.address, most=_SEVEN_FIELDS
            )
            return
        body = sequence_field(message.sequence) + fields(listed=[listed_entry(entry)])
        self._protocol.send(peer, MessageType.JOIN_RES, body, piggyback=False)
