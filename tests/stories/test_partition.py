"""A group falls apart into islands, and finds together again unaided."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events


class PartitionStories(Story):
    def split(self, group: Group, some: int, seconds: float) -> tuple[list[str], list[str]]:
        """The first so many members are cut off from the others for so long."""
        names = group.running
        sides = names[:some], names[some:]
        group.partition(*sides)
        group.run_for(seconds)
        return sides

    def apart_and_together(self, size: int, some: int, seconds: float = 60) -> None:
        group = self.formed(size)
        few, many = self.split(group, some, seconds)
        for key in many:
            self.assertTrue(group.lists(key, many), key)
            self.assertTrue(group.lists(key, few, State.FAILED), key)
        group.heal()
        self.until(group, group.everybody_lists, 30)
        group.run_for(60)
        self.assertTrue(group.everybody_lists())

    def test_two_halves_find_together_within_30_s_of_the_healing(self) -> None:
        self.apart_and_together(16, 8)

    def test_a_tenth_of_the_group_is_found_again(self) -> None:
        self.apart_and_together(20, 2)

    def test_a_single_member_is_found_again(self) -> None:
        self.apart_and_together(5, 1)

    def test_one_that_hears_nobody_says_so_and_does_not_spread_its_view(self) -> None:
        group = self.formed(5)
        self.split(group, 1, 60)
        self.assertNotEqual(events(group, "n1", Event.ISOLATED, by="n1"), [])
        group.heal()
        self.until(group, group.everybody_lists, 30)
        self.assertNotEqual(events(group, "n1", Event.RECONNECTED, by="n1"), [])
        for key in ("n2", "n3", "n4", "n5"):
            wrong = [a for a in group.wrongly_failed() if a.by == key and a.about != "n1"]
            self.assertEqual(wrong, [])

    def test_halves_of_a_larger_group_find_together(self) -> None:
        self.apart_and_together(64, 32)

    def test_after_ten_minutes_apart_they_still_find_together(self) -> None:
        self.apart_and_together(10, 5, 600)

    def test_a_split_that_is_short_fails_nobody(self) -> None:
        group = self.formed(16)
        self.split(group, 8, 2)
        group.heal()
        group.run_for(60)
        self.nobody_wronged(group)
        self.assertTrue(group.everybody_lists())

    def test_three_islands_find_together(self) -> None:
        group = self.formed(9)
        group.partition(["n1", "n2", "n3"], ["n4", "n5", "n6"], ["n7", "n8", "n9"])
        group.run_for(60)
        self.assertFalse(group.everybody_lists())
        group.heal()
        self.until(group, group.everybody_lists, 30)

    def test_who_died_on_the_other_island_is_known_dead_to_all_after_the_healing(self) -> None:
        group = self.formed(10)
        self.split(group, 5, 30)
        group.kill("n9")
        group.run_for(30)
        group.heal()
        self.until(group, group.everybody_lists, 30)
        self.assertTrue(group.everybody_lists("n9", State.FAILED))
