"""Names in order, the last followed by the first."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.failure_detector.name_ring import NameRing


class RingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.ring = NameRing()
        for name in "cadb":
            self.ring.add(name)

    def test_names_are_sorted_and_stand_once(self) -> None:
        self.assertFalse(self.ring.add("a"))
        self.assertEqual(self.ring.names, ["a", "b", "c", "d"])
        self.assertEqual(len(self.ring), 4)

    def test_a_name_has_its_place(self) -> None:
        self.assertEqual([self.ring.position(name) for name in "abz"], [0, 1, None])

    def test_who_is_removed_is_gone_once(self) -> None:
        self.assertTrue(self.ring.remove("b"))
        self.assertFalse(self.ring.remove("b"))
        self.assertEqual(self.ring.names, ["a", "c", "d"])

    def test_after_the_last_comes_the_first(self) -> None:
        self.assertEqual(self.ring.after("c", 2), ["d", "a"])

    def test_before_the_first_comes_the_last(self) -> None:
        self.assertEqual(self.ring.before("b", 2), ["a", "d"])
        self.assertEqual(self.ring.before("b", 9), ["a", "d", "c"])
        self.assertEqual(self.ring.before("z", 3), [])

    def test_nobody_comes_after_itself(self) -> None:
        self.assertEqual(self.ring.after("c", 9), ["d", "a", "b"])

    def test_nobody_comes_after_a_stranger(self) -> None:
        self.assertEqual(self.ring.after("z", 3), [])
