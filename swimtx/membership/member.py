"""A member as the member list presents it to people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the local list presents it: the gossiped claim and local measurements.

    @ivar address: the member's host, an IP literal.
    @ivar since: when this node learnt of the state, less the claim's age, in seconds of the
        reactor's clock.
    @ivar rtt: the last round-trip time in seconds; C{None} if it was never measured.
    """

    name: str
    address: str
    port: int
    state: State
    incarnation: int
    epoch: int
    tags: Mapping[str, str] = field(hash=False)
    since: float
    rtt: float | None = None

    @property
    def host(self) -> str:
        """The member's host, an IP literal: as C{address}."""
        return self.address

    @property
    def endpoint(self) -> Address:
        """The member's C{(host, port)}, the same for UDP and TCP."""
        return Address(self.address, self.port)

    @classmethod
    def from_claim(cls, claim: Claim, since: float, rtt: float | None = None) -> Member:
        """The member that a claim describes, with the measurements of the local table."""
        return cls(
            claim.name,
            claim.address.host,
            claim.address.port,
            claim.state,
            claim.incarnation,
            claim.epoch,
            MappingProxyType(dict(claim.tags)),
            since,
            rtt,
        )

    def to_json(self) -> dict[str, object]:
        """The JSON object for a member in every command and page."""
        return {
            "name": self.name,
            "address": self.address,
            "port": self.port,
            "state": self.state.value,
            "incarnation": self.incarnation,
            "epoch": self.epoch,
            "tags": dict(self.tags),
            "since": self.since,
            "rtt": self.rtt,
        }
