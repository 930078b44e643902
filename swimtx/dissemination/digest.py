"""The digest of a table, 512 bytes: one hash for each 1/64 of the names."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import attrs

from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange
from swimtx.membership.table import Membership
from swimtx.wire.codec import DIGEST_PARTS


@lru_cache(maxsize=16384)
def part_of(name: str) -> int:
    """The number of the part, of 64, that a name belongs to."""
    return zlib.crc32(name.encode()) % DIGEST_PARTS


def hash_of(claim: Claim) -> int:
    """A hash of 64 bits of the fields that decide which record of a name takes precedence."""
    record = f"{claim.name}\0{claim.epoch}\0{claim.incarnation}\0{claim.state.value}"
    return int.from_bytes(hashlib.blake2b(record.encode(), digest_size=8).digest(), "big")


def differing(one: Sequence[int], other: Sequence[int]) -> int:
    """The parts in which two digests differ, as a mask of 64 bits; all if one digest is empty."""
    if len(one) != len(other):
        return ALL_PARTS
    return sum(
        1 << part for part, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]
    )


ALL_PARTS = (1 << DIGEST_PARTS) - 1


@attrs.define(eq=False, repr=False)
class TableDigest:
    """The digest of the member list, kept up to date change by change."""

    _membership: Membership
    _hashes: dict[str, int] = attrs.field(init=False, factory=dict)
    _parts: list[int] = attrs.field(init=False, factory=lambda: [0] * DIGEST_PARTS)

    def changed(self, change: RecordChange) -> None:
        """Replace the hash of the changed record in its part."""
        name = change.claim.name
        new = hash_of(change.claim)
        self._parts[part_of(name)] ^= self._hashes.get(name, 0) ^ new
        self._hashes[name] = new

    def current(self) -> tuple[int, ...]:
        """One hash of 64 bits for each part: the XOR of the hashes of its records."""
        if len(self._hashes) != len(self._membership):
            for name in [n for n in self._hashes if self._membership.claim(n) is None]:
                self._parts[part_of(name)] ^= self._hashes.pop(name)
        return tuple(self._parts)

    def in_parts(self, wanted: int) -> Iterator[Claim]:
        """The records of the parts in a mask of 64 bits."""
        if not wanted:
            return  # the usual case: at rest all tables are equal
        for claim in self._membership.claims():
            if wanted >> part_of(claim.name) & 1:
                yield claim
