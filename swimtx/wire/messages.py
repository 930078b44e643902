"""The messages of the protocol (SWIM §3.1, §4.1; Lifeguard §IV-A for the NACK), as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, NamedTuple

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation

VERSION = 1


class MessageType(enum.IntEnum):
    """The numbers on the wire. 0 to 5 are those of the original schema and mean the same."""

    PING = 0
    JOIN_REQ = 1
    JOIN_RES = 2
    PING_REQ = 3
    ACK = 4
    FAIL = 5
    LEAVE = 6
    NACK = 7
    GOSSIP = 8
    DIGEST = 9
    TABLE = 10


class Contact(NamedTuple):
    """One entry of a JOIN_RES: somebody that the newcomer should greet.

    @ivar epoch: 0 of a peer of the original seven fields.
    """

    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """What a run of a sender says in all its messages of one type; see L{Message}."""

    type: MessageType
    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0
    version: int = VERSION
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a message is meant for, or is about: the run that its sender knows."""

    name: str = ""
    epoch: int = 0
    incarnation: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What only some types say; see L{Message}."""

    destination: Address | None = None
    budget: float = 0.0
    observed: Observation = Observation.SILENT
    listed: tuple[Contact, ...] = ()
    bootstrap: bool = False
    digest: tuple[int, ...] = ()
    page: int = 0
    pages: int = 0
    wanted: int = 0


NOBODY = Target()
NO_DETAILS = Details()


class Message:
    """One message. What a type does not use keeps its default.

    Most of what comes is alike but for the sequence. So a message is put together from parts that
    are shared; each field of them can be read here as well. None is ever changed.

    @ivar header: what it is, and whose.
    @ivar sequence: matches an ACK or NACK with what asked for it; 0: none.
    @ivar updates: the news that rides along, applied before the message itself.
    @ivar aim: whom it is meant for, or is about.
    @ivar details: the rest.
    """

    __slots__ = ("aim", "details", "header", "sequence", "updates")

    def __init__(
        self,
        header: Header,
        sequence: int = 0,
        updates: tuple[Claim, ...] = (),
        aim: Target = NOBODY,
        details: Details = NO_DETAILS,
    ) -> None:
        self.header = header
        self.sequence = sequence
        self.updates = updates
        self.aim = aim
        self.details = details

    @classmethod
    def of(
        cls,
        type: MessageType,
        name: str,
        address: Address,
        incarnation: int = 0,
        epoch: int = 0,
        version: int = VERSION,
        cluster: str = "",
        sequence: int = 0,
        updates: tuple[Claim, ...] = (),
        target: str = "",
        target_epoch: int = 0,
        target_incarnation: int = 0,
        **details: Any,
    ) -> Message:
        """One whose fields are given one by one, those of L{Details} by their names."""
        header = Header(type, name, address, incarnation, epoch, version, cluster)
        aim = Target(target, target_epoch, target_incarnation)
        return cls(header, sequence, updates, aim, Details(**details))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"Message{self._parts()!r}"

    def _parts(self) -> tuple[object, ...]:
        return self.header, self.sequence, self.updates, self.aim, self.details

    # The header

    @property
    def type(self) -> MessageType:
        """What it is."""
        return self.header.type

    @property
    def name(self) -> str:
        """The sender's name; of a FAIL the departed member's."""
        return self.header.name

    @property
    def address(self) -> Address:
        """The address that goes with C{name}."""
        return self.header.address

    @property
    def incarnation(self) -> int:
        """The incarnation that goes with C{name}."""
        return self.header.incarnation

    @property
    def epoch(self) -> int:
        """The run that goes with C{name}; 0 from a peer of the original seven fields."""
        return self.header.epoch

    @property
    def version(self) -> int:
        """Of the wire format; 0 from a peer of the original seven fields."""
        return self.header.version

    @property
    def cluster(self) -> str:
        """The group's name."""
        return self.header.cluster

    # The target

    @property
    def target(self) -> str:
        """The name a PING or PING_REQ is meant for."""
        return self.aim.name

    @property
    def target_epoch(self) -> int:
        """The run of the target that the sender knows."""
        return self.aim.epoch

    @property
    def target_incarnation(self) -> int:
        """The incarnation of the target that the sender knows."""
        return self.aim.incarnation

    # The details

    @property
    def destination(self) -> Address | None:
        """The original's destAddr and destPort."""
        return self.details.destination

    @property
    def budget(self) -> float:
        """Seconds a relay has before its NACK must be on its way."""
        return self.details.budget

    @property
    def observed(self) -> Observation:
        """What a relay saw, in its NACK."""
        return self.details.observed

    @property
    def listed(self) -> tuple[Contact, ...]:
        """Whom a JOIN_RES hands out."""
        return self.details.listed

    @property
    def bootstrap(self) -> bool:
        """The answering node is no member, only the well-known one."""
        return self.details.bootstrap

    @property
    def digest(self) -> tuple[int, ...]:
        """A hash for each 1/64 of the names (DIGEST, last page of a TABLE)."""
        return self.details.digest

    @property
    def page(self) -> int:
        """Number of this page of a TABLE, counted from 0."""
        return self.details.page

    @property
    def pages(self) -> int:
        """How many pages the TABLE has."""
        return self.details.pages

    @property
    def wanted(self) -> int:
        """The parts of the names, as a mask of 64 bits, that the sender asks for."""
        return self.details.wanted
