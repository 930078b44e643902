"""Many die at once."""

from __future__ import annotations

from swimtx import State
from tests.stories.scenes import Story


class MassFailureStories(Story):
    def test_a_third_of_the_group_dies_and_the_rest_knows_each_of_them(self) -> None:
        group = self.formed(32)
        victims = [f"n{number}" for number in range(2, 13)]
        for name in victims:
            group.kill(name)
        self.all_list(group, victims, State.FAILED, 30)
        self.assertTrue(group.everybody_lists())
        self.nobody_wronged(group)

    def test_most_hosts_lose_power_and_the_rest_stays_together(self) -> None:
        group = self.formed(32)
        victims = [f"n{number}" for number in range(1, 25)]
        for name in victims:
            group.vanish(name)
        self.all_list(group, victims, State.FAILED, 60)
        self.assertTrue(group.everybody_lists())
        self.nobody_wronged(group)

    def test_the_last_one_left_knows_that_it_is_alone(self) -> None:
        group = self.formed(5)
        for name in ("n2", "n3", "n4", "n5"):
            group.kill(name)
        self.all_list(group, ["n2", "n3", "n4", "n5"], State.FAILED, 30)
        self.assertTrue(group.everybody_lists("n1"))

    def test_a_power_cut_of_most_is_over_when_they_all_start_again(self) -> None:
        group = self.formed(16)
        victims = [f"n{number}" for number in range(7, 17)]
        for name in victims:
            group.vanish(name)
        self.all_list(group, victims, State.FAILED, 40)
        for name in victims:
            group.restart(name)
        self.until(group, group.everybody_lists, 15)
        self.nobody_wronged(group)

    def test_hosts_that_are_back_before_anybody_missed_them_are_taken_in(self) -> None:
        group = self.formed(16)
        victims = [f"n{number}" for number in range(4, 17)]
        for name in victims:
            group.vanish(name)
        group.run_for(1)
        for name in victims:
            group.restart(name)
        self.until(group, group.everybody_lists, 15)
        self.nobody_wronged(group)
