"""Messages to bytes (docs/wire.rst).

Encoded protobuf messages concatenate. So a datagram is put together from parts that were each
encoded once: the sender's header, the fields of this message, and as many updates as fit.
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
"""The states by their numbers on the wire."""

MAX_UPDATE_BYTES = 1064
"""The most that C{encode_update} makes of a claim within its limits: with the largest header and
an envelope's overhead it still fits a datagram of 1400 bytes."""

_CACHED = 4096  # records whose bytes are kept
_EVIDENCE_BYTES = 192  # the most that the evidence may take of it
_STATE_NUMBERS = {state: number for number, state in enumerate(STATES)}
_ONE_BYTE, _TWO_BYTES = 1 << 7, 1 << 14  # lengths from which a varint is longer than that
_SLACK = 1e-6  # seconds: what a clock's arithmetic may add to an age

#: Field 8 of the sequence number (32 bits) that is given, encoded.
sequence_field: Callable[[int], bytes] = partial(struct.Struct("<cI").pack, b"\x45")


def fields(**values: Any) -> bytes:
    """Some fields of a datagram, by their names in swim.proto, encoded."""
    return swim_pb2.Datagram(**values).SerializeToString()


def target_fields(target: Claim) -> bytes:
    """Whom a PING is meant for, as its sender knows it, encoded."""
    return _target_fields(target.name, target.epoch, target.incarnation)


@lru_cache(4096)
def _target_fields(name: str, epoch: int, incarnation: int) -> bytes:
    return fields(target=name, target_epoch=epoch, target_incarnation=incarnation)


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
    if length < _ONE_BYTE:
        return b"\x52%c%b" % (length, update)
    if length < _TWO_BYTES:
        return b"\x52%c%c%b" % (length & 0x7F | 0x80, length >> 7, update)
    return fields(updates=[update])


def encode_update(claim: Claim, age: float = 0.0) -> bytes:
    """One claim as bytes; the same bytes for equal claims. The latest are kept.

    Of the evidence goes along what there is room for.

    @param age: seconds since the state began; told of what is failed or left, and rounded up, so
        that a record that is handed on and on grows old nevertheless.
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
