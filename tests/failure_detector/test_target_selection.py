"""Who is probed when: randomised round robin (SWIM §4.3), and everybody once a period."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.failure_detector.target_selection import PhasedRoundRobin, RoundRobin

NAMES = "abcdefgh"

#: What may happen before each period: somebody comes, somebody goes, or nothing.
happenings = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "nothing", "nothing"]), st.sampled_from(NAMES)),
    max_size=120,
)


class RoundRobinTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.order = RoundRobin(Random(1), 1.0)

    def test_nobody_is_probed_where_nobody_is(self) -> None:
        self.assertIsNone(self.order.next())

    def test_everybody_is_probed_once_in_each_turn(self) -> None:
        for name in NAMES:
            self.order.add(name)
        for _ in range(20):
            turn = [self.order.next() for _ in NAMES]
            self.assertEqual(sorted(map(str, turn)), list(NAMES))

    def test_turns_differ(self) -> None:
        for name in NAMES:
            self.order.add(name)
        turns = {tuple(self.order.next() for _ in NAMES) for _ in range(20)}
        self.assertGreater(len(turns), 10)

    def test_who_is_added_twice_is_probed_once(self) -> None:
        for name in "abba":
            self.order.add(name)
        self.assertEqual(sorted(str(self.order.next()) for _ in "ab"), ["a", "b"])

    def test_who_was_removed_is_probed_no_more(self) -> None:
        self.order.add("a")
        self.order.add("b")
        self.order.remove("a")
        self.order.remove("never there")
        self.assertEqual([self.order.next() for _ in range(3)], ["b"] * 3)
        self.order.remove("b")
        self.assertIsNone(self.order.next())
        self.order.add("a")
        self.assertEqual(self.order.next(), "a")

    def test_a_newcomer_comes_at_a_random_place_of_the_turn(self) -> None:
        places: set[int] = set()
        for seed in range(100):
            order = RoundRobin(Random(seed), 1.0)
            for name in "abcd":
                order.add(name)
            order.next()
            order.add("new")
            turn = [order.next() for _ in range(4)]
            places.add(turn.index("new") if "new" in turn[:3] else 3)
        self.assertEqual(places, {0, 1, 2, 3})

    @given(st.integers(), happenings)
    def test_two_probes_of_a_member_are_at_most_2n_minus_1_periods_apart(
        self, seed: int, story: list[tuple[str, str]]
    ) -> None:
        order = RoundRobin(Random(seed), 1.0)
        members: dict[str, int] = {"z": 0}  # and the periods since it came or was probed
        most = dict.fromkeys(NAMES, 0)  # members there have been since then
        once_probed: set[str] = set()
        order.add("z")
        most["z"] = 1
        for what, name in story:
            if what == "add" and name not in members:
                order.add(name)
                members[name] = most[name] = 0
            elif what == "remove" and name in members:
                order.remove(name)
                del members[name]
                once_probed.discard(name)
            most.update((n, max(most[n], len(members))) for n in members)
            probed = order.next()
            assert probed is not None
            self.assertIn(probed, members)
            for each, periods in list(members.items()):
                members[each] = periods + 1
                self.assertLessEqual(periods + 1, 2 * most[each] - (each in once_probed))
            once_probed.add(probed)
            members[probed] = 0
            most[probed] = len(members)

    @given(st.integers(), happenings)
    def test_nobody_who_stays_is_probed_twice_before_another_who_stays_is_probed_at_all(
        self, seed: int, story: list[tuple[str, str]]
    ) -> None:
        """Between two turns a member may come twice in a row, but never three times."""
        order = RoundRobin(Random(seed), 1.0)
        members = {"y": None, "z": None}
        probes = {"y": 0, "z": 0}
        for name in members:
            order.add(name)
        for what, name in story:
            if what == "add":
                order.add(name)
                members[name] = None
            elif what == "remove":
                order.remove(name)
                members.pop(name, None)
            probed = order.next()
            if probed in probes:
                probes[probed] += 1
            self.assertLessEqual(abs(probes["y"] - probes["z"]), 1)

    @given(st.integers(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=30))
    def test_one_that_flaps_is_not_probed_more_often_than_it_comes(
        self, seed: int, flaps: list[str]
    ) -> None:
        """Who fails and is back within a turn has one place in it, not two."""
        order = RoundRobin(Random(seed), 1.0)
        for name in NAMES:
            order.add(name)
        for name in flaps:
            order.remove(name)
            order.add(name)
        turn = [order.next() for _ in NAMES]
        self.assertEqual(sorted(map(str, turn)), list(NAMES))

    def test_the_first_turn_is_at_a_random_moment_of_a_period_and_the_next_a_period_later(
        self,
    ) -> None:
        firsts = [RoundRobin(Random(seed), 4.0).first(100.0) for seed in range(100)]
        self.assertTrue(all(100 <= first < 104 for first in firsts))
        self.assertLess(min(firsts), 100.5)
        self.assertGreater(max(firsts), 103.5)
        order = RoundRobin(Random(1), 4.0)
        self.assertEqual(order.turn(100.0), (None, 104.0))
        order.add("a")
        self.assertEqual(order.turn(100.0), ("a", 104.0))


def _phased(me: str, period: float = 1.0) -> PhasedRoundRobin:
    order = PhasedRoundRobin(Random(me), period)
    order.begin(me)
    return order


def target_at(order: PhasedRoundRobin, now: float) -> str | None:
    """Whom it probes then."""
    target, _ = order.turn(now)
    return target


def ring(names: str, period: float = 1.0) -> dict[str, PhasedRoundRobin]:
    """Everybody's order, in a group of these."""
    orders = {name: _phased(name, period) for name in names}
    for me, order in orders.items():
        for name in names:
            if name != me:
                order.add(name)
    return orders


class PhasedTests(SynchronousTestCase):
    def test_alone_there_is_nobody_to_probe(self) -> None:
        order = _phased("a")
        first = order.first(100.5)
        self.assertTrue(101 < first < 102)
        self.assertIsNone(target_at(order, first))

    def test_everybody_is_probed_by_somebody_in_each_period(self) -> None:
        orders = ring("abcdefg")
        for period in (1, 2, 3, 12, 1001):
            probed = [target_at(order, period + 0.5) for order in orders.values()]
            self.assertEqual(sorted(map(str, probed)), list("abcdefg"))

    def test_nobody_probes_itself_and_each_probes_all_others_in_a_pass(self) -> None:
        for names in ("ab", "abc", "abcdefg"):
            others = len(names) - 1
            for me, order in ring(names).items():
                # Those that are not round robin, in passes of as many as there are others.
                phased = [number for number in range(1, 200) if number % 8]
                start = 9 * others - 1  # the first of them, period 1, is not the first of a pass
                ninth = phased[start : start + others]
                probed = [target_at(order, number + 0.5) for number in ninth]
                self.assertEqual(sorted(map(str, probed)), sorted(set(names) - {me}))

    def test_every_eighth_period_goes_round_robin_whatever_others_believe(self) -> None:
        order = ring("abcdefg")["a"]
        probed = [target_at(order, 8 * turn + 0.5) for turn in range(1, 7)]
        self.assertEqual(sorted(map(str, probed)), list("bcdefg"))

    def test_a_turn_is_taken_at_its_targets_own_phase_within_the_period(self) -> None:
        orders = ring("abcdefg", period=2.0)
        phases: dict[str | None, set[float]] = {}
        for order in orders.values():
            for number in range(1, 60):
                _, at = order.turn(2.0 * number + 1)
                self.assertTrue(2.0 * (number + 1) < at < 2.0 * (number + 2))
                if (number + 1) % 8:
                    phase = round(at % 2.0, 9)
                    phases.setdefault(target_at(order, at), set()).add(phase)
        self.assertEqual({len(found) for found in phases.values()}, {1})
        self.assertEqual(len(phases), 7)

    def test_who_was_removed_is_probed_no_more(self) -> None:
        order = ring("abc")["a"]
        order.remove("b")
        self.assertEqual({target_at(order, n + 0.5) for n in range(40)}, {"c"})
        order.remove("c")
        self.assertEqual({target_at(order, n + 0.5) for n in range(40)}, {None})

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=60))
    def test_whoever_comes_and_goes_only_those_who_are_there_are_probed(
        self, story: list[tuple[bool, str]]
    ) -> None:
        order = _phased("me")
        there: set[str] = set()
        now = order.first(1000.0)
        for comes, name in story:
            (order.add if comes else order.remove)(name)
            (there.add if comes else there.discard)(name)
            # The next turn may have been planned before.
            _, now = order.turn(now)
            target, then = order.turn(now)
            self.assertGreater(then, now)
            now = then
            if there:
                self.assertIn(target, there)
            else:
                self.assertIsNone(target)
