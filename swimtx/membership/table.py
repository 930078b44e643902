"""The member list and the one way to change it (SWIM §4.2).

All information from gossip, a probe, a timer, a table exchange or a leave goes through
C{Membership.apply(claim)}; the other components react to the L{Change} that it announces.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from twisted.logger import Logger
from zope.interface import implementer

from swimtx.errors import NotRunning
from swimtx.interfaces import IMembership
from swimtx.limits import check_tags
from swimtx.membership.claim import Claim, State, merge
from swimtx.membership.events import (
    Change,
    ChangeNotifier,
    Event,
    Listener,
    RecordChange,
    Watcher,
    WatchOrder,
    event_between,
)
from swimtx.membership.explain import explain
from swimtx.membership.index import MemberIndex
from swimtx.membership.member import Member
from swimtx.membership.refutation import raised, refutation_of


class _Entry:
    """The entry of one name: the shared record, and the local measurements."""

    __slots__ = ("claim", "rtt", "since")

    def __init__(self, claim: Claim, since: float, rtt: float | None = None) -> None:
        self.claim = claim
        self.since = since
        self.rtt = rtt

    def view(self) -> Member:
        return Member.from_claim(self.claim, self.since, self.rtt)


class _NotStarted:
    """Stands for the record of a local member that has not started.

    The record is read for each datagram: a slot of the list is quicker than a property of it.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        raise NotRunning("the node has not been started")


@implementer(IMembership)
class Membership:
    """The list of all remembered members, the local one included.

    @param now: returns the time in seconds, for C{since} and for new epochs.
    @param max_members: the maximum number of names.
    @param failed_memory: seconds after which a failed record is not applied any more.
    @param left_memory: seconds after which a left record is not applied any more.
    @ivar local: the local member's own record; before the node has started each of its attributes
        raises C{NotRunning}.
    @ivar refused: number of newcomers that were refused because the list was full.
    @ivar refutations: number of accusations that the local member has refuted.
    """

    __slots__ = (
        "__weakref__",
        "_disputes",
        "_entries",
        "_max_members",
        "_memory",
        "_notifier",
        "_now",
        "_name",
        "_refutation_listeners",
        "local",
        "refused",
        "refutations",
        "index",
    )

    _log = Logger()

    def __init__(
        self,
        now: Callable[[], float],
        max_members: int = 16384,
        failed_memory: float = 24 * 3600.0,
        left_memory: float = 3600.0,
    ) -> None:
        self._now = now
        self._max_members = max_members
        self._memory = {State.FAILED: failed_memory, State.LEFT: left_memory}
        self._entries: dict[str, _Entry] = {}
        self._name: str | None = None
        self.local = cast(Claim, _NotStarted())
        self.index = MemberIndex()
        self.refused = 0
        self.refutations = 0
        self._notifier = ChangeNotifier()
        self._disputes: list[Callable[[Claim], object]] = []
        self._refutation_listeners: list[Callable[[], object]] = []

    # Reading

    @property
    def name(self) -> str | None:
        """The local member's name; C{None} before the node has started."""
        return self._name

    def members(self, state: State | None = None) -> tuple[Member, ...]:
        """All remembered members, sorted by name; only those in C{state} if it is given.

        @raise TypeError: C{state} is no C{State}.
        """
        if state is not None and not isinstance(state, State):
            raise TypeError(f"state must be a State, not {state!r}")
        return tuple(
            entry.view()
            for _, entry in sorted(self._entries.items())
            if state is None or entry.claim.state is state
        )

    def get(self, name: str) -> Member | None:
        """The member of that name; C{None} if it is unknown."""
        entry = self._entries.get(name)
        return None if entry is None else entry.view()

    def claim(self, name: str) -> Claim | None:
        """The record of that name; C{None} if it is unknown."""
        entry = self._entries.get(name)
        return None if entry is None else entry.claim

    def claims(self) -> Iterator[Claim]:
        """All records."""
        return iter([entry.claim for entry in self._entries.values()])

    def age(self, name: str) -> float:
        """Seconds since the state of that member began; 0 if it is unknown."""
        entry = self._entries.get(name)
        return 0.0 if entry is None else max(0.0, self._now() - entry.since)

    @property
    def me(self) -> Member:
        """The local member, as others list it.

        @raise NotRunning: the node has never been started.
        """
        local = self.local
        entry = self._entries.get(local.name)
        return entry.view() if entry is not None else Member.from_claim(local, self._now())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __repr__(self) -> str:
        living, index = self.living, self.index
        gone = len(index.failed), len(index.left)
        states = f"{living - len(index.suspects)} alive, {len(index.suspects)} suspect"
        return f"<Membership: {states}, {gone[0]} failed, {gone[1]} left>"

    @property
    def living(self) -> int:
        """The number of alive and suspect members, the local one included: the paper's n."""
        return len(self.index.living)

    def sample(self, chance: random.Random, count: int, without: str = "") -> list[Claim]:
        """Up to C{count} living members at random, neither the local one nor C{without}."""
        chosen = self.index.sample(chance, count, {self.local.name, without})
        return [self._entries[name].claim for name in chosen]

    def relays(self, chance: random.Random, count: int, target: str) -> list[Claim]:
        """Up to C{count} members at random that can probe C{target} for this node, and report
        their observation if it does not answer (SWIM §3.1)."""
        drawn = self.sample(chance, 2 * count, without=target)
        return [claim for claim in drawn if claim.can_relay][:count]

    # Subscribing

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call C{listener(change)} for each change that has an event, in order.

        @return: a function that ends the subscription.
        @raise TypeError: C{listener} cannot be called.
        """
        return self._notifier.subscribe(listener)

    def watch(self, watcher: Watcher, order: WatchOrder) -> Callable[[], None]:
        """Call C{watcher(change)} with each C{RecordChange}, before any subscriber is called.

        @return: a function that ends it.
        """
        return self._notifier.watch(watcher, order)

    def on_dispute(self, settle: Callable[[Claim], object]) -> None:
        """Call C{settle(claim)} for a claim that has to be verified first (see L{apply})."""
        self._disputes.append(settle)

    def on_refutation(self, refuted: Callable[[], object]) -> None:
        """Call C{refuted()} when the local member refutes an accusation."""
        self._refutation_listeners.append(refuted)

    # Changing

    def become(self, me: Claim) -> None:
        """Start, or start again, with C{me} as the local member's record."""
        self._name = me.name
        self.local = me
        self._set(me, "this is ourselves", silent=True)

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> RecordChange | None:
        """Apply a claim to the list.

        A later run of a name *at another address*, while the known run is alive or suspect, may
        be an impostor: the claim goes to the callbacks of L{on_dispute}, which apply it again with
        C{proven=True} when the old run does not answer.

        @param why: a sentence for people; by default the claim's evidence, explained.
        @param proven: whether the old run is known not to answer.
        @param spread: whether this node gossips the change.
        @return: the change, or C{None} if the list did not change.
        """
        if claim.name == self._name:
            return self._apply_about_self(claim, proven)
        entry = self._entries.get(claim.name)
        if entry is None:
            return self._add(claim, why, spread)
        held = entry.claim
        if claim is held or claim.key < held.key or self._expired(claim):
            return None
        if claim.key == held.key:
            merged = merge(held, claim)
            if merged is held or merged == held:
                return None
            return self._set(merged, why, spread)
        moved = claim.epoch > held.epoch and claim.address != held.address
        if moved and held.state.living and not proven:
            self._dispute(claim)
            return None
        return self._set(claim, why, spread)

    def update_me(self, tags: Mapping[str, str]) -> RecordChange | None:
        """Set the local member's tags, under a new incarnation.

        @return: the change, or C{None} if the tags are the same.
        @raise ValueError: the tags exceed their limits.
        @raise NotRunning: the node has not started.
        """
        pairs = check_tags(tags.items())
        if pairs == self.local.tags:
            return None
        return self._set_own(replace(self._raised(), tags=pairs), "its tags were changed")

    def accepted_stream(self) -> RecordChange | None:
        """Claim, once in a run, that the local stream port accepts: its refusals are evidence."""
        if self.local.streams or self.local.state is not State.ALIVE:
            return None
        return self._set_own(replace(self._raised(), streams=True), "its stream port accepts")

    def reassure(self, why: str) -> RecordChange | None:
        """Raise the local incarnation, in case the member was suspected during a stall of its
        own and has not learnt of it yet."""
        if self.local.state is not State.ALIVE:
            return None
        return self._set_own(self._raised(), why)

    def restore(self, claim: Claim) -> None:
        """Withdraw a verdict of the local member that no other member has received."""
        held = self.claim(claim.name)
        if held is not None and held.epoch == claim.epoch and held.state is State.FAILED:
            self._set(claim, "we had been cut off ourselves", spread=False)

    def depart(self) -> RecordChange | None:
        """Mark the local member as left."""
        return self._set_own(self.local.departed(), "it is leaving")

    def measured(self, name: str, rtt: float) -> None:
        """Record a round-trip time, in seconds."""
        entry = self._entries.get(name)
        if entry is not None:
            entry.rtt = rtt

    def forget(self, name: str) -> None:
        """Remove a member from the list."""
        if self._entries.pop(name, None) is not None:
            self.index.remove(name)

    def clear(self) -> None:
        """Empty the list."""
        self._entries.clear()
        self.index.clear()

    def announce(self, event: Event, name: str, why: str) -> None:
        """Report an event of a known member that changes no record."""
        entry = self._entries.get(name)
        if entry is not None:
            view = entry.view()
            told = Change(event, view, view, why)
            self._notifier.announce(RecordChange(entry.claim, entry.claim, told=told))

    # Implementation

    def _add(self, claim: Claim, why: str, spread: bool) -> RecordChange | None:
        if self._expired(claim):
            return None
        if len(self._entries) >= self._max_members:
            gone = self.index.longest_gone() if claim.state.living else None
            if gone is None or gone == self.name:
                self.refused += 1
                return None
            self.forget(gone)
        return self._set(claim, why, spread)

    def _expired(self, claim: Claim) -> bool:
        return not claim.state.living and claim.age >= self._memory[claim.state]

    def _apply_about_self(self, claim: Claim, proven: bool) -> RecordChange | None:
        """Refute a claim about the local member that it did not make itself (SWIM §4.2)."""
        me = self.local
        if claim is me or me.state is State.LEFT:
            return None
        if claim.address != me.address and claim.state.living and not proven:
            self._dispute(claim)  # a process may run there; the end of one needs no proof
            return None
        refuting = refutation_of(claim, me, self._now())
        if refuting is None:
            return None
        self.refutations += 1
        for refuted in self._refutation_listeners:
            refuted()
        return self._set_own(refuting, f"refuting what {claim.by or 'somebody'} said of it")

    def _raised(self) -> Claim:
        return raised(self.local, self._now())

    def _set_own(self, me: Claim, why: str) -> RecordChange | None:
        self.local = me
        return self._set(me, why)

    def _set(
        self, claim: Claim, why: str, spread: bool = True, silent: bool = False
    ) -> RecordChange:
        entry = self._entries.get(claim.name)
        held = None if entry is None else entry.claim
        event = None if silent else event_between(held, claim)
        before = None if entry is None or event is None else entry.view()
        same_state = held is not None and held.state is claim.state and held.epoch == claim.epoch
        since = entry.since if entry is not None and same_state else self._now() - claim.age
        rtt = entry.rtt if entry is not None and held and held.address == claim.address else None
        entry = self._entries[claim.name] = _Entry(claim, since, rtt)
        self.index.put(claim)
        told = None
        if event is not None:
            told = Change(event, entry.view(), before, why or explain(claim))
        change = RecordChange(claim, held, spread, told)
        self._notifier.announce(change)
        return change

    def _dispute(self, claim: Claim) -> None:
        for settle in self._disputes:
            try:
                settle(claim)
            except Exception:
                self._log.failure("a dispute about {claim} could not be opened", claim=claim)
