"""Encodes messages to bytes (docs/wire.rst).

Encoded protobuf messages concatenate, so a datagram is assembled from parts that are each encoded
once: the sender's header, the fields of this message, and as many updates as fit.
"""

from __future__ import annotations

import ipaddress
import math
import struct
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from swimtx.limits import MAX_AGE, MAX_CLUSTER_BYTES, check_text
from swimtx.membership.claim import Claim, State
from swimtx.wire import swim_pb2
from swimtx.wire.messages import Contact, Message, MessageType

STATES = (State.ALIVE, State.SUSPECT, State.FAILED, State.LEFT)
"""The states in the order of their numbers on the wire."""

MAX_UPDATE_BYTES = 1064
"""The maximum size of an encoded update, in bytes, if the claim is within its limits: with the
largest header and an envelope's overhead it still fits a datagram of 1400 bytes."""

_CACHED = 4096  # entries of each cache of encoded values
_EVIDENCE_BYTES = 192  # the maximum that evidence takes of an update
_STATE_NUMBERS = {state: number for number, state in enumerate(STATES)}
_ONE_BYTE, _TWO_BYTES = 1 << 7, 1 << 14  # lengths from which a varint takes more bytes
_SLACK = 1e-6  # seconds of rounding error in an age

#: Encode a sequence number of 32 bits as field 8.
sequence_field: Callable[[int], bytes] = partial(struct.Struct("<cI").pack, b"\x45")


def fields(**values: Any) -> bytes:
    """Encode fields of a datagram, given by their names in swim.proto."""
    return swim_pb2.Datagram(**values).SerializeToString()


def target_fields(target: Claim) -> bytes:
    """Encode the target of a PING: the run that the sender knows."""
    return _target_fields(target.name, target.epoch, target.incarnation)


@lru_cache(4096)
def _target_fields(name: str, epoch: int, incarnation: int) -> bytes:
    return fields(target=name, target_epoch=epoch, target_incarnation=incarnation)


def header(sender: Claim, kind: MessageType, cluster: str, version: int) -> bytes:
    """Encode the fields that all messages of one type from one run of a sender share."""
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
    """Frame an encoded update as field 10 of a datagram: tag, length, bytes."""
    length = len(update)
    if length < _ONE_BYTE:
        return b"\x52%c%b" % (length, update)
    if length < _TWO_BYTES:
        return b"\x52%c%c%b" % (length & 0x7F | 0x80, length >> 7, update)
    return fields(updates=[update])


def encode_update(claim: Claim, age: float = 0.0) -> bytes:
    """Encode one claim; equal claims have equal bytes. The latest results are cached.

    Evidence is included as far as there is room.

    @param age: seconds since the state began; encoded for failed and left members only, and
        rounded up, so that a record that is forwarded many times still grows old.
    """
    whole = 0 if claim.state.living else min(math.ceil(max(0.0, age - _SLACK)), MAX_AGE)
    return _encoded(claim, whole)


@lru_cache(maxsize=_CACHED)
def _encoded(claim: Claim, age: int) -> bytes:
    update = swim_pb2.Update(
        name=claim.name,
        address=_packed(claim.address.host),
        port=claim.address.port,
        state=_STATE_NUMBERS[claim.state],  # type: ignore[arg-type]
        epoch=claim.epoch,
        incarnation=claim.incarnation,
        by=claim.by,
        age=age,
        seven_fields=claim.legacy,
        streams=claim.streams,
    )
    for key, value in claim.tags:
        update.tags.add(key=key, value=value)
    if claim.evidence:
        _add_evidence(update, claim)
    return update.SerializeToString()


@lru_cache(maxsize=_CACHED)
def _packed(host: str) -> bytes:
    return ipaddress.ip_address(host).packed


def _add_evidence(update: swim_pb2.Update, claim: Claim) -> None:
    room = min(_EVIDENCE_BYTES, MAX_UPDATE_BYTES - update.ByteSize())
    for witness, kind, counter in claim.evidence:
        entry = swim_pb2.Evidence(witness=witness, kind=int(kind), counter=counter)  # type: ignore[arg-type]
        size = entry.ByteSize()
        room -= size + (2 if size < _ONE_BYTE else 3)
        if room < 0:
            break
        update.evidence.append(entry)


def encode(message: Message) -> bytes:
    """Encode a whole message from the parts above, for senders of few messages."""
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
            budget=max(0, round(message.budget * 1000)),
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


def listed_entry(entry: Contact) -> swim_pb2.Listed:
    """Convert an entry of the join list for C{fields(listed=[...])}."""
    return swim_pb2.Listed(
        node_id=entry.name,
        heartbeat=entry.incarnation,
        port=entry.address.port,
        address=entry.address.host,
        epoch=entry.epoch,
    )


def check_cluster(cluster: str) -> None:
    """Check that C{cluster} may be a cluster's name.

    @raise ValueError: C{cluster} may not; the text says why.
    """
    check_text(cluster, MAX_CLUSTER_BYTES, "the cluster's name")
