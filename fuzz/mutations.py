"""Mutations of valid datagrams, as random bytes would not get past the first checks."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_LONG_VARINTS = (
    b"\xff" * 9 + b"\x01",  # 2**64 - 1, or -1
    b"\xff" * 9 + b"\x7f",  # more than 64 bits
    b"\xff" * 12,  # without an end
    b"\x80" * 9 + b"\x01",  # 2**63
    b"\xff\xff\xff\xff\x07",  # 2**31 - 1
    b"\xff\xff\xff\xff\x0f",  # 2**32 - 1
    b"\x80\x80\x80\x80\x08",  # 2**31
    b"\x81\x80\x00",  # 1, in more bytes than needed
)
_WIRE_TYPES = 6


def flip_bits(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Flip one to eight bits."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if damaged:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def set_bytes(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Set one to four bytes to extreme or random values."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if damaged:
            value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            damaged[chance.randrange(len(damaged))] = value
    return bytes(damaged)


def truncate(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Cut off the end at a random place."""
    return data[: chance.randint(0, len(data))]


def remove(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Remove a random piece."""
    start, end = _two_cuts(chance, data)
    return data[:start] + data[end:]


def insert(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Insert random bytes at a random place."""
    at = chance.randint(0, len(data))
    return data[:at] + chance.randbytes(chance.randint(1, 16)) + data[at:]


def splice(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Join the beginning of one datagram and the end of another."""
    other = chance.choice(corpus)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def concatenate(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Append another datagram: protobuf reads one message, in which later fields win."""
    return data + chance.choice(corpus)


def duplicate_field(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Repeat one field, a few or a few hundred times."""
    parts = split(data)
    if not parts:
        return data
    at = chance.randrange(len(parts))
    parts[at:at] = [parts[at]] * chance.choice((1, 2, 3, 300))
    return b"".join(parts)


def shuffle_fields(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Shuffle all fields."""
    parts = split(data)
    chance.shuffle(parts)
    return b"".join(parts)


def drop_field(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Remove one field."""
    parts = split(data)
    if parts:
        del parts[chance.randrange(len(parts))]
    return b"".join(parts)


def borrow_field(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Insert one field of another datagram at a random place."""
    parts, others = split(data), split(chance.choice(corpus))
    if others:
        parts.insert(chance.randint(0, len(parts)), chance.choice(others))
    return b"".join(parts)


def retag_field(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Give one field another number or wire type."""
    parts = split(data)
    if parts:
        at = chance.randrange(len(parts))
        tag = chance.randint(1, 30) << 3 | chance.randrange(_WIRE_TYPES)
        parts[at] = varint(tag) + parts[at][_varint_end(parts[at], 0) :]
    return b"".join(parts)


def blow_up_a_number(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Insert a varint field of extreme value or length."""
    tag = varint(chance.randint(1, 30) << 3)
    parts = split(data)
    parts.insert(chance.randint(0, len(parts)), tag + chance.choice(_LONG_VARINTS))
    return b"".join(parts)


def inside_a_field(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Mutate the content of one length-delimited field, and set its length accordingly."""
    parts = split(data)
    holders = [at for at, part in enumerate(parts) if part[0] & 7 == _LENGTH_DELIMITED]
    if not holders:
        return data
    at = chance.choice(holders)
    tag_end = _varint_end(parts[at], 0)
    content = parts[at][_varint_end(parts[at], tag_end) :]
    others = split(chance.choice(corpus)) or [b""]
    content = chance.choice(SHALLOW)(chance, content, others)
    parts[at] = parts[at][:tag_end] + varint(len(content)) + content
    return b"".join(parts)


SHALLOW: tuple[Mutation, ...] = (
    flip_bits,
    set_bytes,
    truncate,
    remove,
    insert,
    splice,
    concatenate,
    duplicate_field,
    shuffle_fields,
    drop_field,
    borrow_field,
    retag_field,
    blow_up_a_number,
)
MUTATIONS: tuple[Mutation, ...] = (*SHALLOW, *[inside_a_field] * 4)
"""All mutations; L{inside_a_field}, which reaches into updates, occurs four times."""

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


def mutate(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Apply one to three mutations to C{data}."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(MUTATIONS)(chance, data, corpus)
    return data


def varint(number: int) -> bytes:
    """The varint of a number of up to 64 bits."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def split(data: bytes) -> list[bytes]:
    """The encoded fields of a message, with their tags; unreadable bytes are the last piece."""
    parts = []
    at = 0
    while at < len(data):
        end = _field_end(data, at)
        parts.append(data[at:end])
        at = end
    return parts


def _field_end(data: bytes, at: int) -> int:
    wire_type = data[at] & 7
    start = _varint_end(data, at)
    if wire_type == _VARINT:
        end = _varint_end(data, start)
    elif wire_type == _FIXED64:
        end = start + 8
    elif wire_type == _FIXED32:
        end = start + 4
    elif wire_type == _LENGTH_DELIMITED:
        end = _varint_end(data, start)
        end += sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data[start:end]))
    else:
        end = len(data)
    return min(end, len(data))


def _varint_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at] & 0x80:
        at += 1
    return min(at + 1, len(data))


def _two_cuts(chance: random.Random, data: bytes) -> tuple[int, int]:
    first, second = chance.randint(0, len(data)), chance.randint(0, len(data))
    return min(first, second), max(first, second)
