"""Round robin (SWIM §4.3) and phased round robin, in one member."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.failure_detector.target_selection import PhasedRoundRobin, RoundRobin

NAMES = "abcdefgh"

#: Before each period a member may be added or removed.
histories = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "nothing", "nothing"]), st.sampled_from(NAMES)),
    max_size=120,
)


class RoundRobinTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.targets = RoundRobin(Random(1), 1.0)

    def test_round_robin_without_members_has_no_target(self) -> None:
        self.assertIsNone(self.targets.next())

    def test_each_member_is_probed_once_in_each_pass(self) -> None:
        for name in NAMES:
            self.targets.add(name)
        for _ in range(20):
            probed = [self.targets.next() for _ in NAMES]
            self.assertEqual(sorted(map(str, probed)), list(NAMES))

    def test_passes_have_different_orders(self) -> None:
        for name in NAMES:
            self.targets.add(name)
        passes = {tuple(self.targets.next() for _ in NAMES) for _ in range(20)}
        self.assertGreater(len(passes), 10)

    def test_a_member_that_is_added_twice_is_probed_once_in_a_pass(self) -> None:
        for name in "abba":
            self.targets.add(name)
        self.assertEqual(sorted(str(self.targets.next()) for _ in "ab"), ["a", "b"])

    def test_a_removed_member_is_probed_no_more(self) -> None:
        self.targets.add("a")
        self.targets.add("b")
        self.targets.remove("a")
        self.targets.remove("never there")
        self.assertEqual([self.targets.next() for _ in range(3)], ["b"] * 3)
        self.targets.remove("b")
        self.assertIsNone(self.targets.next())
        self.targets.add("a")
        self.assertEqual(self.targets.next(), "a")

    def test_a_new_member_is_inserted_at_a_random_place_of_the_pass(self) -> None:
        places: set[int] = set()
        for seed in range(100):
            targets = RoundRobin(Random(seed), 1.0)
            for name in "abcd":
                targets.add(name)
            targets.next()
            targets.add("new")
            probed = [targets.next() for _ in range(4)]
            places.add(probed.index("new") if "new" in probed[:3] else 3)
        self.assertEqual(places, {0, 1, 2, 3})

    @given(st.integers(), histories)
    def test_two_probes_of_a_member_are_at_most_2n_minus_1_periods_apart(
        self, seed: int, history: list[tuple[str, str]]
    ) -> None:
        targets = RoundRobin(Random(seed), 1.0)
        members: dict[str, int] = {"z": 0}  # the periods since each was added or probed
        most = dict.fromkeys(NAMES, 0)  # the largest number of members since then
        once_probed: set[str] = set()
        targets.add("z")
        most["z"] = 1
        for what, name in history:
            if what == "add" and name not in members:
                targets.add(name)
                members[name] = most[name] = 0
            elif what == "remove" and name in members:
                targets.remove(name)
                del members[name]
                once_probed.discard(name)
            most.update((n, max(most[n], len(members))) for n in members)
            probed = targets.next()
            assert probed is not None
            self.assertIn(probed, members)
            for each, periods in list(members.items()):
                members[each] = periods + 1
                self.assertLessEqual(periods + 1, 2 * most[each] - (each in once_probed))
            once_probed.add(probed)
            members[probed] = 0
            most[probed] = len(members)

    @given(st.integers(), histories)
    def test_the_probes_of_two_members_that_stay_differ_by_at_most_one(
        self, seed: int, history: list[tuple[str, str]]
    ) -> None:
        """At the end of a pass a member may be probed twice in a row, but never three times."""
        targets = RoundRobin(Random(seed), 1.0)
        members = {"y": None, "z": None}
        probes = {"y": 0, "z": 0}
        for name in members:
            targets.add(name)
        for what, name in history:
            if what == "add":
                targets.add(name)
                members[name] = None
            elif what == "remove":
                targets.remove(name)
                members.pop(name, None)
            probed = targets.next()
            if probed in probes:
                probes[probed] += 1
            self.assertLessEqual(abs(probes["y"] - probes["z"]), 1)

    @given(st.integers(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=30))
    def test_a_member_that_is_removed_and_added_is_probed_once_in_a_pass(
        self, seed: int, flaps: list[str]
    ) -> None:
        """A member that fails and returns within a pass keeps a single place in it."""
        targets = RoundRobin(Random(seed), 1.0)
        for name in NAMES:
            targets.add(name)
        for name in flaps:
            targets.remove(name)
            targets.add(name)
        probed = [targets.next() for _ in NAMES]
        self.assertEqual(sorted(map(str, probed)), list(NAMES))

    def test_the_first_turn_is_at_a_random_moment_and_the_next_a_period_later(
        self,
    ) -> None:
        firsts = [RoundRobin(Random(seed), 4.0).first(100.0) for seed in range(100)]
        self.assertTrue(all(100 <= first < 104 for first in firsts))
        self.assertLess(min(firsts), 100.5)
        self.assertGreater(max(firsts), 103.5)
        targets = RoundRobin(Random(1), 4.0)
        self.assertEqual(targets.turn(100.0), (None, 104.0))
        targets.add("a")
        self.assertEqual(targets.turn(100.0), ("a", 104.0))


def _phased(me: str, period: float = 1.0) -> PhasedRoundRobin:
    targets = PhasedRoundRobin(Random(me), period)
    targets.begin(me)
    return targets


def target_at(targets: PhasedRoundRobin, now: float) -> str | None:
    """The target at that time."""
    target, _ = targets.turn(now)
    return target


def ring(names: str, period: float = 1.0) -> dict[str, PhasedRoundRobin]:
    """The target selection of each member of a group."""
    selections = {name: _phased(name, period) for name in names}
    for me, targets in selections.items():
        for name in names:
            if name != me:
                targets.add(name)
    return selections


class PhasedTests(SynchronousTestCase):
    def test_a_member_alone_has_no_target(self) -> None:
        targets = _phased("a")
        first = targets.first(100.5)
        self.assertTrue(101 < first < 102)
        self.assertIsNone(target_at(targets, first))

    def test_each_member_is_probed_in_each_period(self) -> None:
        selections = ring("abcdefg")
        for period in (1, 2, 3, 12, 1001):
            probed = [target_at(targets, period + 0.5) for targets in selections.values()]
            self.assertEqual(sorted(map(str, probed)), list("abcdefg"))

    def test_each_member_probes_all_others_and_not_itself_in_a_pass(self) -> None:
        for names in ("ab", "abc", "abcdefg"):
            others = len(names) - 1
            for me, targets in ring(names).items():
                # Periods that are not round robin: a pass takes as many as there are others.
                phased = [number for number in range(1, 200) if number % 8]
                start = 9 * others - 1  # period 1, the first of them, does not begin a pass
                ninth = phased[start : start + others]
                probed = [target_at(targets, number + 0.5) for number in ninth]
                self.assertEqual(sorted(map(str, probed)), sorted(set(names) - {me}))

    def test_every_eighth_period_is_round_robin(self) -> None:
        targets = ring("abcdefg")["a"]
        probed = [target_at(targets, 8 * turn + 0.5) for turn in range(1, 7)]
        self.assertEqual(sorted(map(str, probed)), list("bcdefg"))

    def test_a_turn_is_at_the_phase_of_its_target_within_the_period(self) -> None:
        selections = ring("abcdefg", period=2.0)
        phases: dict[str | None, set[float]] = {}
        for targets in selections.values():
            for number in range(1, 60):
                _, at = targets.turn(2.0 * number + 1)
                self.assertTrue(2.0 * (number + 1) < at < 2.0 * (number + 2))
                if (number + 1) % 8:
                    phase = round(at % 2.0, 9)
                    phases.setdefault(target_at(targets, at), set()).add(phase)
        self.assertEqual({len(found) for found in phases.values()}, {1})
        self.assertEqual(len(phases), 7)

    def test_a_removed_member_is_probed_no_more(self) -> None:
        targets = ring("abc")["a"]
        targets.remove("b")
        self.assertEqual({target_at(targets, n + 0.5) for n in range(40)}, {"c"})
        targets.remove("c")
        self.assertEqual({target_at(targets, n + 0.5) for n in range(40)}, {None})

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=60))
    def test_only_present_members_are_probed_while_members_come_and_go(
        self, history: list[tuple[bool, str]]
    ) -> None:
        targets = _phased("me")
        there: set[str] = set()
        now = targets.first(1000.0)
        for comes, name in history:
            (targets.add if comes else targets.remove)(name)
            (there.add if comes else there.discard)(name)
            # The next turn may have been planned before the change.
            _, now = targets.turn(now)
            target, then = targets.turn(now)
            self.assertGreater(then, now)
            now = then
            if there:
                self.assertIn(target, there)
            else:
                self.assertIsNone(target)
