"""Joins a group: asks the seeds, exchanges tables with a member, announces itself to the others.

A JOIN_REQ goes to every seed by datagram, and by stream too if none has answered at the ping
timeout. An empty list is an answer too: this member is the first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import attrs
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
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import fields, listed_entry, sequence_field
from swimtx.wire.messages import Contact, Message, MessageType

_T = TypeVar("_T")

_FIRST_RETRY = (0.2, 0.4)  # seconds, at random between them; then doubling
_LONGEST_RETRY = 30.0  # seconds
_PARTNERS = 3  # members that a table exchange is tried with
_SEVEN_FIELDS = 128  # bytes of a JOIN_RES to a peer of seven fields, whose JOIN_REQ is small


@attrs.define(eq=False, repr=False)
class Joining:
    """Joins groups, and answers the JOIN_REQs of peers that want to join this one.

    @param exchange: starts a table exchange with a member.
    @param registration: told of seeds that have answered, and of those that we have joined by.
    @param found: called with the addresses of the seeds after each look-up.
    """

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _exchange: ExchangeTables
    _announcer: Announcer
    _registration: BootstrapRegistration
    _config: Config
    _found: Callable[[Sequence[Address]], object]
    _waits: dict[Deferred[Any], None] = attrs.field(init=False, factory=dict)
    _queries: dict[SeedQuery, None] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        protocol = self._messenger.protocol
        protocol.handle(MessageType.JOIN_REQ, self._join_req_received)
        protocol.handle(MessageType.JOIN_RES, self._messenger.requests.resolve)

    def stop(self) -> None:
        """Give up; a join under way fails with C{CancelledError}."""
        for query in list(self._queries):
            query.stop()
        for wait in list(self._waits):
            wait.cancel()

    async def join(self, seeds: ISeeds) -> Membership:
        """Ask the seeds until one answers, with growing pauses.

        @raise JoinFailed: when no seed answered within C{join_timeout}; it names each seed and why.
        @raise CancelledError: when L{stop} was called meanwhile.
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
        """Look the seeds up; L{stop} cancels the look-up."""
        try:
            return usable(await self._ended_by_stop(maybeDeferred(seeds.find)))
        except CancelledError:
            raise
        except Exception as error:  # of a source of seeds that a program brings
            raise JoinFailed({str(seeds): str(error) or type(error).__name__}) from error

    async def _attempt(self, seeds: ISeeds) -> None:
        addresses, failures = await self._find(seeds)
        self._found(addresses)
        if not addresses and failures:
            raise JoinFailed(failures)
        others = [a for a in dict.fromkeys(addresses) if a != self._membership.local.address]
        query = await self._query(others) if others else None
        if query is not None and query.answers:
            self._registration.know(addresses)
            await self._exchange_and_announce(query.answers)
        elif query is not None and not query.ourselves.issuperset(others):
            raise JoinFailed({**failures, **{str(a): "no answer" for a in others}})
        # With no seed but ourselves, we are the first.

    async def _query(self, addresses: Sequence[Address]) -> SeedQuery:
        waiting: Deferred[None] = self._wait()
        query = SeedQuery(addresses, self._messenger, self._config, lambda: self._fire(waiting))
        self._queries[query] = None
        try:
            await waiting
        finally:
            query.stop()
            self._queries.pop(query, None)
        return query

    async def _exchange_and_announce(self, answers: list[tuple[Message, Peer]]) -> None:
        """Exchange tables with a member that answered or was listed; announce us to all."""
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
            if await self._exchange_with(listed[name].address):
                break
        for entry in listed.values():
            self._announcer.announce(entry)

    async def _exchange_with(self, address: Address) -> bool:
        """Whether a table exchange with the member at C{address} was completed."""
        outcomes: list[bool] = []
        waiting = self._wait()

        def done(complete: bool) -> None:
            outcomes.append(complete)
            self._fire(waiting)

        self._exchange(address, done)
        await waiting
        return outcomes[0]

    async def _sleep(self, seconds: float) -> None:
        waiting = self._wait()
        timer = Timer(self._clock)
        timer.set(seconds, self._fire, waiting)
        try:
            await waiting
        finally:
            timer.cancel()

    def _wait(self) -> Deferred[None]:
        return self._ended_by_stop(Deferred())

    def _ended_by_stop(self, waiting: Deferred[_T]) -> Deferred[_T]:
        """The same Deferred, which L{stop} cancels."""
        self._waits[waiting] = None
        waiting.addBoth(lambda result: (self._waits.pop(waiting, None), result)[1])
        return waiting

    def _fire(self, waiting: Deferred[None]) -> None:
        if not waiting.called:
            waiting.callback(None)

    # Answering

    def _join_req_received(self, message: Message, peer: Peer) -> None:
        """Answer with ourselves in the list: a member that is a seed lists no others."""
        protocol = self._messenger.protocol
        if not message.version:
            protocol.send_legacy(peer, MessageType.JOIN_RES, message.address, most=_SEVEN_FIELDS)
            return
        me = self._membership.local
        entry = Contact(me.name, me.address, me.incarnation, me.epoch)
        body = sequence_field(message.sequence) + fields(listed=[listed_entry(entry)])
        protocol.send(peer, MessageType.JOIN_RES, body, piggyback=False)
