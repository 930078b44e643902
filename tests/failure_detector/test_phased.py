"""Phased round robin in a group: each member is probed once a period, by varying members."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swimtx.failure_detector.target_selection import PhasedRoundRobin

PERIOD = 2.0
EIGHTH = 8  # the period that is round robin


def names(count: int) -> list[str]:
    return [f"m{number:03}" for number in range(count)]


def targets_of(me: str, members: list[str]) -> PhasedRoundRobin:
    targets = PhasedRoundRobin(Random(me), PERIOD)
    targets.begin(me)
    for name in members:
        if name != me:
            targets.add(name)
    return targets


def turns(
    members: list[str], periods: int, skew: float = 0.0
) -> list[list[tuple[str, str, float]]]:
    """For each period, the probers with their targets and the seconds since its beginning."""
    selections = {me: targets_of(me, members) for me in members}
    planned = {me: selections[me].first(1000.0) for me in members}
    found: list[list[tuple[str, str, float]]] = [[] for _ in range(periods)]
    for number, me in enumerate(members):
        at = planned[me]
        while at < 1000.0 + periods * PERIOD:
            target, then = selections[me].turn(at + skew * number)
            if target is not None and at >= 1000.0:
                period = int((at - 1000.0) / PERIOD)
                found[period].append((me, target, (at - 1000.0) % PERIOD))
            at = max(then - skew * number, at + 1e-3)
    return found


class PhasedTests(SynchronousTestCase):
    def test_each_member_is_probed_exactly_once_in_seven_of_eight_periods(self) -> None:
        members = names(20)
        even = 0
        for period in turns(members, 40)[2:]:
            even += Counter(target for _, target, _ in period) == Counter(members)
        self.assertGreaterEqual(even, 30)

    def test_no_member_probes_itself(self) -> None:
        for period in turns(names(7), 30):
            for prober, target, _ in period:
                self.assertNotEqual(prober, target)

    def test_a_target_has_the_same_phase_for_all_probers(self) -> None:
        members = names(12)
        phases: dict[str, Counter[float]] = {name: Counter() for name in members}
        for period in turns(members, 40):
            for _, target, phase in period:
                phases[target][round(phase, 3)] += 1
        for counted in phases.values():
            most = counted.most_common(1)[0][1]
            self.assertGreater(most, 0.6 * sum(counted.values()))
        usual = {counted.most_common(1)[0][0] for counted in phases.values()}
        self.assertGreater(len(usual), 8, "phases are spread over the period")

    def test_each_member_probes_each_other_within_two_passes(self) -> None:
        size = 9
        met: dict[tuple[str, str], list[int]] = {}
        for number, period in enumerate(turns(names(size), 120)):
            for prober, target, _ in period:
                met.setdefault((prober, target), []).append(number)
        self.assertEqual(len(met), size * (size - 1))
        longest = max(b - a for seen in met.values() for a, b in pairwise(seen))
        # 2n-3 periods, not counting those that are round robin.
        self.assertLessEqual(longest, (2 * size - 3) * EIGHTH / (EIGHTH - 1) + 1)

    def test_all_members_are_probed_even_if_clocks_differ(self) -> None:
        members = names(10)
        probed = Counter(t for period in turns(members, 40, skew=0.37) for _, t, _ in period)
        self.assertEqual(set(probed), set(members))
        self.assertGreater(min(probed.values()), 15)

    def test_a_removed_member_is_probed_no_more(self) -> None:
        members = names(5)
        targets = targets_of("m000", members)
        targets.remove("m003")
        at = targets.first(1000.0)
        seen = set()
        for _ in range(40):
            target, then = targets.turn(at)
            seen.add(target)
            at = max(then, at + 1e-3)
        self.assertEqual(seen - {None}, {"m001", "m002", "m004"})

    def test_a_member_alone_has_no_target(self) -> None:
        targets = targets_of("m000", ["m000"])
        target, then = targets.turn(targets.first(1000.0))
        self.assertIsNone(target)
        self.assertGreater(then, 1000.0)
