"""Which k members are asked to probe a member that did not answer (SWIM §3.1)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership


class RelaySelection:
    """Chooses relays at random.

    @param neighbours: C{neighbours(name)}: the names of members that hold a stream to that member,
        so that they may have had the same hint, and need not wait.
    """

    def __init__(
        self,
        chance: random.Random,
        membership: Membership,
        config: Config,
        neighbours: Callable[[str], Sequence[str]],
    ) -> None:
        self._chance = chance
        self._membership = membership
        self._k = config.relays
        self._neighbours = neighbours

    def choose(self, target: Claim, hinted: bool) -> Sequence[Claim]:
        """Up to k living members that can say what they see; after a hint k-1 are neighbours."""
        relays = self._membership.relays(self._chance, self._k, target.name)
        if hinted:
            relays = [*self._neighbours_of(target.name)[: self._k - 1], *relays]
        return list({claim.name: claim for claim in relays}.values())[: self._k]

    def _neighbours_of(self, name: str) -> list[Claim]:
        held = map(self._membership.claim, self._neighbours(name))
        me = self._membership.name
        return [c for c in held if c is not None and c.can_relay and c.name != me]
