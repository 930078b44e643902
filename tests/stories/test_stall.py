"""Stalls: a process that does nothing for some seconds is not declared failed."""

from __future__ import annotations

from swimtx import Event, State
from tests.stories.scenes import Story, events


class StallStories(Story):
    def test_a_member_that_stalls_for_2_s_is_not_failed(self) -> None:
        for seed in range(5):
            group = self.formed(8, seed)
            group.stall("n3", 2)
            group.run_for(30)
            self.no_wrong_failures(group)
            self.assertTrue(group.everybody_lists())

    def test_a_member_that_stalled_for_20_s_fails_no_other_afterwards(self) -> None:
        for seed in range(5):
            group = self.formed(8, seed)
            group.stall("n3", 20)
            group.run_for(60)
            self.assertEqual([a for a in group.wrongly_failed() if a.by == "n3"], [])
            self.assertTrue(group.everybody_lists())

    def test_a_member_that_stalls_for_60_s_recovers_within_its_epoch(self) -> None:
        group = self.formed(8)
        group.stall("n3", 60)
        group.run_for(40)
        self.assertTrue(group.lists("n1", ["n3"], State.FAILED))
        group.run_for(20)
        self.until(group, group.everybody_lists, 15)
        for witness in ("n1", "n2", "n8"):
            self.assertEqual(events(group, "n3", by=witness)[-1].event, Event.RECOVERED)

    def test_no_member_is_failed_when_the_whole_group_stalls_for_30_s(self) -> None:
        group = self.formed(8)
        for key in group.running:
            group.stall(key, 30)
        group.run_for(60)
        self.no_wrong_failures(group)
        self.assertTrue(group.everybody_lists())

    def test_no_member_is_failed_when_half_of_the_group_stalls_for_3_s(self) -> None:
        group = self.formed(16)
        for key in group.running[:8]:
            group.stall(key, 3)
        group.run_for(30)
        self.no_wrong_failures(group)
        self.assertTrue(group.everybody_lists())
