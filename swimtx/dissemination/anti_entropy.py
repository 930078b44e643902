"""Table exchange: two members compare what they hold, and send each other what differs.

Gossip alone leaves somebody uninformed now and then, in small groups above all. So each member
compares lists with another at random from time to time, and with the first that answers when it
joins. A digest goes first, one hash for each 1/64 of the names: parts that are equal are not sent.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.dissemination.digest import TableDigest, differing
from swimtx.dissemination.table_exchange import TableExchange
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, fields, framed
from swimtx.wire.messages import Message, MessageType

_STREAM_PAGE = 32 * 1024  # bytes of one page on a stream
_PAGE_HEAD = 300  # bytes that the header of a page may take
_MAX_PAGES = 4096
_NOTHING: Mapping[str, Claim] = {}


class AntiEntropy:
    """Starts exchanges, answers those of others, and takes up what comes of either."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        config: Config,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._protocol = messenger.protocol
        self._config = config
        self._digests = TableDigest(membership)
        self._timer: IDelayedCall | None = None
        self._exchanges: dict[TableExchange, None] = {}
        self._asking: dict[str, Probe] = {}
        self._proving: dict[str, Probe] = {}
        self._proven: dict[Address, None] = {}
        self._protocol.handle(MessageType.DIGEST, self._asked)
        self._protocol.handle(MessageType.TABLE, self._heard_table)
        membership.watch(self._changed, WatchOrder.ANTI_ENTROPY)

    def start(self) -> None:
        """TableExchange from time to time."""
        self._arm()

    def stop(self) -> None:
        """TableExchange no more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for exchange in list(self._exchanges):
            exchange.stop()
        for asking in [*self._asking.values(), *self._proving.values()]:
            asking.stop()
        self._exchanges.clear()
        self._asking.clear()
        self._proving.clear()

    def exchange(
        self, address: Address, done: Callable[[bool], object] = lambda done: None
    ) -> None:
        """Compare lists with whoever is there; C{done(whether)} tells whether it worked."""

        def ended(exchange: TableExchange) -> None:
            self._exchanges.pop(exchange, None)
            if exchange.complete:
                self._send_parts(exchange.peer, exchange.wanted, 0, exchange.heard)
            exchange.close()
            done(exchange.complete)

        exchange = TableExchange(
            address, self._messenger, self._digests.current, self._take_quietly, ended
        )
        self._exchanges[exchange] = None

    # From time to time

    def _arm(self) -> None:
        interval = exchange_interval(self._config.table_interval, self._membership.living)
        jitter = 0.75 + 0.5 * self._chance.random()
        self._timer = self._clock.callLater(interval * jitter, self._tick)

    def _tick(self) -> None:
        self._arm()
        for partner in self._membership.sample(self._chance, 2):
            if not partner.legacy:
                self.exchange(partner.address)
                return

    # Answering

    def _asked(self, message: Message, peer: Peer) -> None:
        """A DIGEST: the parts that differ go back. Pages of datagrams go to the proven only."""
        wanted = differing(message.digest, self._digests.current())
        if type(peer) is not Address or peer in self._proven:
            self._send_parts(peer, wanted, message.sequence)
            return
        if message.name in self._proving or len(self._proving) >= 64:
            return
        asker = Claim(message.name, peer, message.epoch, message.incarnation)

        def ended(proof: Probe) -> None:
            self._proving.pop(message.name, None)
            if proof.route is not None:
                if len(self._proven) >= 4096:
                    self._proven.clear()
                self._proven[peer] = None
                self._send_parts(peer, wanted, message.sequence)

        schedule = ProbeSchedule((0.0, 0.1, 0.2), 0.3, None, 0.4)
        self._proving[message.name] = Probe(asker, self._messenger, schedule, ended)

    def _send_parts(
        self, peer: Peer, wanted: int, sequence: int, known: Mapping[str, Claim] = _NOTHING
    ) -> None:
        """TABLE pages with our records of the wanted parts, without those already known there."""
        stream = type(peer) is not Address
        room = _STREAM_PAGE if stream else self._protocol.room - _PAGE_HEAD
        pages: list[list[bytes]] = [[]]
        size = 0
        for claim in self._digests.in_parts(wanted):
            if claim.name in known and known[claim.name].key >= claim.key:
                continue
            update = framed(encode_update(claim, self._membership.age(claim.name)))
            if size + len(update) > room:
                pages.append([])
                size = 0
            pages[-1].append(update)
            size += len(update)
        if not sequence and pages == [[]]:
            return
        for number, page in enumerate(pages[:_MAX_PAGES]):
            head = fields(
                sequence=sequence,
                page=number,
                pages=len(pages),
                wanted=wanted if sequence else 0,
            )
            self._protocol.send(peer, MessageType.TABLE, head, *page, piggyback=False)

    # Taking up

    def _heard_table(self, message: Message, peer: Peer) -> None:
        if message.sequence:
            self._messenger.requests.resolve(message, peer)
            return
        for claim in message.updates:
            self._take(claim, spread=True)

    def _take_quietly(self, claim: Claim) -> None:
        """What we asked for is news to us, not to the group."""
        self._take(claim, spread=False)

    def _take(self, claim: Claim, spread: bool) -> None:
        """Take up one record of another's table. A table accuses nobody: the accused is asked."""
        held = self._membership.claim(claim.name)
        accused = claim.evidence or not claim.state.living
        if (
            held is None
            or claim.by == claim.name
            or not accused
            or not held.state.living
            or claim.epoch > held.epoch
            or claim.key <= held.key
            or claim.name == self._membership.name
        ):
            self._membership.apply(claim, spread=spread)
        elif claim.name not in self._asking:
            self._ask(claim, held)

    def _ask(self, claim: Claim, held: Claim) -> None:
        def ended(asking: Probe) -> None:
            self._asking.pop(claim.name, None)
            if asking.route is None:
                self._membership.apply(claim)

        schedule = ProbeSchedule.probe(self._config.protocol_period, self._config.ping_timeout)
        self._asking[claim.name] = Probe(held, self._messenger, schedule, ended, attach=claim)

    def _changed(self, change: RecordChange) -> None:
        """One who was held failed and is back may come from another half of the group."""
        self._digests.changed(change)
        held = change.held
        if held is None or held.state.living or not change.claim.state.living:
            return
        if not change.claim.legacy and len(self._exchanges) < 2:
            self.exchange(change.claim.address)


def exchange_interval(interval: float, members: int) -> float:
    """Seconds between two table exchanges: longer above 32 members, so that load stays flat."""
    if members <= 32:
        return interval
    return interval * (1 + math.ceil(math.log2(members / 32)))
