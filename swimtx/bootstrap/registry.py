"""The last ones that joined: what the well-known node remembers, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from swimtx.membership.claim import Claim

LIFETIME = 35.0  # seconds: three renewals of ten seconds may be lost
MOST = 4096


class Registry:
    """Claims of those that joined, one a name, in the order in which their runs first did.

    It holds no clock: the time, in seconds, comes with each call.

    @param lifetime: seconds after its last renewal at which an entry lapses.
    @param most: entries at the most. One more, and the one that was renewed longest ago goes.
    """

    def __init__(self, lifetime: float = LIFETIME, most: int = MOST) -> None:
        self._lifetime = lifetime
        self._most = most
        self._claims: dict[str, Claim] = {}  # in the order of their joins
        self._renewed: dict[str, float] = {}  # in the order of their renewals

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, name: str) -> Claim | None:
        """What is held about that name."""
        return self._claims.get(name)

    def newest(self) -> Iterator[Claim]:
        """Everybody held, the one that joined last comes first."""
        return reversed(self._claims.values())

    def join(self, claim: Claim, now: float) -> None:
        """Somebody joins, or says again that it is there, which leaves it in its place.

        A new epoch is a new join. What an older run says is too late to count.
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
        """Somebody is said to have failed or left.

        @return: whether it was held and has been dropped. A claim that does not take precedence
            over what is held, being about an older run or a refuted incarnation, drops nothing.
        """
        held = self._claims.get(claim.name)
        if held is None or claim.state.living or claim.key < held.key:
            return False
        self._drop(claim.name)
        return True

    def lapse(self, now: float) -> None:
        """Drop whoever has not been heard of for its lifetime.

        A clock that went back makes it forget too much rather than too little: the next renewals
        fill it up again.
        """
        while self._renewed:
            name, renewed = next(iter(self._renewed.items()))
            if 0 <= now - renewed < self._lifetime:
                return
            self._drop(name)

    def clear(self) -> None:
        """Forget everybody."""
        self._claims.clear()
        self._renewed.clear()

    def _drop(self, name: str) -> None:
        del self._claims[name]
        del self._renewed[name]
