"""Decodes bytes to messages, checking every field (docs/wire.rst).

Values that recur (senders, targets, claims) are checked once and looked up in a dictionary from
then on. The dictionaries are bounded, in entries and in the size of each.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from google.protobuf.message import DecodeError

from swimtx.errors import Malformed
from swimtx.limits import MAX_CLUSTER_BYTES, MAX_INCARNATION
from swimtx.membership.claim import Claim
from swimtx.wire import swim_pb2
from swimtx.wire.claim_decoder import ClaimDecoder
from swimtx.wire.encoding import fields, sequence_field
from swimtx.wire.messages import (
    NO_DETAILS,
    NOBODY,
    Contact,
    Details,
    Header,
    Message,
    MessageType,
    Target,
)
from swimtx.wire.validation import (
    KINDS,
    Addresses,
    check_epoch,
    check_incarnation,
    check_name,
    checked_address,
    keep,
    message_type,
    said_or_not,
)

MAX_LISTED = 256
DIGEST_PARTS = 64

# Reading a repeated field costs as much as four others, even when it is empty. An update's tag is
# this byte, so a datagram without the byte has no updates.
_UPDATE_TAG = 0x52
# Plain integers: comparing with them is several times faster than with members of an enum.
_PING = int(MessageType.PING)
_ACK = int(MessageType.ACK)
_BARE = frozenset(map(int, (MessageType.GOSSIP, MessageType.FAIL, MessageType.LEAVE)))

# Most datagrams are a PING or an ACK without updates, in our encoder's layout: a header, the
# sequence, at most a target. Encoded messages concatenate, so such a datagram is decoded by looking
# up its head and its tail. The cut between them is a guess: wherever it is, both have to be known.
_VERSION_THEN_EPOCH = b"\x60\x01\x68"
_SEQUENCE_TAG = b"\x45"
# Bytes from there to the sequence: an epoch of this century is a varint of six bytes.
_TO_SEQUENCE = len(_VERSION_THEN_EPOCH) + 6 + len(_SEQUENCE_TAG)

_number_at = struct.Struct("<I").unpack_from
_parse = swim_pb2.Datagram.FromString
_new = object.__new__

_HeaderFields = tuple[int, str, str, int, int, int, int, str]
_TargetFields = tuple[str, int, int]


class Codec:
    """Decodes received bytes, checking every field.

    Several nodes may share a codec: decoded messages are never changed.

    @param now: returns the wall clock in seconds, to refuse epochs far ahead of it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._headers: dict[_HeaderFields, Header] = {}
        self._targets: dict[_TargetFields, Target] = {}
        self._addresses: Addresses = {}
        self._claims = ClaimDecoder(now, self._addresses)
        self._heads: dict[bytes, Header] = {}
        self._tails: dict[bytes, Target] = {b"": NOBODY}

    def decode(self, data: bytes) -> Message:
        """Decode one datagram, or one frame of a stream.

        @raise Malformed: the bytes are no valid message. No other exception is ever raised.
        """
        cut = data.find(_VERSION_THEN_EPOCH) + _TO_SEQUENCE
        head = self._heads.get(data[:cut])
        if head is not None:
            tail = self._tails.get(data[cut + 4 :])
            if tail is not None and len(data) >= cut + 4:
                message = _new(Message)  # faster than a call of the class
                message.header = head
                (message.sequence,) = _number_at(data, cut)
                message.updates = ()
                message.aim = tail
                message.details = NO_DETAILS
                return message
        return self._decode_fully(data)

    def _decode_fully(self, data: bytes) -> Message:
        try:
            wire = _parse(data)
        except DecodeError:
            raise Malformed("protobuf") from None
        number = wire.type
        version = wire.version
        if not version:
            return self._decode_legacy(wire, number)
        values = (
            number,
            wire.node_id,
            wire.addr,
            wire.port,
            wire.heart_beat,
            wire.epoch,
            version,
            wire.cluster,
        )
        header = self._headers.get(values) or self._check_header(values)
        updates = self._claims.all(wire.updates) if _UPDATE_TAG in data else ()
        # Only an ACK from a relay names a target.
        if number == _PING or (number == _ACK and wire.target):
            aim = self._target(wire)
        elif number == _ACK or number in _BARE:
            aim = NOBODY
        else:
            return self._decode_with_details(wire, header, updates)
        if not updates and number not in _BARE:
            self._cache_head_and_tail(data, header, wire.sequence, aim)
        return Message(header, wire.sequence, updates, aim)

    def _cache_head_and_tail(self, data: bytes, header: Header, sequence: int, aim: Target) -> None:
        """Cache both, if the datagram has exactly the layout of our encoder."""
        host, port = header.address
        head = fields(
            type=int(header.type),
            node_id=header.name,
            addr=host,
            port=port,
            heart_beat=header.incarnation,
            epoch=header.epoch,
            version=header.version,
            cluster=header.cluster,
        )
        tail = b""
        if aim.name:
            tail = fields(
                target=aim.name, target_epoch=aim.epoch, target_incarnation=aim.incarnation
            )
        if data == head + sequence_field(sequence) + tail:
            keep(self._heads, head + _SEQUENCE_TAG, header)
            keep(self._tails, tail, aim if tail else NOBODY)

    def decode_update(self, update: bytes) -> Claim:
        """Decode one update.

        @raise Malformed: a field exceeds its limits, or the epoch is in the future.
        """
        return self._claims.decode(update)

    # The header

    def _check_header(self, values: _HeaderFields) -> Header:
        number, name, host, port, incarnation, epoch, version, cluster = values
        kind = message_type(number)
        check_name(name)
        address = checked_address(self._addresses, host, port)
        check_incarnation(incarnation)
        check_epoch(epoch, self._now())
        if cluster:
            check_name(cluster, MAX_CLUSTER_BYTES, "cluster")
        header = Header(kind, name, address, incarnation, epoch, version, cluster)
        keep(self._headers, values, header)
        return header

    def _target(self, wire: swim_pb2.Datagram) -> Target:
        named = (wire.target, wire.target_epoch, wire.target_incarnation)
        return self._targets.get(named) or self._check_target(named)

    def _check_target(self, named: _TargetFields) -> Target:
        name, epoch, incarnation = named
        if name:
            check_name(name)
        check_epoch(epoch, self._now())
        check_incarnation(incarnation)
        target = Target(name, epoch, incarnation)
        keep(self._targets, named, target)
        return target

    def _decode_legacy(self, wire: swim_pb2.Datagram, number: int) -> Message:
        """Decode a message of a peer with the original schema only; it may omit its address."""
        kind = message_type(number)
        if kind > MessageType.FAIL:
            raise Malformed("version", "one of our types without a version")
        check_name(wire.node_id)
        destination = None
        if wire.dest_addr:
            destination = checked_address(self._addresses, wire.dest_addr, wire.dest_port)
        header = Header(
            kind,
            wire.node_id,
            said_or_not(self._addresses, wire.addr, wire.port),
            min(max(wire.heart_beat, 0), MAX_INCARNATION),
            version=0,
        )
        return Message(header, details=Details(destination))

    # The details

    def _decode_with_details(
        self, wire: swim_pb2.Datagram, header: Header, updates: tuple[Claim, ...]
    ) -> Message:
        aims = header.type is MessageType.PING_REQ or header.type is MessageType.NACK
        aim = self._target(wire) if aims else NOBODY
        if len(wire.digest) not in (0, DIGEST_PARTS) or len(wire.listed) > MAX_LISTED:
            raise Malformed("length")
        if not 0 <= wire.observed < len(KINDS):
            raise Malformed("observed", str(wire.observed))
        destination = None
        if wire.dest_addr:
            destination = checked_address(self._addresses, wire.dest_addr, wire.dest_port)
        details = Details(
            destination,
            wire.budget / 1000.0,
            KINDS[wire.observed],
            tuple([self._listed(entry) for entry in wire.listed]),
            wire.bootstrap,
            tuple(wire.digest),
            wire.page,
            wire.pages,
            wire.wanted,
        )
        return Message(header, wire.sequence, updates, aim, details)

    def _listed(self, entry: swim_pb2.Listed) -> Contact:
        check_name(entry.node_id)
        check_epoch(entry.epoch, self._now())
        check_incarnation(entry.heartbeat)
        address = checked_address(self._addresses, entry.address, entry.port)
        return Contact(entry.node_id, address, entry.heartbeat, entry.epoch)
