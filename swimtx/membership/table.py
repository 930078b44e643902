"""The member list and the one way to change it (SWIM §4.2).

Whatever is learnt, from gossip, a probe, a timer, a table exchange or a leave, goes through
``Membership.apply(claim)``; what follows hangs off the ``Change`` that it announces.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from swimtx.membership.refutation import LocalRecord


class _Entry:
    """What the local table holds of one name: the shared record, and what was measured here."""

    __slots__ = ("claim", "rtt", "since")

    def __init__(self, claim: Claim, since: float, rtt: float | None = None) -> None:
        self.claim = claim
        self.since = since
        self.rtt = rtt

    def view(self) -> Member:
        return Member.from_claim(self.claim, self.since, self.rtt)


@implementer(IMembership)
class Membership:
    """Everybody that is remembered, oneself included.

    @param now: gives the time in seconds, for C{since} and for new epochs.
    @param max_members: names it holds at the most.
    @param failed_memory: seconds after which a failed record is not taken up any more.
    @param left_memory: the same for one that left.
    @ivar local: our own record; before the node has started it raises C{NotRunning}.
    @ivar refused: newcomers that were turned away because the list was full.
    @ivar refutations: accusations of ourselves that we have answered.
    """

    __slots__ = (
        "__weakref__",
        "_announcements",
        "_disputes",
        "_entries",
        "_max_members",
        "_memory",
        "_now",
        "_oneself",
        "_refuters",
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
        self._oneself: LocalRecord | None = None
        self.local: Claim  # see __getattr__
        self.index = MemberIndex()
        self.refused = 0
        self.refutations = 0
        self._announcements = ChangeNotifier()
        self._disputes: list[Callable[[Claim], object]] = []
        self._refuters: list[Callable[[], object]] = []

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """For what is not there. C{local} is read for each datagram: a slot, no property."""
            if name == "local":
                raise NotRunning("the node has not been started")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # Reading

    @property
    def name(self) -> str | None:
        """Our own name, or C{None} before the node has started."""
        return None if self._oneself is None else self._oneself.claim.name

    def members(self, state: State | None = None) -> tuple[Member, ...]:
        """Everybody remembered, by name; only those in C{state} if one is given."""
        return tuple(
            entry.view()
            for _, entry in sorted(self._entries.items())
            if state is None or entry.claim.state is state
        )

    def get(self, name: str) -> Member | None:
        """The member of that name."""
        entry = self._entries.get(name)
        return None if entry is None else entry.view()

    def claim(self, name: str) -> Claim | None:
        """The record held of that name."""
        entry = self._entries.get(name)
        return None if entry is None else entry.claim

    def claims(self) -> Iterator[Claim]:
        """Every record held."""
        return iter([entry.claim for entry in self._entries.values()])

    def age(self, name: str) -> float:
        """Seconds since the state of that member began."""
        entry = self._entries.get(name)
        return 0.0 if entry is None else max(0.0, self._now() - entry.since)

    @property
    def me(self) -> Member:
        """Ourselves, as others list us.

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
        """How many are alive or suspect, oneself included: the paper's n."""
        return len(self.index.living)

    def sample(self, chance: random.Random, count: int, without: str = "") -> list[Claim]:
        """Up to C{count} living members at random, neither ourselves nor C{without}."""
        chosen = self.index.sample(chance, count, {self.local.name, without})
        return [self._entries[name].claim for name in chosen]

    def relays(self, chance: random.Random, count: int, target: str) -> list[Claim]:
        """Up to C{count} members at random that can probe C{target} for us, and say what they saw
        if it does not answer (SWIM §3.1)."""
        drawn = self.sample(chance, 2 * count, without=target)
        return [claim for claim in drawn if claim.can_relay][:count]

    # Hearing

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call C{listener(change)} for each change that has an event, in order."""
        return self._announcements.subscribe(listener)

    def watch(self, watcher: Watcher, order: WatchOrder) -> Callable[[], None]:
        """Call C{watcher(change)} with each C{RecordChange}, before any subscriber hears of it.

        @return: a callable that ends it.
        """
        return self._announcements.watch(watcher, order)

    def on_dispute(self, settle: Callable[[Claim], object]) -> None:
        """Call C{settle(claim)} for a claim that has to be put to the proof (see L{apply})."""
        self._disputes.append(settle)

    def on_refutation(self, refuted: Callable[[], object]) -> None:
        """Call C{refuted()} when we have answered an accusation."""
        self._refuters.append(refuted)

    # Changing

    def become(self, me: Claim) -> None:
        """Start, or start again, as C{me}."""
        self._oneself = LocalRecord(self._now, me)
        self.local = me
        self._set(me, "this is ourselves", silent=True)

    def apply(
        self, claim: Claim, why: str = "", *, proven: bool = False, spread: bool = True
    ) -> RecordChange | None:
        """Take a claim into account.

        A later run of a name *at another address*, while the one we know is alive or suspect, may
        be an impostor: such a claim is handed to those who settle disputes, who come back with
        C{proven=True} when the old run does not answer.

        @param why: for people; by default it is read off the claim's evidence.
        @param spread: whether others should hear of it from us.
        @return: the change, or C{None} if the claim taught nothing.
        """
        oneself = self._oneself
        if oneself is not None and claim.name == oneself.claim.name:
            return self._about_me(claim, oneself, proven)
        entry = self._entries.get(claim.name)
        if entry is None:
            return self._first_heard(claim, why, spread)
        held = entry.claim
        if claim is held or claim.key < held.key or self._too_old(claim):
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
        """Tell other tags of ourselves, under a new incarnation.

        @raise ValueError: the tags leave their limits.
        """
        pairs = check_tags(tags.items())
        if pairs == self.local.tags:
            return None
        return self._be(replace(self._raised(), tags=pairs), "its tags were changed")

    def accepted_stream(self) -> RecordChange | None:
        """Tell, once in a run, that our stream port accepts: its refusal will mean something."""
        if self.local.streams or self.local.state is not State.ALIVE:
            return None
        return self._be(replace(self._raised(), streams=True), "its stream port accepts")

    def reassure(self, why: str) -> RecordChange | None:
        """Raise our incarnation unasked: after a stall we may be suspected and not know it yet."""
        if self.local.state is not State.ALIVE:
            return None
        return self._be(self._raised(), why)

    def restore(self, claim: Claim) -> None:
        """Take back a verdict of our own that nobody else has heard."""
        held = self.claim(claim.name)
        if held is not None and held.epoch == claim.epoch and held.state is State.FAILED:
            self._set(claim, "we had been cut off ourselves", spread=False)

    def depart(self) -> RecordChange | None:
        """Mark ourselves left."""
        return self._be(self.local.departed(), "it is leaving")

    def measured(self, name: str, rtt: float) -> None:
        """Note a round trip in seconds."""
        entry = self._entries.get(name)
        if entry is not None:
            entry.rtt = rtt

    def forget(self, name: str) -> None:
        """Remember nothing of that member any more."""
        if self._entries.pop(name, None) is not None:
            self.index.remove(name)

    def clear(self) -> None:
        """Empty the list."""
        self._entries.clear()
        self.index.clear()

    def announce(self, event: Event, name: str, why: str) -> None:
        """Tell subscribers of something that is no change of anybody's record."""
        entry = self._entries.get(name)
        if entry is not None:
            view = entry.view()
            told = Change(event, view, view, why)
            self._announcements.announce(RecordChange(entry.claim, entry.claim, told=told))

    # How

    def _first_heard(self, claim: Claim, why: str, spread: bool) -> RecordChange | None:
        if self._too_old(claim):
            return None
        if len(self._entries) >= self._max_members:
            gone = self.index.longest_gone() if claim.state.living else None
            if gone is None or gone == self.name:
                self.refused += 1
                return None
            self.forget(gone)
        return self._set(claim, why, spread)

    def _too_old(self, claim: Claim) -> bool:
        return not claim.state.living and claim.age >= self._memory[claim.state]

    def _about_me(self, claim: Claim, oneself: LocalRecord, proven: bool) -> RecordChange | None:
        """Somebody speaks of us. What we did not say ourselves is refuted (SWIM §4.2)."""
        me = oneself.claim
        if claim is me or me.state is State.LEFT:
            return None
        if claim.address != me.address and claim.state.living and not proven:
            self._dispute(claim)  # that other one may live; whoever is gone has no say
            return None
        refuting = oneself.refutation_of(claim)
        if refuting is None:
            return None
        self.refutations += 1
        for refuted in self._refuters:
            refuted()
        return self._be(refuting, f"refuting what {claim.by or 'somebody'} said of it")

    def _raised(self) -> Claim:
        assert self._oneself is not None, "the node has not started"
        return self._oneself.raised()

    def _be(self, me: Claim, why: str) -> RecordChange | None:
        assert self._oneself is not None, "the node has not started"
        self._oneself.claim = self.local = me
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
        self._announcements.announce(change)
        return change

    def _dispute(self, claim: Claim) -> None:
        for settle in self._disputes:
            try:
                settle(claim)
            except Exception:
                self._log.failure("a dispute about {claim} could not be opened", claim=claim)
