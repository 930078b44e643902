"""What is claimed about a member, and which claim takes precedence (SWIM §4.2).

A member is a name; one run of it is an epoch; within a run it counts its incarnation.
Claims about one name are ordered by C{(epoch, left?, incarnation, state)}: the greater key wins,
whoever says it and in whatever order it is heard.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from swimtx.addresses import Address
from swimtx.membership.observation import Evidence, merged_evidence


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
    @ivar legacy: a peer that knows only the original schema and cannot speak for itself.
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
        """Whether it can be asked to probe somebody, and will say what it saw."""
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
    return (claim.address, claim.tags, claim.by, claim.legacy, claim.streams)
