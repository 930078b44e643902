"""What kind of failure is it: pure readings of what the witnesses saw.

A process that was killed leaves a host that refuses its port. One that is frozen, starved or
collecting garbage leaves a host that still accepts for it. A host that is gone is silent.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from swimtx.membership.observation import Evidence, Observation

ENOUGH_ALIKE = 5  # entries of silence, or of acceptance, after which more are only more gossip
BROKEN_ENOUGH = 2  # broken streams that outweigh a host which still accepts


class Grade(enum.Enum):
    """How a suspicion is read."""

    GONE = "gone"  # its process is no more: the verdict is due at once
    STALLED = "stalled"  # its host accepts for it: it is given patience
    SILENT = "silent"  # nothing is known but silence: the tolerance for silence


def count_of(entries: Iterable[Evidence], kind: Observation) -> int:
    """How many witnesses saw that."""
    return sum(entry.kind is kind for entry in entries)


def entry_of(entries: Iterable[Evidence], witness: str) -> Evidence | None:
    """What that witness saw."""
    return next((entry for entry in entries if entry.witness == witness), None)


def worth_telling(entry: Evidence, entries: tuple[Evidence, ...]) -> bool:
    """Whether an observation adds to those that are known.

    What a witness has changed its mind about always does, and so do refusals and broken streams.
    """
    if entry_of(entries, entry.witness) is not None:
        return True
    common = entry.kind in (Observation.SILENT, Observation.ACCEPTED)
    return not common or count_of(entries, entry.kind) < ENOUGH_ALIKE


def refusals_needed(living: int) -> int:
    """Witnesses of a refusal that a verdict takes, in a group of so many."""
    return min(2, max(1, living - 2))


def grade_of(entries: tuple[Evidence, ...], me: str, living: int) -> Grade:
    """How to read a suspicion.

    Gone takes enough refusals, more than there are acceptances, and one of them our own: a forged
    list of witnesses convinces nobody.
    """
    refused = count_of(entries, Observation.REFUSED)
    accepted = count_of(entries, Observation.ACCEPTED)
    broken = count_of(entries, Observation.BROKEN)
    mine = entry_of(entries, me)
    if (
        refused >= refusals_needed(living)
        and refused > accepted
        and mine is not None
        and mine.kind is Observation.REFUSED
    ):
        return Grade.GONE
    if accepted + broken and broken < BROKEN_ENOUGH:
        return Grade.STALLED
    return Grade.SILENT


def proves_gone(entries: tuple[Evidence, ...], living: int) -> bool:
    """Whether the witnesses of one round, all first-hand, prove that the process is no more."""
    if count_of(entries, Observation.ACCEPTED) or count_of(entries, Observation.BROKEN):
        return False
    return count_of(entries, Observation.REFUSED) >= refusals_needed(living)
