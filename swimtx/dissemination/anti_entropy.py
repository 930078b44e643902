"""Table exchange: two members compare their tables and send each other the records that differ.

Gossip alone misses a member now and then, above all in small groups. So each member exchanges
tables with a random member at intervals, and with the first that answers when it joins. A digest
goes first, one hash for each 1/64 of the names: parts that are equal are not sent.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

import attrs
from twisted.internet.interfaces import IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.dissemination.digest import TableDigest, differing
from swimtx.dissemination.table_exchange import TableExchange
from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, fields, framed
from swimtx.wire.messages import Message, MessageType

_STREAM_PAGE = 32 * 1024  # bytes of one page on a stream
_PAGE_HEAD = 300  # bytes that the header of a page may take
_MAX_PAGES = 4096
_MAX_VERIFYING = 64  # addresses that are verified at a time
_MAX_VERIFIED = 4096
_NOTHING: Mapping[str, Claim] = {}


@attrs.define(eq=False, repr=False)
class AntiEntropy:
    """Starts table exchanges, answers those of other members, and applies the records received."""

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _digests: TableDigest = attrs.field(init=False)
    _timer: Timer = attrs.field(init=False)
    _exchanges: dict[TableExchange, None] = attrs.field(init=False, factory=dict)
    _probes: dict[str, Probe] = attrs.field(init=False, factory=dict)  # of accused members
    _verifying: dict[str, Probe] = attrs.field(init=False, factory=dict)
    _verified: dict[Address, None] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._digests = TableDigest(self._membership)
        self._timer = Timer(self._clock)
        self._messenger.protocol.handle(MessageType.DIGEST, self._digest_received)
        self._messenger.protocol.handle(MessageType.TABLE, self._table_received)
        self._membership.watch(self._changed, WatchOrder.ANTI_ENTROPY)

    def start(self) -> None:
        """Exchange tables with random members at intervals from now on."""
        self._set_timer()

    def stop(self) -> None:
        """Cancel the timer, the exchanges under way and the probes."""
        self._timer.cancel()
        for exchange in list(self._exchanges):
            exchange.stop()
        for probe in [*self._probes.values(), *self._verifying.values()]:
            probe.stop()
        self._exchanges.clear()
        self._probes.clear()
        self._verifying.clear()

    def exchange(
        self, address: Address, done: Callable[[bool], object] = lambda done: None
    ) -> None:
        """Exchange tables with the member at C{address}, a C{(host, port)}.

        @param done: called once as C{done(complete)}, unless L{stop} comes first.
        """

        def ended(exchange: TableExchange) -> None:
            self._exchanges.pop(exchange, None)
            if exchange.complete:
                self._send_parts(exchange.peer, exchange.wanted, 0, exchange.heard)
            exchange.close()
            done(exchange.complete)

        exchange = TableExchange(
            address, self._messenger, self._digests.current, self._apply_quietly, ended
        )
        self._exchanges[exchange] = None

    # The timer

    def _set_timer(self) -> None:
        interval = exchange_interval(self._config.table_interval, self._membership.living)
        jitter = 0.75 + 0.5 * self._chance.random()
        self._timer.set(interval * jitter, self._tick)

    def _tick(self) -> None:
        self._set_timer()
        for partner in self._membership.sample(self._chance, 2):
            if not partner.legacy:
                self.exchange(partner.address)
                return

    # Answering

    def _digest_received(self, message: Message, peer: Peer) -> None:
        """Send back the parts that differ; by datagram only to an address that answers a PING."""
        wanted = differing(message.digest, self._digests.current())
        if type(peer) is not Address or peer in self._verified:
            self._send_parts(peer, wanted, message.sequence)
            return
        if message.name in self._verifying or len(self._verifying) >= _MAX_VERIFYING:
            return
        sender = Claim(message.name, peer, message.epoch, message.incarnation)

        def ended(probe: Probe) -> None:
            self._verifying.pop(message.name, None)
            if probe.route is not None:
                if len(self._verified) >= _MAX_VERIFIED:
                    self._verified.clear()
                self._verified[peer] = None
                self._send_parts(peer, wanted, message.sequence)

        schedule = ProbeSchedule((0.0, 0.1, 0.2), 0.3, None, 0.4)
        self._verifying[message.name] = Probe(sender, self._messenger, schedule, ended)

    def _send_parts(
        self, peer: Peer, wanted: int, sequence: int, known: Mapping[str, Claim] = _NOTHING
    ) -> None:
        """Send TABLE pages with our records of the wanted parts, without those that C{known} has.

        @param wanted: a mask of 64 bits.
        @param known: records that the peer holds, by name.
        """
        protocol = self._messenger.protocol
        stream = type(peer) is not Address
        room = _STREAM_PAGE if stream else protocol.room - _PAGE_HEAD
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
            protocol.send(peer, MessageType.TABLE, head, *page, piggyback=False)

    # Applying

    def _table_received(self, message: Message, peer: Peer) -> None:
        if message.sequence:
            self._messenger.requests.resolve(message, peer)
            return
        for claim in message.updates:
            self._apply(claim, spread=True)

    def _apply_quietly(self, claim: Claim) -> None:
        """Apply a record that we asked for: it is new to us, but not to the group."""
        self._apply(claim, spread=False)

    def _apply(self, claim: Claim, spread: bool) -> None:
        """Apply a record of another member's table. An accused member is probed first."""
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
        elif claim.name not in self._probes:
            self._probe(claim, held)

    def _probe(self, claim: Claim, held: Claim) -> None:
        def ended(probe: Probe) -> None:
            self._probes.pop(claim.name, None)
            if probe.route is None:
                self._membership.apply(claim)

        schedule = ProbeSchedule.probe(self._config.protocol_period, self._config.ping_timeout)
        self._probes[claim.name] = Probe(held, self._messenger, schedule, ended, attach=claim)

    def _changed(self, change: RecordChange) -> None:
        """Exchange tables with a failed member that is back: it may come from another partition."""
        self._digests.changed(change)
        held = change.held
        if held is None or held.state.living or not change.claim.state.living:
            return
        if not change.claim.legacy and len(self._exchanges) < 2:
            self.exchange(change.claim.address)


def exchange_interval(interval: float, members: int) -> float:
    """Seconds between two table exchanges of a member, in a group of C{members}.

    Longer above 32 members, so that the load stays flat (memberlist: push-pull).

    @param interval: seconds, in a group of up to 32.
    """
    if members <= 32:
        return interval
    return interval * (1 + math.ceil(math.log2(members / 32)))
