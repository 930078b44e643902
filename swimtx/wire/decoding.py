"""Bytes to messages, checking every field (docs/wire.rst).

What comes again and again, senders, targets, claims, is checked once and found in a dictionary
from then on. The dictionaries are bounded, in entries and in the size of each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import DecodeError

from swimtx.errors import Malformed
from swimtx.member import (
    MAX_AGE,
    MAX_CLUSTER_BYTES,
    MAX_EPOCH,
    MAX_EVIDENCE,
    MAX_INCARNATION,
    MAX_NAME_BYTES,
    Address,
    Claim,
    Evidence,
    Kind,
    State,
    check_tags,
    check_text,
    merged_evidence,
    normal_host,
)
from swimtx.messages import Listed, Message, MessageType
from swimtx.wire import swim_pb2
from swimtx.wire.encoding import MAX_UPDATE_BYTES, STATES

MAX_AHEAD = 24 * 3600.0  # seconds that an epoch may lie ahead of our clock
MAX_LISTED = 256
DIGEST_PARTS = 64

_TYPES = tuple(MessageType)
_KNOWN = len(_TYPES)
_KINDS = tuple(Kind)
# Reading a repeated field costs as much as four others, even when it is empty. An update's tag is
# this byte, so where it is nowhere in the datagram there are no updates.
_UPDATE_TAG = 0x52
_CACHED = 4096  # entries that each cache may hold
_PORTS = 1 << 16
# Plain numbers: comparing with them is several times as quick as with members of an enum.
_PING = int(MessageType.PING)
_ACK = int(MessageType.ACK)
_BARE = frozenset(map(int, (MessageType.GOSSIP, MessageType.FAIL, MessageType.LEAVE)))

_parse = swim_pb2.Datagram.FromString
_new = tuple.__new__

_Said = tuple[int, str, str, int, int, int, int, str]
_Sender = tuple[MessageType, str, Address, int, int, int, str]
_Target = tuple[str, int, int]
_NO_REST = (None, 0.0, Kind.SILENT, (), False, (), 0, 0, 0)  # a Message from C{destination} on
_NO_TARGET = ("", 0, 0, *_NO_REST)  # and from C{target} on

_FromTargetOn = tuple[str, int, int, None, float, Kind, tuple[()], bool, tuple[()], int, int, int]

_K = TypeVar("_K")
_V = TypeVar("_V")


class Codec:
    """Decodes what the network sends, checking every field.

    One may be shared by several nodes; what it decodes is frozen.

    @param now: gives the wall clock in seconds, to refuse epochs far ahead of it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._senders: dict[_Said, _Sender] = {}
        self._targets: dict[_Target, _FromTargetOn] = {}
        self._claims: dict[bytes, Claim] = {}
        self._addresses: dict[tuple[str, int], Address] = {}

    def decode(self, data: bytes) -> Message:
        """One datagram, or one frame of a stream.

        @raise Malformed: it is no message of ours. Nothing else is ever raised.
        """
        try:
            wire = _parse(data)
        except DecodeError:
            raise Malformed("protobuf") from None
        number = wire.type
        version = wire.version
        if not version:
            return self._seven_fields(wire, number)
        said = (
            number,
            wire.node_id,
            wire.addr,
            wire.port,
            wire.heart_beat,
            wire.epoch,
            version,
            wire.cluster,
        )
        sender = self._senders.get(said) or self._check_sender(said)
        news = self._news(wire) if _UPDATE_TAG in data else ()
        # Only a relay's ACK names whom it speaks for.
        if number == _PING or (number == _ACK and wire.target):
            target = (wire.target, wire.target_epoch, wire.target_incarnation)
            rest = self._targets.get(target) or self._check_target(target)
        elif number == _ACK or number in _BARE:
            rest = _NO_TARGET
        else:
            return self._with_the_rest(wire, sender, news)
        # Twice as quick as unpacking into one display.
        return _new(Message, sender + (wire.sequence, news) + rest)  # noqa: RUF005

    def decode_update(self, update: bytes) -> Claim:
        """One claim.

        @raise Malformed: a field of it leaves its limits, or it is from the future.
        """
        claim = self._claims.get(update)
        if claim is not None:
            return claim
        try:
            wire = swim_pb2.Update.FromString(update)
        except DecodeError:
            raise Malformed("update") from None
        claim = self._checked(wire)
        # A claim has at most that many bytes, but anything may be added in unknown fields.
        if len(update) <= MAX_UPDATE_BYTES:
            _keep(self._claims, update, claim)
        return claim

    def _news(self, wire: swim_pb2.Datagram) -> tuple[Claim, ...]:
        known = self._claims.get
        return tuple([known(update) or self.decode_update(update) for update in wire.updates])

    # The header

    def _check_sender(self, said: _Said) -> _Sender:
        number, name, host, port, incarnation, epoch, version, cluster = said
        kind = _kind(number)
        _check_name(name)
        address = self._check_address(host, port)
        _check_incarnation(incarnation)
        self._check_epoch(epoch)
        if cluster:
            _check_name(cluster, MAX_CLUSTER_BYTES, "cluster")
        sender = (kind, name, address, incarnation, epoch, version, cluster)
        _keep(self._senders, said, sender)
        return sender

    def _check_target(self, target: _Target) -> _FromTargetOn:
        name, epoch, incarnation = target
        if name:
            _check_name(name)
        self._check_epoch(epoch)
        _check_incarnation(incarnation)
        rest = (*target, *_NO_REST)
        _keep(self._targets, target, rest)
        return rest

    def _seven_fields(self, wire: swim_pb2.Datagram, number: int) -> Message:
        """From a peer that knows only the original schema: its address may be left unsaid."""
        kind = _kind(number)
        if kind > MessageType.FAIL:
            raise Malformed("version", "one of our types without a version")
        _check_name(wire.node_id)
        destination = None
        if wire.dest_addr:
            destination = self._check_address(wire.dest_addr, wire.dest_port)
        return Message(
            kind,
            wire.node_id,
            self._said_or_not(wire.addr, wire.port),
            min(max(wire.heart_beat, 0), MAX_INCARNATION),
            version=0,
            destination=destination,
        )

    def _said_or_not(self, host: str, port: int) -> Address:
        """The address that a peer names, without a host if it names none that can be reached."""
        try:
            address = self._check_address(host, port)
        except Malformed:
            return Address("", port if 0 < port < _PORTS else 0)
        unspecified = address.host in ("0.0.0.0", "::")
        return Address("", port) if unspecified else address

    # What only some types use

    def _with_the_rest(
        self, wire: swim_pb2.Datagram, sender: _Sender, news: tuple[Claim, ...]
    ) -> Message:
        target: _Target = ("", 0, 0)
        if sender[0] is MessageType.PING_REQ or sender[0] is MessageType.NACK:
            target = (wire.target, wire.target_epoch, wire.target_incarnation)
            if target not in self._targets:
                self._check_target(target)
        if len(wire.digest) not in (0, DIGEST_PARTS) or len(wire.listed) > MAX_LISTED:
            raise Malformed("length")
        if not 0 <= wire.observed < len(_KINDS):
            raise Malformed("observed", str(wire.observed))
        destination = None
        if wire.dest_addr:
            destination = self._check_address(wire.dest_addr, wire.dest_port)
        return Message(
            *sender,
            wire.sequence,
            news,
            *target,
            destination,
            wire.budget / 1000.0,
            _KINDS[wire.observed],
            tuple([self._listed(entry) for entry in wire.listed]),
            wire.bootstrap,
            tuple(wire.digest),
            wire.page,
            wire.pages,
            wire.wanted,
        )

    def _listed(self, entry: swim_pb2.Listed) -> Listed:
        _check_name(entry.node_id)
        self._check_epoch(entry.epoch)
        _check_incarnation(entry.heartbeat)
        address = self._check_address(entry.address, entry.port)
        return Listed(entry.node_id, address, entry.heartbeat, entry.epoch)

    # Claims

    def _checked(self, wire: swim_pb2.Update) -> Claim:
        _check_name(wire.name)
        self._check_epoch(wire.epoch)
        if len(wire.address) not in (4, 16):
            raise Malformed("address", f"{len(wire.address)} bytes")
        address = self._check_address(str(ipaddress.ip_address(wire.address)), wire.port)
        _check_incarnation(wire.incarnation)
        if not 0 <= wire.state < len(STATES):
            raise Malformed("state", str(wire.state))
        if len(wire.evidence) > MAX_EVIDENCE or wire.age > MAX_AGE:
            raise Malformed("length")
        if wire.by:
            _check_name(wire.by)
        try:
            tags = check_tags((tag.key, tag.value) for tag in wire.tags)
        except ValueError as error:
            raise Malformed("tags", str(error)) from None
        state = STATES[wire.state]
        if wire.evidence and state is not State.SUSPECT and state is not State.FAILED:
            raise Malformed("evidence", f"of somebody {state.value}")
        return Claim(
            wire.name,
            address,
            wire.epoch,
            wire.incarnation,
            state,
            tags,
            merged_evidence(map(_entry, wire.evidence)),
            wire.by,
            wire.seven_fields,
            wire.streams,
            0.0 if state.living else float(wire.age),
        )

    def _check_address(self, host: str, port: int) -> Address:
        address = self._addresses.get((host, port))
        if address is not None:
            return address
        if not 0 < port < _PORTS:
            raise Malformed("address", f"port {port}")
        try:
            address = Address(normal_host(host), port)
        except ValueError as error:
            raise Malformed("address", str(error)) from None
        _keep(self._addresses, (host, port), address)
        return address

    def _check_epoch(self, epoch: int) -> None:
        if epoch > MAX_EPOCH:
            raise Malformed("epoch", str(epoch))
        if epoch > (self._now() + MAX_AHEAD) * 1000:
            raise Malformed("future", f"epoch {epoch} is more than a day ahead of our clock")


def _kind(number: int) -> MessageType:
    if not 0 <= number < _KNOWN:
        raise Malformed("type", f"{number} is not known")
    return _TYPES[number]


def _check_name(name: str, most: int = MAX_NAME_BYTES, reason: str = "name") -> None:
    try:
        check_text(name, most, f"a {reason}")
    except ValueError as error:
        raise Malformed(reason, str(error)) from None


def _check_incarnation(incarnation: int) -> None:
    if not 0 <= incarnation <= MAX_INCARNATION:
        raise Malformed("incarnation", str(incarnation))


def _entry(entry: swim_pb2.Evidence) -> Evidence:
    _check_name(entry.witness)
    if not 0 <= entry.kind < len(_KINDS):
        raise Malformed("evidence", f"kind {entry.kind}")
    return Evidence(entry.witness, _KINDS[entry.kind], entry.counter)


def _keep(cache: dict[_K, _V], key: _K, value: _V) -> None:
    if len(cache) >= _CACHED:
        cache.clear()
    cache[key] = value
