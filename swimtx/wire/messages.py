"""The messages of the protocol (SWIM §3.1, §4.1; Lifeguard §IV-A for the NACK), as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation

VERSION = 1


class MessageType(enum.IntEnum):
    """The types and their numbers on the wire; 0 to 5 mean the same as in the original schema."""

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
    """One entry of a JOIN_RES: a member that the newcomer should contact.

    @ivar epoch: the member's run; 0 for a peer of the original seven fields.
    """

    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """The fields that all messages of one type from one run of a sender share; see L{Message}."""

    type: MessageType
    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0
    version: int = VERSION
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The member that a message is meant for, or is about: the run that the sender knows."""

    name: str = ""
    epoch: int = 0
    incarnation: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """The fields that only some types use; see L{Message}."""

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
    """One message. A field that its type does not use has its default.

    Most received messages differ in the sequence only, so a message is assembled from shared
    parts, which are never changed. The message has each field of its parts as a property.

    @ivar header: the type and the sender.
    @ivar sequence: matches an ACK or NACK with its request; 0: none.
    @ivar updates: the piggybacked claims, applied before the message itself.
    @ivar aim: the target: the member that the message is meant for, or is about.
    @ivar details: the fields that only some types use.
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
        """The type of the message."""
        return self.header.type

    @property
    def name(self) -> str:
        """The sender's name; in a FAIL the departed member's."""
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
        """The epoch that goes with C{name}; 0 from a peer of the original seven fields."""
        return self.header.epoch

    @property
    def version(self) -> int:
        """The version of the wire format; 0 from a peer of the original seven fields."""
        return self.header.version

    @property
    def cluster(self) -> str:
        """The group's name."""
        return self.header.cluster

    # The target

    @property
    def target(self) -> str:
        """The target's name."""
        return self.aim.name

    @property
    def target_epoch(self) -> int:
        """The epoch of the target that the sender knows."""
        return self.aim.epoch

    @property
    def target_incarnation(self) -> int:
        """The incarnation of the target that the sender knows."""
        return self.aim.incarnation

    # The details

    @property
    def destination(self) -> Address | None:
        """The original schema's destAddr and destPort: in a PING_REQ the target's address."""
        return self.details.destination

    @property
    def budget(self) -> float:
        """Seconds within which a relay must send its NACK."""
        return self.details.budget

    @property
    def observed(self) -> Observation:
        """The observation of a relay, in its NACK."""
        return self.details.observed

    @property
    def listed(self) -> tuple[Contact, ...]:
        """The members that a JOIN_RES lists."""
        return self.details.listed

    @property
    def bootstrap(self) -> bool:
        """Whether the answering node is the bootstrap node and no member."""
        return self.details.bootstrap

    @property
    def digest(self) -> tuple[int, ...]:
        """A hash for each of the 64 parts of the names (DIGEST, last page of a TABLE)."""
        return self.details.digest

    @property
    def page(self) -> int:
        """The number of this page of a TABLE, counted from 0."""
        return self.details.page

    @property
    def pages(self) -> int:
        """The number of pages of the TABLE."""
        return self.details.pages

    @property
    def wanted(self) -> int:
        """The parts of the names that the sender requests, as a mask of 64 bits."""
        return self.details.wanted
