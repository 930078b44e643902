"""Members, what is claimed about them, and which claim takes precedence (SWIM §4.2).

A member is a name; one run of it is an epoch; within a run it counts its incarnation.
Claims about one name are ordered by C{(epoch, left?, incarnation, state)}: the greater key wins,
whoever says it and in whatever order it is heard.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

MAX_NAME_BYTES = 128
MAX_CLUSTER_BYTES = 64
MAX_TAGS = 32
MAX_TAGS_BYTES = 512  # keys and values together
MAX_INCARNATION = 2**30
MAX_EPOCH = 2**53  # milliseconds; beyond it JSON readers would round
MAX_EVIDENCE = 16  # entries that one claim may carry
MAX_AGE = 2**31  # seconds


class State(enum.Enum):
    """What is believed of a member. In precedence alive < suspect < failed; left ends a run.

    @ivar living: whether such a member is still part of the group: alive or suspect.
    """

    ALIVE = "alive"
    SUSPECT = "suspect"
    FAILED = "failed"
    LEFT = "left"

    def __init__(self, word: str) -> None:
        self.living = word in ("alive", "suspect")


_RANK = {State.ALIVE: 0, State.SUSPECT: 1, State.FAILED: 2, State.LEFT: 3}


class Address(NamedTuple):
    """Where a member is reached: an IP literal and a port, the same number for UDP and TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_BROADCAST = ipaddress.ip_address("255.255.255.255")


def normal_host(host: str) -> str:
    """The one spelling of an IP literal: C{::ffff:1.2.3.4} is C{1.2.3.4}.

    @raise ValueError: not an IP literal; a link-local IPv6 one, whose zone the sockets lose; or
        one that stands for many hosts.
    """
    if "%" in host:
        raise ValueError(f"{host} names a zone; link-local addresses are not supported")
    parsed = ipaddress.ip_address(host)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if parsed.version == 6 and parsed.is_link_local:
        raise ValueError(f"{host} is link-local, which is not supported")
    if parsed.is_multicast or parsed == _BROADCAST:
        raise ValueError(f"{host} stands for many hosts")
    return str(parsed)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    return host == "::1" or host.startswith("127.")


def is_wildcard(host: str) -> bool:
    """Whether that address stands for all of the machine's."""
    return host in ("0.0.0.0", "::")


def check_text(text: str, most: int, what: str) -> None:
    """Whether C{text} may be a name: 1 to C{most} bytes of UTF-8, no control characters.

    @raise ValueError: it may not; the text says why, calling it C{what}.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= most:
        raise ValueError(f"{what} must be 1 to {most} bytes of UTF-8, not {text!r}")
    if not text.isprintable() and any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise ValueError(f"{what} {text!r} holds a control character")


def check_tags(tags: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The tags as sorted pairs.

    @raise ValueError: a key is no name or comes twice, a value is no UTF-8, there are more than
        C{MAX_TAGS}, or all together are over C{MAX_TAGS_BYTES}.
    """
    pairs = tuple(sorted(tags))
    if len(pairs) > MAX_TAGS:
        raise ValueError(f"there may be at most {MAX_TAGS} tags, not {len(pairs)}")
    for key, _ in pairs:
        check_text(key, MAX_NAME_BYTES, "a tag's key")
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a tag's key stands twice")
    if sum(len(key.encode()) + len(value.encode()) for key, value in pairs) > MAX_TAGS_BYTES:
        raise ValueError(f"tags must be at most {MAX_TAGS_BYTES} bytes, keys and values together")
    return pairs


class Kind(enum.IntEnum):
    """What a witness saw of a member that did not answer: what kind of failure it looks like."""

    SILENT = 0  # nothing came back at all
    ACCEPTED = 1  # its host accepted a stream, and nobody answered on it
    REFUSED = 2  # its host refused the stream: nobody listens there any more
    BROKEN = 3  # as ACCEPTED, and a stream that had been open to it broke without a goodbye


class Evidence(NamedTuple):
    """One first-hand observation: who saw what, and how often that witness has changed its mind."""

    witness: str
    kind: Kind
    counter: int = 0


def merged_evidence(*several: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The union of some evidence: of each witness its newest entry, sorted by witness."""
    newest: dict[str, Evidence] = {}
    for entries in several:
        for entry in entries:
            held = newest.get(entry.witness)
            if held is None or (entry.counter, entry.kind) > (held.counter, held.kind):
                newest[entry.witness] = entry
    return tuple(newest[witness] for witness in sorted(newest)[:MAX_EVIDENCE])


Key = tuple[int, bool, int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said about a member: the record that is gossiped. Frozen, so it may be shared.

    @ivar name: the member it is about.
    @ivar address: where that member is reached.
    @ivar epoch: its run: wall clock in milliseconds at its start, raised above any remembered one.
    @ivar incarnation: counted from 0 within the run, raised only by the member itself.
    @ivar tags: sorted pairs, at most one a key.
    @ivar evidence: who saw what, of a suspect or failed member.
    @ivar by: the name of the member that said so first; a hint for people.
    @ivar streams: the member says that its stream port has accepted somebody in this run.
    @ivar seven_fields: a peer that knows only the original schema and cannot speak for itself.
    @ivar age: seconds since this state began, as told by the sender (failed and left only).
    @ivar key: what claims about one name are ordered by.
    """

    name: str
    address: Address
    epoch: int
    incarnation: int = 0
    state: State = State.ALIVE
    tags: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    by: str = ""
    seven_fields: bool = False
    streams: bool = False
    age: float = field(default=0.0, compare=False)
    key: Key = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        left = self.state is State.LEFT
        key = (self.epoch, left, self.incarnation, _RANK[self.state])
        object.__setattr__(self, "key", key)

    @property
    def can_relay(self) -> bool:
        """Whether it can be asked to probe somebody, and will say what it saw."""
        return self.state is State.ALIVE and not self.seven_fields

    def alive(self, incarnation: int | None = None) -> Claim:
        """The same member, alive, with another incarnation if one is given."""
        chosen = self.incarnation if incarnation is None else incarnation
        return replace(
            self, state=State.ALIVE, incarnation=chosen, evidence=(), by=self.name, age=0.0
        )

    def suspected(self, by: str, evidence: Iterable[Evidence] = ()) -> Claim:
        """The same run and incarnation, suspected by C{by} (SWIM §4.2)."""
        gathered = merged_evidence(self.evidence, evidence)
        return replace(self, state=State.SUSPECT, by=by, evidence=gathered, age=0.0)

    def failed(self, by: str, evidence: Iterable[Evidence] = ()) -> Claim:
        """The same run and incarnation, declared failed by C{by}: the paper's Confirm."""
        gathered = merged_evidence(self.evidence, evidence)
        return replace(self, state=State.FAILED, by=by, evidence=gathered, age=0.0)

    def departed(self) -> Claim:
        """The same run, ended by the member itself."""
        return replace(self, state=State.LEFT, by=self.name, evidence=(), age=0.0)


def merge(held: Claim, heard: Claim) -> Claim:
    """One claim out of two with equal keys: the evidence of both, the rest from the lower address.

    Commutative, associative and idempotent, so that all who hear both agree.
    """
    if held.evidence == heard.evidence:
        evidence = held.evidence
    else:
        evidence = merged_evidence(held.evidence, heard.evidence)
    first = held if _rest(held) <= _rest(heard) else heard
    return first if first.evidence == evidence else replace(first, evidence=evidence)


def _rest(claim: Claim) -> tuple[Any, ...]:
    return (claim.address, claim.tags, claim.by, claim.seven_fields, claim.streams)


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the local list shows it: what is gossiped, and what was measured here.

    @ivar address: its host, an IP literal.
    @ivar since: when this state was heard of here, in seconds of the reactor's clock.
    @ivar rtt: the last round trip to it in seconds, or C{None} when it was never measured.
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

    @classmethod
    def from_claim(cls, claim: Claim, since: float, rtt: float | None = None) -> Member:
        """The view of a claim, with what the local table adds."""
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

    def to_json(self) -> dict[str, Any]:
        """The JSON object that every command and page shows for a member."""
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
