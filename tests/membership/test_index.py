"""The index of the member list, compared with a naive model."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State
from swimtx.membership.index import MemberIndex

ADDRESSES = [Address("10.0.0.1", port) for port in range(1, 5)]
some_names = st.sampled_from([f"n{number}" for number in range(9)])


def claim(
    name: str, state: State = State.ALIVE, address: Address = ADDRESSES[0], legacy: bool = False
) -> Claim:
    """A claim about the member C{name}."""
    return Claim(name, address, 1, state=state, legacy=legacy)


class IndexModel(RuleBasedStateMachine):
    """Puts and removes members, and compares the index with a linear search of all claims."""

    def __init__(self) -> None:
        super().__init__()
        self.index = MemberIndex()
        self.held: dict[str, Claim] = {}
        self.arrivals: dict[str, int] = {}  # the step at which a member got its address
        self.groups: dict[str, list[str]] = {}
        self.steps = 0

    @rule(
        name=some_names,
        state=st.sampled_from(State),
        address=st.sampled_from(ADDRESSES),
        legacy=st.booleans(),
    )
    def put(self, name: str, state: State, address: Address, legacy: bool) -> None:
        self.steps += 1
        before = self.held.get(name)
        if before is None or before.address != address:
            self.arrivals[name] = self.steps
        self.held[name] = claim(name, state, address, legacy)
        self.index.put(self.held[name])
        self.regroup()

    @rule(name=some_names)
    def remove(self, name: str) -> None:
        self.held.pop(name, None)
        self.index.remove(name)
        self.regroup()

    @rule()
    def clear(self) -> None:
        self.held.clear()
        self.index.clear()
        self.regroup()

    def regroup(self) -> None:
        """Order each group by the time at which its members entered it."""
        belongs: dict[str, Callable[[Claim], bool]] = {
            "suspects": lambda held: held.state is State.SUSPECT,
            "failed": lambda held: held.state is State.FAILED,
            "left": lambda held: held.state is State.LEFT,
            "legacy": lambda held: held.legacy and held.state.living,
        }
        for group, holds in belongs.items():
            now = [name for name, held in self.held.items() if holds(held)]
            stayed = [name for name in self.groups.get(group, []) if name in now]
            self.groups[group] = stayed + [name for name in now if name not in stayed]

    @invariant()
    def each_living_member_is_listed_once(self) -> None:
        living = [name for name, held in self.held.items() if held.state.living]
        assert sorted(self.index.living) == sorted(living)

    @invariant()
    def the_groups_equal_those_of_the_model(self) -> None:
        for group, expected in self.groups.items():
            assert list(getattr(self.index, group)) == expected, group

    @invariant()
    def the_first_member_that_left_is_evicted_first_then_the_first_that_failed(self) -> None:
        gone = [*self.groups.get("left", []), *self.groups.get("failed", [])]
        assert self.index.longest_gone() == (gone[0] if gone else None)

    @invariant()
    def the_member_at_an_address_is_a_living_one_then_the_latest(self) -> None:
        for address in ADDRESSES:
            there = [name for name, held in self.held.items() if held.address == address]
            best = max(
                there,
                key=lambda name: (self.held[name].state.living, self.arrivals[name]),
                default=None,
            )
            assert self.index.at(address) == best

    @invariant()
    def a_sample_has_living_members_without_repeats(self) -> None:
        chance = random.Random(self.steps)
        for count in (0, 1, 3, 20):
            chosen = self.index.sample(chance, count, {"n0", "n1"})
            eligible = set(self.index.living) - {"n0", "n1"}
            assert len(chosen) == len(set(chosen)) == min(count, len(eligible))
            assert set(chosen) <= eligible


class IndexTestCase(SynchronousTestCase):
    """The index agrees with the claims after any operations."""

    def test_the_index_agrees_with_a_naive_model_after_any_puts_and_removes(self) -> None:
        limits = settings(deadline=None, stateful_step_count=40, max_examples=60)
        run_state_machine_as_test(IndexModel, settings=limits)

    def test_a_new_index_is_empty(self) -> None:
        index = MemberIndex()
        self.assertIdentical(index.at(ADDRESSES[0]), None)
        self.assertIdentical(index.longest_gone(), None)
        self.assertEqual(index.sample(random.Random(1), 3, set()), [])

    def test_a_living_member_is_found_at_an_address_where_a_later_member_failed(self) -> None:
        index = MemberIndex()
        index.put(claim("n1"))
        index.put(claim("n2"))
        self.assertEqual(index.at(ADDRESSES[0]), "n2")
        index.put(claim("n2", State.FAILED))
        self.assertEqual(index.at(ADDRESSES[0]), "n1")
        index.remove("n1")
        self.assertEqual(index.at(ADDRESSES[0]), "n2")

    @given(
        st.integers(0, 200),
        st.integers(0, 20),
        st.integers(0, 5),
        st.randoms(use_true_random=False),
    )
    def test_samples_have_the_requested_size_without_repeats_or_excluded_members(
        self, members: int, count: int, without: int, chance: random.Random
    ) -> None:
        index = MemberIndex()
        for number in range(members):
            index.put(claim(f"n{number}"))
        excluded = {f"n{number}" for number in range(without)}
        chosen = index.sample(chance, count, excluded)
        self.assertEqual(len(chosen), min(count, max(0, members - without)))
        self.assertEqual(len(set(chosen)), len(chosen))
        self.assertFalse(excluded & set(chosen))

    def test_all_members_are_sampled_about_equally_often(self) -> None:
        chance = random.Random(7)
        for members, count in ((8, 3), (200, 3)):  # both branches of sample()
            index = MemberIndex()
            for number in range(members):
                index.put(claim(f"n{number}"))
            counts = dict.fromkeys(index.living, 0)
            for _ in range(100 * members):
                for name in index.sample(chance, count, {"n0"}):
                    counts[name] += 1
            self.assertEqual(counts.pop("n0"), 0)
            expected = 100 * members * count / (members - 1)
            for times in counts.values():
                self.assertApproximates(times, expected, 0.25 * expected)
