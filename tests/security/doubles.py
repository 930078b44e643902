"""Test doubles: an admission that refuses some hosts, and two envelopes."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.errors import Malformed
from swimtx.interfaces import IAdmission, IEnvelope


@implementer(IAdmission)
class AdmitAllBut:
    """Refuses the addresses of some hosts.

    @ivar asked: the addresses that were asked about.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self.refused = set(hosts)
        self.asked: list[Address] = []

    def admits(self, address: Address) -> bool:
        self.asked.append(address)
        return address.host not in self.refused


@implementer(IEnvelope)
class CountingEnvelope:
    """Leaves bytes unchanged.

    @ivar opened: number of calls of L{open}.
    """

    overhead = 0

    def __init__(self) -> None:
        self.opened = 0

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        self.opened += 1
        return data


@implementer(IEnvelope)
class TaggedEnvelope:
    """Adds a tag that only holders of the key can compute."""

    overhead = 16

    def __init__(self, key: bytes = b"key") -> None:
        self._key = key

    def seal(self, data: bytes) -> bytes:
        return self._tag(data) + data

    def open(self, data: bytes) -> bytes:
        if not hmac.compare_digest(data[:16], self._tag(data[16:])):
            raise Malformed("envelope")
        return data[16:]

    def _tag(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")[:16]
