"""The selection of the k members that get a PING_REQ (SWIM §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.probing.relay_selection import RelaySelection
from tests.parts import EPOCH, ComponentTestCase, Scene


def claim(number: int, legacy: bool = False) -> Claim:
    """The claim of an alive member."""
    return Claim(f"m{number}", Address("10.1.0.1", 1000 + number), EPOCH, legacy=legacy)


class RelaySelectionTests(ComponentTestCase):
    settings = {"relays": 3}

    def setUp(self) -> None:
        super().setUp()
        self.neighbours: Sequence[str] = ()
        self.asked: list[str] = []
        self.selection = RelaySelection(
            Random(1), self.parts.membership, self.parts.config, self.neighbours_of
        )
        self.target = claim(0)
        self.parts.knows(*(claim(number) for number in range(10)))

    def neighbours_of(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self.neighbours

    def chosen(self, hinted: bool = False) -> list[str]:
        return [relay.name for relay in self.selection.choose(self.target, hinted)]

    def test_k_different_members_are_chosen_among_which_are_neither_target_nor_prober(self) -> None:
        for _ in range(50):
            chosen = self.chosen()
            self.assertEqual(len(set(chosen)), 3)
            self.assertFalse({"me", "m0"} & set(chosen))

    def test_every_other_member_is_chosen_at_some_time(self) -> None:
        names = {name for _ in range(200) for name in self.chosen()}
        self.assertEqual(names, {f"m{number}" for number in range(1, 10)})

    def test_neighbours_are_not_asked_for_without_a_hint(self) -> None:
        self.neighbours = ["m1", "m2"]
        self.chosen()
        self.assertEqual(self.asked, [])

    def test_all_relays_but_one_are_neighbours_after_a_hint(self) -> None:
        self.neighbours = ["m4", "m5", "m6", "m7"]
        others: set[str] = set()
        for _ in range(100):
            first, second, third = self.chosen(hinted=True)
            self.assertEqual((first, second), ("m4", "m5"), "the nearest go first")
            self.assertNotIn(third, ("m4", "m5"))
            others.add(third)
        self.assertEqual(self.asked, ["m0"] * 100)
        self.assertGreater(len(others), 4, "the last one is any member")

    def test_relays_are_chosen_at_random_after_a_hint_if_no_neighbour_is_known(self) -> None:
        self.assertEqual(len(set(self.chosen(hinted=True))), 3)

    def test_neighbours_that_cannot_send_a_nack_are_passed_over(self) -> None:
        self.parts.knows(claim(1).suspected("me"), claim(2).failed("me"), claim(3).departed())
        self.parts.knows(claim(20, legacy=True))
        self.neighbours = ["me", "unknown", "m1", "m2", "m3", "m20", "m4", "m5"]
        for _ in range(20):
            chosen = self.chosen(hinted=True)
            self.assertEqual(chosen[:2], ["m4", "m5"])
            self.assertFalse({"me", "m1", "m2", "m3", "m20"} & set(chosen))

    def test_fewer_than_k_relays_are_chosen_in_a_small_group(self) -> None:
        for size, most in ((0, 0), (1, 1), (2, 2), (5, 3)):
            parts = Scene().member("me", relays=3)
            parts.knows(self.target, *(claim(1 + number) for number in range(size)))
            selection = RelaySelection(Random(1), parts.membership, parts.config, lambda name: ())
            self.assertEqual(len(selection.choose(self.target, False)), most)

    def test_no_relay_is_chosen_if_k_is_0(self) -> None:
        parts = Scene().member("me", relays=0)
        parts.knows(*(claim(number) for number in range(5)))
        selection = RelaySelection(Random(1), parts.membership, parts.config, lambda name: ["m3"])
        for hinted in (False, True):
            self.assertEqual(list(selection.choose(self.target, hinted)), [])

    @hypothesis.settings(deadline=None)
    @given(
        st.integers(0, 4),
        st.integers(0, 8),
        st.lists(st.integers(0, 9).map("m{}".format) | st.just("me"), max_size=6),
        st.booleans(),
        st.randoms(use_true_random=False),
    )
    def test_at_most_k_different_living_members_are_chosen_of_any_neighbours(
        self, k: int, size: int, neighbours: list[str], hinted: bool, chance: Random
    ) -> None:
        parts = Scene().member("me", relays=k)
        parts.knows(*(claim(number) for number in range(size)))
        neighbours = [name for name in neighbours if name != "m0"]
        selection = RelaySelection(
            chance, parts.membership, parts.config, lambda name: tuple(neighbours)
        )
        chosen = [relay.name for relay in selection.choose(self.target, hinted)]
        self.assertLessEqual(len(chosen), k)
        self.assertEqual(len(chosen), len(set(chosen)))
        self.assertLessEqual(set(chosen), {f"m{number}" for number in range(1, size)})
