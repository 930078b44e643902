"""The messages of the protocol (SWIM §3.1, §4.1; Lifeguard §IV-A for the NACK), as values."""

from __future__ import annotations

import enum
from typing import NamedTuple

from swimtx.member import Address, Claim, Kind

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


class Listed(NamedTuple):
    """One entry of a JOIN_RES: somebody that the newcomer should greet.

    @ivar epoch: 0 of a peer of the original seven fields.
    """

    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0


class Message(NamedTuple):
    """One message. What a type does not use keeps its default.

    @ivar type: what it is.
    @ivar name: the sender's name; of a FAIL the departed member's.
    @ivar address: the address that goes with C{name}.
    @ivar incarnation: the incarnation that goes with C{name}.
    @ivar epoch: the run that goes with C{name}; 0 from a peer of the original seven fields.
    @ivar version: of the wire format; 0 from a peer of the original seven fields.
    @ivar cluster: the group's name.
    @ivar sequence: matches an ACK or NACK with what asked for it; 0: none.
    @ivar updates: the news that rides along, applied before the message itself.
    @ivar target: the name a PING or PING_REQ is meant for.
    @ivar target_epoch: the run of the target that the sender knows.
    @ivar target_incarnation: the incarnation of the target that the sender knows.
    @ivar destination: the original's destAddr and destPort.
    @ivar budget: seconds a relay has before its NACK must be on its way.
    @ivar observed: what a relay saw, in its NACK.
    @ivar listed: whom a JOIN_RES hands out.
    @ivar bootstrap: the answering node is no member, only the well-known one.
    @ivar digest: a hash for each 1/64 of the names (DIGEST, last page of a TABLE).
    @ivar page: number of this page of a TABLE, counted from 0.
    @ivar pages: how many pages the TABLE has.
    @ivar wanted: the parts of the names, as a mask of 64 bits, that the sender asks for.
    """

    type: MessageType
    name: str
    address: Address
    incarnation: int = 0
    epoch: int = 0
    version: int = VERSION
    cluster: str = ""
    sequence: int = 0
    updates: tuple[Claim, ...] = ()
    target: str = ""
    target_epoch: int = 0
    target_incarnation: int = 0
    destination: Address | None = None
    budget: float = 0.0
    observed: Kind = Kind.SILENT
    listed: tuple[Listed, ...] = ()
    bootstrap: bool = False
    digest: tuple[int, ...] = ()
    page: int = 0
    pages: int = 0
    wanted: int = 0
