"""Partitions: a group splits, and merges again by itself once the network heals."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events


class PartitionStories(Story):
    def split(self, group: Group, some: int, seconds: float) -> tuple[list[str], list[str]]:
        """Cut the first C{some} members off from the others, and let C{seconds} pass."""
        names = group.running
        sides = names[:some], names[some:]
        group.partition(*sides)
        group.run_for(seconds)
        return sides

    def split_and_merge(self, size: int, some: int, seconds: float = 60) -> None:
        group = self.formed(size)
        few, many = self.split(group, some, seconds)
        for key in many:
            self.assertTrue(group.lists(key, many), key)
            self.assertTrue(group.lists(key, few, State.FAILED), key)
        group.heal()
        self.until(group, group.everybody_lists, 30)
        group.run_for(60)
        self.assertTrue(group.everybody_lists())

    def test_two_halves_merge_within_30_s_after_the_partition_heals(self) -> None:
        self.split_and_merge(16, 8)

    def test_a_tenth_of_the_group_merges_with_the_rest_again(self) -> None:
        self.split_and_merge(20, 2)

    def test_a_single_member_merges_with_the_rest_again(self) -> None:
        self.split_and_merge(5, 1)

    def test_an_isolated_member_announces_that_and_does_not_spread_its_view(self) -> None:
        group = self.formed(5)
        self.split(group, 1, 60)
        self.assertNotEqual(events(group, "n1", Event.ISOLATED, by="n1"), [])
        group.heal()
        self.until(group, group.everybody_lists, 30)
        self.assertNotEqual(events(group, "n1", Event.RECONNECTED, by="n1"), [])
        for key in ("n2", "n3", "n4", "n5"):
            wrong = [a for a in group.wrongly_failed() if a.by == key and a.about != "n1"]
            self.assertEqual(wrong, [])

    def test_two_halves_of_a_group_of_64_merge(self) -> None:
        self.split_and_merge(64, 32)

    def test_two_halves_merge_after_a_partition_of_ten_minutes(self) -> None:
        self.split_and_merge(10, 5, 600)

    def test_a_short_partition_fails_no_member(self) -> None:
        group = self.formed(16)
        self.split(group, 8, 2)
        group.heal()
        group.run_for(60)
        self.no_wrong_failures(group)
        self.assertTrue(group.everybody_lists())

    def test_three_sides_of_a_partition_merge(self) -> None:
        group = self.formed(9)
        group.partition(["n1", "n2", "n3"], ["n4", "n5", "n6"], ["n7", "n8", "n9"])
        group.run_for(60)
        self.assertFalse(group.everybody_lists())
        group.heal()
        self.until(group, group.everybody_lists, 30)

    def test_a_failure_on_one_side_is_known_to_all_after_the_partition_heals(self) -> None:
        group = self.formed(10)
        self.split(group, 5, 30)
        group.kill("n9")
        group.run_for(30)
        group.heal()
        self.until(group, group.everybody_lists, 30)
        self.assertTrue(group.everybody_lists("n9", State.FAILED))
