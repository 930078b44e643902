"""Claims about members, and the order in which one claim overrides another (SWIM §4.2).

A name identifies a member, an epoch one run of it, and the incarnation counts within the run.
Claims about one name are ordered by C{(epoch, left?, incarnation, state)}: the greater key wins,
whichever member sends it and in whatever order the claims arrive.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from swimtx.addresses import Address
from swimtx.membership.observation import Evidence, merged_evidence


class State(enum.Enum):
    """The state of a member. In precedence alive < suspect < failed; left ends a run.

    @ivar living: whether a member in this state still belongs to the group: alive or suspect.
    """

    ALIVE = "alive"
    SUSPECT = "suspect"
    FAILED = "failed"
    LEFT = "left"

    def __init__(self, word: str) -> None:
        self.living = word in ("alive", "suspect")


_RANK = {State.ALIVE: 0, State.SUSPECT: 1, State.FAILED: 2, State.LEFT: 3}


Key = tuple[int, bool, int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A record about one member, as it is gossiped. Frozen, so that tables may share it.

    @ivar name: the member that the claim is about.
    @ivar address: the address of that member.
    @ivar epoch: its run: the wall clock in milliseconds at its start, raised above the epoch of
        any run that the group remembers.
    @ivar incarnation: counted from 0 within the run; only the member itself raises it.
    @ivar tags: sorted C{(key, value)} pairs, at most one for each key.
    @ivar evidence: the observations of the witnesses, for a suspect or failed member.
    @ivar by: the name of the member that made the claim first; a hint for people.
    @ivar streams: the member states that its stream port has accepted a stream in this run.
    @ivar legacy: the member knows only the original schema and makes no claims of its own.
    @ivar age: seconds since this state began, as the sender states (failed and left only).
    @ivar key: the precedence among claims about the same name.
    """

    name: str
    address: Address
    epoch: int
    incarnation: int = 0
    state: State = State.ALIVE
    tags: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    by: str = ""
    legacy: bool = False
    streams: bool = False
    age: float = field(default=0.0, compare=False)
    key: Key = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        left = self.state is State.LEFT
        key = (self.epoch, left, self.incarnation, _RANK[self.state])
        object.__setattr__(self, "key", key)

    @property
    def can_relay(self) -> bool:
        """Whether the member can relay a probe (PING_REQ) and report its observation."""
        return self.state is State.ALIVE and not self.legacy

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
        """The same run and incarnation, left: ended by the member itself."""
        return replace(self, state=State.LEFT, by=self.name, evidence=(), age=0.0)


def merge(held: Claim, heard: Claim) -> Claim:
    """Merge claims with equal keys: the evidence of both, the rest from the lower address.

    Commutative, associative and idempotent, so that all members that receive both agree.
    """
    if held.evidence == heard.evidence:
        evidence = held.evidence
    else:
        evidence = merged_evidence(held.evidence, heard.evidence)
    first = held if _other_fields(held) <= _other_fields(heard) else heard
    return first if first.evidence == evidence else replace(first, evidence=evidence)


def _other_fields(claim: Claim) -> tuple[Any, ...]:
    return (claim.address, claim.tags, claim.by, claim.legacy, claim.streams)
