"""The index of the member list: names by state and by address, for look-ups and samples."""

from __future__ import annotations

import random
from collections.abc import Set

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State


class MemberIndex:
    """Names by state and by address, which the member list keeps up to date.

    @ivar living: alive and suspect members, in no particular order.
    @ivar suspects: suspect members, in the order in which the list learnt that state.
    @ivar failed: failed members, likewise.
    @ivar left: members that left, likewise.
    @ivar legacy: living peers that know only the original schema, likewise.
    """

    __slots__ = (
        "__weakref__",
        "_addresses",
        "_by_address",
        "_position",
        "failed",
        "left",
        "living",
        "legacy",
        "suspects",
    )

    def __init__(self) -> None:
        self.living: list[str] = []
        self.suspects: dict[str, None] = {}
        self.failed: dict[str, None] = {}
        self.left: dict[str, None] = {}
        self.legacy: dict[str, None] = {}
        self._position: dict[str, int] = {}
        self._by_address: dict[Address, tuple[str, ...]] = {}
        self._addresses: dict[str, Address] = {}

    def put(self, claim: Claim) -> None:
        """Record a member's state and address."""
        name, state = claim.name, claim.state
        new = name not in self._addresses
        if new or self._addresses[name] != claim.address:
            self._remove_address(name)
            self._addresses[name] = claim.address
            self._by_address[claim.address] = (*self._by_address.get(claim.address, ()), name)
        self._put_living(name, state.living)
        if new and state is State.ALIVE and not claim.legacy:
            return  # the usual case: a new member is in no other group
        for group, belongs in (
            (self.suspects, state is State.SUSPECT),
            (self.failed, state is State.FAILED),
            (self.left, state is State.LEFT),
            (self.legacy, claim.legacy and state.living),
        ):
            if belongs:
                group.setdefault(name)
            else:
                group.pop(name, None)

    def remove(self, name: str) -> None:
        """Remove a member."""
        self._put_living(name, False)
        for group in (self.suspects, self.failed, self.left, self.legacy):
            group.pop(name, None)
        self._remove_address(name)

    def clear(self) -> None:
        """Remove all members."""
        for name in list(self._addresses):
            self.remove(name)

    def at(self, address: Address) -> str | None:
        """The member at C{address}: a living one before one that is gone, then the latest."""
        names = self._by_address.get(address)
        if names is None:
            return None
        return next((name for name in reversed(names) if name in self._position), names[-1])

    def sample(self, chance: random.Random, count: int, without: Set[str]) -> list[str]:
        """Up to C{count} different living members, none from C{without}, each equally likely."""
        if len(self.living) <= 4 * (count + len(without)):
            eligible = [name for name in self.living if name not in without]
            return chance.sample(eligible, min(count, len(eligible)))
        chosen: dict[str, None] = {}
        while len(chosen) < count:
            name = self.living[int(chance.random() * len(self.living))]
            if name not in without:
                chosen.setdefault(name)
        return list(chosen)

    def longest_gone(self) -> str | None:
        """The first member that is known to have left; if none left, the first that failed."""
        return next(iter(self.left), None) or next(iter(self.failed), None)

    def _put_living(self, name: str, living: bool) -> None:
        position = self._position.get(name)
        if living and position is None:
            self._position[name] = len(self.living)
            self.living.append(name)
        elif not living and position is not None:
            last = self.living.pop()
            del self._position[name]
            if last != name:
                self.living[position] = last
                self._position[last] = position

    def _remove_address(self, name: str) -> None:
        address = self._addresses.pop(name, None)
        if address is None:
            return
        others = tuple(other for other in self._by_address[address] if other != name)
        if others:
            self._by_address[address] = others
        else:
            del self._by_address[address]
