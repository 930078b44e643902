"""A table in 512 bytes: one hash for each 1/64 of the names, to find out where two differ."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

from swimtx.membership.claim import Claim
from swimtx.membership.events import RecordChange
from swimtx.membership.table import Membership
from swimtx.wire.codec import DIGEST_PARTS


@lru_cache(maxsize=16384)
def part_of(name: str) -> int:
    """Which of the 64 parts a name belongs to."""
    return zlib.crc32(name.encode()) % DIGEST_PARTS


def hash_of(claim: Claim) -> int:
    """64 bits that tell one record of a name from another."""
    said = f"{claim.name}\0{claim.epoch}\0{claim.incarnation}\0{claim.state.value}"
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big")


def differing(one: Sequence[int], other: Sequence[int]) -> int:
    """The parts in which two digests differ, as a mask of 64 bits; all if one is missing."""
    if len(one) != len(other):
        return ALL_PARTS
    return sum(
        1 << part for part, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]
    )


ALL_PARTS = (1 << DIGEST_PARTS) - 1


class TableDigest:
    """The digest of the member list, kept up to date change by change."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._hashes: dict[str, int] = {}
        self._parts = [0] * DIGEST_PARTS

    def changed(self, change: RecordChange) -> None:
        """A record of the list is another one now."""
        name = change.claim.name
        new = hash_of(change.claim)
        self._parts[part_of(name)] ^= self._hashes.get(name, 0) ^ new
        self._hashes[name] = new

    def current(self) -> tuple[int, ...]:
        """One hash a part: that of its records, in no order."""
        if len(self._hashes) != len(self._membership):
            for name in [n for n in self._hashes if self._membership.claim(n) is None]:
                self._parts[part_of(name)] ^= self._hashes.pop(name)
        return tuple(self._parts)

    def in_parts(self, wanted: int) -> Iterator[Claim]:
        """The records of the parts in that mask."""
        if not wanted:
            return  # as nearly always: at rest all lists are equal
        for claim in self._membership.claims():
            if wanted >> part_of(claim.name) & 1:
                yield claim
