"""The local member's record, and how it refutes claims about itself (SWIM §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State


class LocalRecord:
    """The local member's own record. Only the local member raises its incarnation.

    @param now: returns the time in seconds, for new epochs.
    @param claim: the current record.
    """

    __slots__ = ("_now", "claim")

    def __init__(self, now: Callable[[], float], claim: Claim) -> None:
        self._now = now
        self.claim = claim

    def raised(self, beyond: int = 0) -> Claim:
        """The record with the next incarnation above C{beyond} too; at the limit, a new run."""
        incarnation = max(self.claim.incarnation, beyond)
        if incarnation >= MAX_INCARNATION:
            return self.new_run(self.claim.epoch)
        return replace(self.claim, incarnation=incarnation + 1, by=self.claim.name)

    def new_run(self, beyond: int) -> Claim:
        """The record of a new run, later than any remembered one: its epoch is above C{beyond}."""
        later = max(int(self._now() * 1000), beyond + 1)
        return replace(self.claim, epoch=later, incarnation=0, by=self.claim.name)

    def refutation_of(self, said: Claim) -> Claim | None:
        """The record that refutes C{said}; C{None} if C{said} is older than ours, or equal."""
        own = self.claim
        if said.key < own.key or said == own:
            return None
        if said.state is State.LEFT or said.epoch > own.epoch:
            return self.new_run(max(said.epoch, own.epoch))
        return self.raised(said.incarnation)
