"""Chooses the k members that get a PING_REQ when a member did not answer (SWIM §3.1)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import attrs

from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership


@attrs.define(eq=False, repr=False)
class RelaySelection:
    """Chooses relays at random.

    @param neighbours: C{neighbours(name)} returns the names of members that hold a stream to that
        member: they may have had the same hint, and can report a refusal sooner.
    """

    _chance: random.Random
    _membership: Membership
    _config: Config
    _neighbours: Callable[[str], Sequence[str]]

    def choose(self, target: Claim, hinted: bool) -> Sequence[Claim]:
        """Up to k living members that can send a NACK; after a hint k-1 of them are neighbours."""
        k = self._config.relays
        relays = self._membership.relays(self._chance, k, target.name)
        if hinted:
            relays = [*self._neighbours_of(target.name)[: k - 1], *relays]
        return list({claim.name: claim for claim in relays}.values())[:k]

    def _neighbours_of(self, name: str) -> list[Claim]:
        held = map(self._membership.claim, self._neighbours(name))
        me = self._membership.name
        return [c for c in held if c is not None and c.can_relay and c.name != me]
