"""Classifies a failure by the witnesses' observations, in pure functions.

The host of a killed process refuses streams to its port. The host of a process that is frozen,
starved or collecting garbage still accepts streams for it. A host that is gone is silent.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from swimtx.membership.observation import Evidence, Observation

ENOUGH_ALIKE = 5  # entries of silence, or of acceptance; more would only add gossip
BROKEN_ENOUGH = 2  # broken streams that outweigh a host that still accepts


class Grade(enum.Enum):
    """The kind of failure that a suspicion indicates."""

    GONE = "gone"  # the process has ended: the verdict is due at once
    STALLED = "stalled"  # the host still accepts: C{Config.patience} applies
    SILENT = "silent"  # only silence was observed: C{Config.silence_tolerance} applies


def count_of(entries: Iterable[Evidence], kind: Observation) -> int:
    """The number of witnesses with this observation."""
    return sum(entry.kind is kind for entry in entries)


def entry_of(entries: Iterable[Evidence], witness: str) -> Evidence | None:
    """The entry of this witness; C{None} if there is none."""
    return next((entry for entry in entries if entry.witness == witness), None)


def worth_telling(entry: Evidence, entries: tuple[Evidence, ...]) -> bool:
    """Whether C{entry} adds to the known C{entries}.

    A further observation of a known witness always does, and so do refusals and broken streams.
    """
    if entry_of(entries, entry.witness) is not None:
        return True
    common = entry.kind in (Observation.SILENT, Observation.ACCEPTED)
    return not common or count_of(entries, entry.kind) < ENOUGH_ALIKE


def refusals_needed(living: int) -> int:
    """The number of witnesses of a refusal that a verdict needs, among C{living} members."""
    return min(2, max(1, living - 2))


def grade_of(entries: tuple[Evidence, ...], me: str, living: int) -> Grade:
    """Classify a suspicion.

    C{GONE} needs enough refusals, more refusals than acceptances, and a refusal that C{me}
    observed: a forged list of witnesses is not sufficient.
    """
    refused = count_of(entries, Observation.REFUSED)
    accepted = count_of(entries, Observation.ACCEPTED)
    broken = count_of(entries, Observation.BROKEN)
    own = entry_of(entries, me)
    if (
        refused >= refusals_needed(living)
        and refused > accepted
        and own is not None
        and own.kind is Observation.REFUSED
    ):
        return Grade.GONE
    if accepted + broken and broken < BROKEN_ENOUGH:
        return Grade.STALLED
    return Grade.SILENT


def proves_gone(entries: tuple[Evidence, ...], living: int) -> bool:
    """Whether the first-hand observations of one round prove that the process has ended."""
    if count_of(entries, Observation.ACCEPTED) or count_of(entries, Observation.BROKEN):
        return False
    return count_of(entries, Observation.REFUSED) >= refusals_needed(living)
