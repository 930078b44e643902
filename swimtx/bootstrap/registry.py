"""The members that joined last, as the bootstrap node remembers them, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from swimtx.membership.claim import Claim

LIFETIME = 35.0  # seconds: of the renewals every ten seconds three may be lost
MOST = 4096


class Registry:
    """The claims of members that joined, one per name, in the order of the first join of each run.

    It has no clock: each call that needs the time takes it, in seconds.

    @param lifetime: seconds from its last renewal after which an entry lapses.
    @param most: the most entries. One more drops the entry that was renewed longest ago.
    """

    def __init__(self, lifetime: float = LIFETIME, most: int = MOST) -> None:
        self._lifetime = lifetime
        self._most = most
        self._claims: dict[str, Claim] = {}  # in the order of their joins
        self._renewed: dict[str, float] = {}  # in the order of their renewals

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, name: str) -> Claim | None:
        """The claim held for a name, or C{None}."""
        return self._claims.get(name)

    def newest(self) -> Iterator[Claim]:
        """All claims held, the latest join first."""
        return reversed(self._claims.values())

    def join(self, claim: Claim, now: float) -> None:
        """Add a member that joins, or renew its entry, which keeps its place in the order.

        A new epoch is a new join. A claim of an older run is ignored.
        """
        name = claim.name
        held = self._claims.get(name)
        if held is not None:
            if claim.epoch < held.epoch:
                return
            if claim.epoch > held.epoch:
                del self._claims[name]
            elif claim.incarnation < held.incarnation:
                claim = held
            del self._renewed[name]
        self._claims[name] = claim
        self._renewed[name] = now
        if len(self._claims) > self._most:
            self._drop(next(iter(self._renewed)))

    def depart(self, claim: Claim) -> bool:
        """Drop a member that a claim says has failed or left.

        @return: whether an entry was dropped. A claim without precedence over the claim held, of
            an older run or a refuted incarnation, drops nothing.
        """
        held = self._claims.get(claim.name)
        if held is None or claim.state.living or claim.key < held.key:
            return False
        self._drop(claim.name)
        return True

    def lapse(self, now: float) -> None:
        """Drop the entries that have not been renewed within their lifetime.

        A clock that went back drops too many entries rather than too few: the next renewals add
        them again.
        """
        while self._renewed:
            name, renewed = next(iter(self._renewed.items()))
            if 0 <= now - renewed < self._lifetime:
                return
            self._drop(name)

    def clear(self) -> None:
        """Drop all entries."""
        self._claims.clear()
        self._renewed.clear()

    def _drop(self, name: str) -> None:
        del self._claims[name]
        del self._renewed[name]
