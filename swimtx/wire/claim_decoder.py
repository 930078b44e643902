"""Decodes the updates piggybacked on messages to claims, checking every field (SWIM §4.1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from google.protobuf.message import DecodeError

from swimtx.errors import Malformed
from swimtx.limits import MAX_AGE, MAX_EVIDENCE, check_tags
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, merged_evidence
from swimtx.wire import swim_pb2
from swimtx.wire.encoding import MAX_UPDATE_BYTES, STATES
from swimtx.wire.validation import (
    KINDS,
    Addresses,
    check_epoch,
    check_incarnation,
    check_name,
    checked_address,
    keep,
)


class ClaimDecoder:
    """Decodes updates, and caches the claims, since most updates arrive many times.

    @param now: returns the wall clock in seconds, to refuse epochs far ahead of it.
    @param addresses: addresses checked before, shared with the decoder of the other fields.
    """

    def __init__(self, now: Callable[[], float], addresses: Addresses) -> None:
        self._now = now
        self._addresses = addresses
        self._known: dict[bytes, Claim] = {}

    def all(self, updates: Iterable[bytes]) -> tuple[Claim, ...]:
        """Decode several updates, in order.

        @raise Malformed: as L{decode}.
        """
        known = self._known.get
        return tuple([known(update) or self.decode(update) for update in updates])

    def decode(self, update: bytes) -> Claim:
        """Decode one update.

        @raise Malformed: a field exceeds its limits, or the epoch is in the future.
        """
        claim = self._known.get(update)
        if claim is not None:
            return claim
        try:
            wire = swim_pb2.Update.FromString(update)
        except DecodeError:
            raise Malformed("update") from None
        claim = self._checked(wire)
        # No claim takes more bytes, but unknown fields may: those updates would fill the memory.
        if len(update) <= MAX_UPDATE_BYTES:
            keep(self._known, update, claim)
        return claim

    def _checked(self, wire: swim_pb2.Update) -> Claim:
        check_name(wire.name)
        check_epoch(wire.epoch, self._now())
        if len(wire.address) not in (4, 16):
            raise Malformed("address", f"{len(wire.address)} bytes")
        address = checked_address(
            self._addresses, str(ipaddress.ip_address(wire.address)), wire.port
        )
        check_incarnation(wire.incarnation)
        if not 0 <= wire.state < len(STATES):
            raise Malformed("state", str(wire.state))
        if len(wire.evidence) > MAX_EVIDENCE or wire.age > MAX_AGE:
            raise Malformed("length")
        if wire.by:
            check_name(wire.by)
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


def _entry(entry: swim_pb2.Evidence) -> Evidence:
    check_name(entry.witness)
    if not 0 <= entry.kind < len(KINDS):
        raise Malformed("evidence", f"kind {entry.kind}")
    return Evidence(entry.witness, KINDS[entry.kind], entry.counter)
