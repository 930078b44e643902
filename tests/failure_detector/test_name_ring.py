"""Positions, predecessors and successors in the ring of names."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.failure_detector.name_ring import NameRing


class NameRingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.ring = NameRing()
        for name in "cadb":
            self.ring.add(name)

    def test_names_are_sorted_and_unique(self) -> None:
        self.assertFalse(self.ring.add("a"))
        self.assertEqual(self.ring.names, ["a", "b", "c", "d"])

    def test_the_position_of_a_name_is_its_index(self) -> None:
        self.assertEqual([self.ring.position(name) for name in "abz"], [0, 1, None])

    def test_a_name_can_be_removed_once(self) -> None:
        self.assertTrue(self.ring.remove("b"))
        self.assertFalse(self.ring.remove("b"))
        self.assertEqual(self.ring.names, ["a", "c", "d"])

    def test_the_first_name_follows_the_last(self) -> None:
        self.assertEqual(self.ring.after("c", 2), ["d", "a"])

    def test_the_last_name_precedes_the_first(self) -> None:
        self.assertEqual(self.ring.before("b", 2), ["a", "d"])
        self.assertEqual(self.ring.before("b", 9), ["a", "d", "c"])
        self.assertEqual(self.ring.before("z", 3), [])

    def test_a_name_is_not_among_its_own_successors(self) -> None:
        self.assertEqual(self.ring.after("c", 9), ["d", "a", "b"])

    def test_an_unknown_name_has_no_successors(self) -> None:
        self.assertEqual(self.ring.after("z", 3), [])
