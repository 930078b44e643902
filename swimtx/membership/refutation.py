"""The local member's own record, and how it refutes what others claim of it (SWIM §4.2).

Only the local member raises its incarnation. C{now} is the time in seconds, for new epochs.
"""

from __future__ import annotations

from dataclasses import replace

from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State


def raised(own: Claim, now: float, beyond: int = 0) -> Claim:
    """The record with the next incarnation, above C{beyond} too; at the limit, a new run."""
    incarnation = max(own.incarnation, beyond)
    if incarnation >= MAX_INCARNATION:
        return new_run(own, now, own.epoch)
    return replace(own, incarnation=incarnation + 1, by=own.name)


def new_run(own: Claim, now: float, beyond: int) -> Claim:
    """The record of a new run, later than any remembered one: its epoch is above C{beyond}."""
    return replace(own, epoch=max(int(now * 1000), beyond + 1), incarnation=0, by=own.name)


def refutation_of(said: Claim, own: Claim, now: float) -> Claim | None:
    """The record that refutes C{said}; C{None} if C{said} is older than C{own}, or equal."""
    if said.key < own.key or said == own:
        return None
    if said.state is State.LEFT or said.epoch > own.epoch:
        return new_run(own, now, max(said.epoch, own.epoch))
    return raised(own, now, said.incarnation)
