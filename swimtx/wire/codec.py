"""Messages to bytes and back (docs/wire.rst).

Encoded protobuf messages concatenate. So a datagram is put together from parts that were each
encoded once: the sender's header, the fields of this message, and as many updates as fit.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from swimtx.errors import Malformed
from swimtx.member import (
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

MAX_AHEAD = 24 * 3600.0  # seconds that an epoch may lie ahead of our clock
MAX_AGE = 2**31  # seconds
MAX_LISTED = 256
DIGEST_PARTS = 64
EVIDENCE_BYTES = 192  # of one update's evidence, so that an update always fits a datagram

_TYPES = tuple(MessageType)
_STATES = (State.ALIVE, State.SUSPECT, State.FAILED, State.LEFT)
_STATE_NUMBERS = {state: number for number, state in enumerate(_STATES)}
_KINDS = tuple(Kind)
_CACHED = 4096  # entries that each cache may hold
_UPDATE_TAG = b"\x52"  # field 10, length-delimited
_sequence_field = struct.Struct("<cI").pack
_parse = swim_pb2.Datagram.FromString


def sequence_field(sequence: int) -> bytes:
    """Field 8, the sequence number, encoded."""
    return _sequence_field(b"\x45", sequence)


def fields(**values: Any) -> bytes:
    """Some fields of a datagram, by their names in swim.proto, encoded."""
    return swim_pb2.Datagram(**values).SerializeToString()


def target_fields(target: Claim) -> bytes:
    """Whom a PING is meant for, as its sender knows it, encoded."""
    return fields(
        target=target.name, target_epoch=target.epoch, target_incarnation=target.incarnation
    )


def header(sender: Claim, kind: MessageType, cluster: str, version: int) -> bytes:
    """The fields that are the same in all messages of one type from one run of a sender."""
    return fields(
        node_id=sender.name,
        addr=sender.address.host,
        port=sender.address.port,
        heart_beat=sender.incarnation,
        type=int(kind),
        cluster=cluster,
        version=version,
        epoch=sender.epoch if version else 0,
    )


def framed(update: bytes) -> bytes:
    """An encoded update as field 10 of a datagram: tag, length, bytes."""
    length = len(update)
    if length < 0x80:
        return b"\x52%c%b" % (length, update)
    return b"\x52%c%c%b" % (length & 0x7F | 0x80, length >> 7, update)


def encode_update(claim: Claim, age: float = 0.0) -> bytes:
    """One claim as bytes; C{age} in seconds goes along with what is failed or left."""
    update = swim_pb2.Update(
        name=claim.name,
        address=ipaddress.ip_address(claim.address.host).packed,
        port=claim.address.port,
        state=_STATE_NUMBERS[claim.state],  # type: ignore[arg-type]
        epoch=claim.epoch,
        incarnation=claim.incarnation,
        by=claim.by,
        age=min(int(age), MAX_AGE) if not claim.state.living else 0,
        seven_fields=claim.seven_fields,
    )
    for key, value in claim.tags:
        update.tags.add(key=key, value=value)
    room = EVIDENCE_BYTES
    for witness, kind, counter in claim.evidence:
        entry = swim_pb2.Evidence(witness=witness, kind=int(kind), counter=counter)  # type: ignore[arg-type]
        room -= entry.ByteSize() + 2
        if room < 0:
            break
        update.evidence.append(entry)
    return update.SerializeToString()


class Codec:
    """Decodes what the network sends, checking every field.

    One may be shared by several nodes; what it decodes is frozen.

    @param now: gives the wall clock in seconds, to refuse epochs far ahead of it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._claims: dict[bytes, Claim] = {}
        self._addresses: dict[tuple[str, int], Address] = {}
        self._names: dict[str, None] = {}

    def decode(self, data: bytes) -> Message:
        """One datagram, or one frame of a stream.

        @raise Malformed: it is no message of ours. Nothing else is ever raised.
        """
        try:
            wire = _parse(data)
        except DecodeError:
            raise Malformed("protobuf") from None
        number = wire.type
        if not 0 <= number < len(_TYPES):
            raise Malformed("type", f"{number} is not known")
        name = wire.node_id
        version = wire.version
        if name not in self._names:
            self._check_name(name)
        if not version:
            return self._seven_fields(wire, name, _TYPES[number])
        address = self._addresses.get((wire.addr, wire.port))
        if address is None:
            address = self._check_address(wire.addr, wire.port)
        incarnation = wire.heart_beat
        epoch = wire.epoch
        if not 0 <= incarnation <= MAX_INCARNATION:
            raise Malformed("incarnation", str(incarnation))
        if epoch > MAX_EPOCH:
            raise Malformed("epoch", str(epoch))
        message = Message(
            _TYPES[number],
            name,
            address,
            incarnation,
            epoch,
            version,
            wire.cluster,
            wire.sequence,
            tuple([self._claims.get(u) or self.decode_update(u) for u in wire.updates]),
            wire.target,
            wire.target_epoch,
            wire.target_incarnation,
        )
        if number == MessageType.PING or number == MessageType.ACK:
            return message
        return self._with_the_rest(message, wire)

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
        if len(self._claims) >= _CACHED:
            self._claims.clear()
        self._claims[update] = claim
        return claim

    def _with_the_rest(self, message: Message, wire: swim_pb2.Datagram) -> Message:
        """The fields that only some types use."""
        if len(wire.digest) not in (0, DIGEST_PARTS) or len(wire.listed) > MAX_LISTED:
            raise Malformed("length")
        if not 0 <= wire.observed < len(_KINDS):
            raise Malformed("observed", str(wire.observed))
        destination = None
        if wire.dest_addr:
            destination = self._check_address(wire.dest_addr, wire.dest_port)
        return message._replace(
            destination=destination,
            budget=wire.budget / 1000.0,
            observed=_KINDS[wire.observed],
            listed=tuple([self._listed(entry) for entry in wire.listed]),
            bootstrap=wire.bootstrap,
            digest=tuple(wire.digest),
            page=wire.page,
            pages=wire.pages,
            wanted=wire.wanted,
        )

    def _seven_fields(self, wire: swim_pb2.Datagram, name: str, kind: MessageType) -> Message:
        """From a peer that knows only the original schema: its address may be left unsaid."""
        if kind > MessageType.FAIL:
            raise Malformed("version", "one of our types without a version")
        try:
            address = self._check_address(wire.addr, wire.port)
        except Malformed:
            address = Address("", wire.port if 0 < wire.port <= 0xFFFF else 0)
        destination = None
        if wire.dest_addr:
            destination = self._check_address(wire.dest_addr, wire.dest_port)
        incarnation = min(max(wire.heart_beat, 0), MAX_INCARNATION)
        return Message(
            kind, name, address, incarnation, version=0, cluster="", destination=destination
        )

    def _check_name(self, name: str) -> None:
        try:
            check_text(name, MAX_NAME_BYTES, "a name")
        except ValueError as error:
            raise Malformed("name", str(error)) from None
        if len(self._names) >= _CACHED:
            self._names.clear()
        self._names[name] = None

    def _check_address(self, host: str, port: int) -> Address:
        address = self._addresses.get((host, port))
        if address is not None:
            return address
        if not 0 < port <= 0xFFFF:
            raise Malformed("address", f"port {port}")
        try:
            address = Address(normal_host(host), port)
        except ValueError as error:
            raise Malformed("address", str(error)) from None
        if len(self._addresses) >= _CACHED:
            self._addresses.clear()
        self._addresses[host, port] = address
        return address

    def _check_epoch(self, epoch: int) -> None:
        if not 0 <= epoch <= MAX_EPOCH:
            raise Malformed("epoch", str(epoch))
        if epoch > (self._now() + MAX_AHEAD) * 1000:
            raise Malformed("future", f"epoch {epoch} is more than a day ahead of our clock")

    def _listed(self, entry: swim_pb2.Listed) -> Listed:
        self._check_name(entry.node_id)
        self._check_epoch(entry.epoch)
        if not 0 <= entry.heartbeat <= MAX_INCARNATION:
            raise Malformed("incarnation", str(entry.heartbeat))
        address = self._check_address(entry.address, entry.port)
        return Listed(entry.node_id, address, entry.heartbeat, entry.epoch)

    def _checked(self, wire: swim_pb2.Update) -> Claim:
        self._check_name(wire.name)
        self._check_epoch(wire.epoch)
        if len(wire.address) not in (4, 16):
            raise Malformed("address", f"{len(wire.address)} bytes")
        address = self._check_address(str(ipaddress.ip_address(wire.address)), wire.port)
        if wire.incarnation > MAX_INCARNATION:
            raise Malformed("incarnation", str(wire.incarnation))
        if not 0 <= wire.state < len(_STATES):
            raise Malformed("state", str(wire.state))
        if len(wire.evidence) > MAX_EVIDENCE or wire.age > MAX_AGE:
            raise Malformed("length")
        try:
            tags = check_tags((tag.key, tag.value) for tag in wire.tags)
            if wire.by:
                check_text(wire.by, MAX_NAME_BYTES, "a name")
        except ValueError as error:
            raise Malformed("tags", str(error)) from None
        state = _STATES[wire.state]
        if wire.evidence and state not in (State.SUSPECT, State.FAILED):
            raise Malformed("evidence", f"of somebody {state.value}")
        evidence = merged_evidence([self._entry(entry) for entry in wire.evidence])
        return Claim(
            wire.name,
            address,
            wire.epoch,
            wire.incarnation,
            state,
            tags,
            evidence,
            wire.by,
            wire.seven_fields,
            float(wire.age) if not state.living else 0.0,
        )

    def _entry(self, entry: swim_pb2.Evidence) -> Evidence:
        self._check_name(entry.witness)
        if not 0 <= entry.kind < len(_KINDS):
            raise Malformed("evidence", f"kind {entry.kind}")
        return Evidence(entry.witness, _KINDS[entry.kind], entry.counter)


def encode(message: Message) -> bytes:
    """A whole message as bytes, for those who send few: the parts above, put together."""
    sender = Claim(message.name, message.address, message.epoch, message.incarnation)
    parts = [header(sender, message.type, message.cluster, message.version)]
    if message.sequence:
        parts.append(sequence_field(message.sequence))
    destination = message.destination
    parts.append(
        fields(
            dest_addr=destination.host if destination else "",
            dest_port=destination.port if destination else 0,
            target=message.target,
            target_epoch=message.target_epoch,
            target_incarnation=message.target_incarnation,
            budget=round(message.budget * 1000),
            observed=int(message.observed),
            listed=[listed_entry(entry) for entry in message.listed],
            bootstrap=message.bootstrap,
            digest=message.digest,
            page=message.page,
            pages=message.pages,
            wanted=message.wanted,
        )
    )
    parts += [framed(encode_update(claim, claim.age)) for claim in message.updates]
    return b"".join(parts)


def listed_entry(entry: Listed) -> swim_pb2.Listed:
    """An entry of the join list, for C{fields(listed=[...])}."""
    return swim_pb2.Listed(
        node_id=entry.name,
        heartbeat=entry.incarnation,
        port=entry.address.port,
        address=entry.address.host,
        epoch=entry.epoch,
    )


def check_cluster(cluster: str) -> None:
    """Whether this may be a cluster's name.

    @raise ValueError: it may not.
    """
    check_text(cluster, MAX_CLUSTER_BYTES, "the cluster's name")
