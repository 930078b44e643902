"""Mass failures: many members fail at once."""

from __future__ import annotations

from swimtx import State
from tests.stories.scenes import Story


class MassFailureStories(Story):
    def test_the_rest_detects_each_failure_when_a_third_of_the_group_is_killed(self) -> None:
        group = self.formed(32)
        victims = [f"n{number}" for number in range(2, 13)]
        for name in victims:
            group.kill(name)
        self.all_list(group, victims, State.FAILED, 30)
        self.assertTrue(group.everybody_lists())
        self.no_wrong_failures(group)

    def test_the_rest_stays_together_when_most_hosts_lose_power(self) -> None:
        group = self.formed(32)
        victims = [f"n{number}" for number in range(1, 25)]
        for name in victims:
            group.vanish(name)
        self.all_list(group, victims, State.FAILED, 60)
        self.assertTrue(group.everybody_lists())
        self.no_wrong_failures(group)

    def test_the_last_member_detects_that_all_others_are_killed(self) -> None:
        group = self.formed(5)
        for name in ("n2", "n3", "n4", "n5"):
            group.kill(name)
        self.all_list(group, ["n2", "n3", "n4", "n5"], State.FAILED, 30)
        self.assertTrue(group.everybody_lists("n1"))

    def test_members_that_restart_after_a_power_cut_join_again(self) -> None:
        group = self.formed(16)
        victims = [f"n{number}" for number in range(7, 17)]
        for name in victims:
            group.vanish(name)
        self.all_list(group, victims, State.FAILED, 40)
        for name in victims:
            group.restart(name)
        self.until(group, group.everybody_lists, 15)
        self.no_wrong_failures(group)

    def test_members_that_restart_before_their_failure_is_detected_join_again(self) -> None:
        group = self.formed(16)
        victims = [f"n{number}" for number in range(4, 17)]
        for name in victims:
            group.vanish(name)
        group.run_for(1)
        for name in victims:
            group.restart(name)
        self.until(group, group.everybody_lists, 15)
        self.no_wrong_failures(group)
