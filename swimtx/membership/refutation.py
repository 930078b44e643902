"""What we say of ourselves, and how we refute what others say of us (SWIM §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State


class LocalRecord:
    """Our own record. Only we raise its incarnation.

    @param now: gives the time in seconds, for new epochs.
    @param claim: the record so far.
    """

    __slots__ = ("_now", "claim")

    def __init__(self, now: Callable[[], float], claim: Claim) -> None:
        self._now = now
        self.claim = claim

    def raised(self, beyond: int = 0) -> Claim:
        """The next incarnation, above C{beyond} too; at the limit of those, a new run."""
        incarnation = max(self.claim.incarnation, beyond)
        if incarnation >= MAX_INCARNATION:
            return self.new_run(self.claim.epoch)
        return replace(self.claim, incarnation=incarnation + 1, by=self.claim.name)

    def new_run(self, beyond: int) -> Claim:
        """A run later than any that the group remembers of us: above the epoch C{beyond}."""
        later = max(int(self._now() * 1000), beyond + 1)
        return replace(self.claim, epoch=later, incarnation=0, by=self.claim.name)

    def refutation_of(self, said: Claim) -> Claim | None:
        """What answers that claim; C{None}: it is older than ours, or ours."""
        mine = self.claim
        if said.key < mine.key or said == mine:
            return None
        if said.state is State.LEFT or said.epoch > mine.epoch:
            return self.new_run(max(said.epoch, mine.epoch))
        return self.raised(said.incarnation)
