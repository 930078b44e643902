"""Saying goodbye."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events


class LeaveStories(Story):
    def test_one_who_leaves_is_known_to_have_left_by_all_at_once(self) -> None:
        group = self.formed(16)
        left = group.leave("n3")
        group.run_for(0.1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))

    def test_even_one_that_has_only_just_come_is_forgotten_by_the_bootstrap_node(self) -> None:
        group = Group(2, 1, bootstrap=True)
        group.start()
        self.until(group, group.everybody_lists, 5)
        assert group.well_known is not None
        self.assertEqual(sorted(m.name for m in group.well_known.members()), ["n1", "n2"])
        group.leave("n2")
        group.run_for(0.1)
        self.assertEqual([m.name for m in group.well_known.members()], ["n1"])

    def test_leaving_is_no_failure(self) -> None:
        group = self.formed(16)
        for name in ("n3", "n7", "n11"):
            group.leave(name)
        group.run_for(60)
        for name in ("n3", "n7", "n11"):
            self.assertEqual(events(group, name, Event.FAILED, Event.SUSPECTED), [])
            self.assertTrue(group.everybody_lists(name, State.LEFT))

    def test_after_leaving_no_timer_is_left(self) -> None:
        group = self.formed(4)
        self.assertFalse(group.leave("n3").called)
        group.run_for(1)
        self.assertEqual(list(group.runs["n3"][-1].process.getDelayedCalls()), [])

    def test_under_20_percent_loss_all_know_before_it_is_gone(self) -> None:
        for seed in range(5):
            group = self.formed(16, seed, loss=0.2)
            left = group.leave("n3")
            group.run_for(5.1)
            self.successResultOf(left)
            self.all_list(group, "n3", State.LEFT, 1)

    def test_everybody_leaves(self) -> None:
        group = self.formed(8)
        leaving = [group.leave(key) for key in group.running]
        group.run_for(6)
        for left in leaving:
            self.successResultOf(left)
        self.assertEqual({a.event for a in group.history}, {Event.JOINED, Event.LEFT})

    def test_the_last_one_leaves_without_waiting_for_anybody(self) -> None:
        group = self.formed(1)
        left = group.leave("n1")
        group.run_for(0.01)
        self.successResultOf(left)

    def test_one_whose_neighbour_is_dead_leaves_within_the_bound(self) -> None:
        group = self.formed(4)
        group.vanish("n2")
        left = group.leave("n3")
        group.run_for(5.1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))

    def test_one_who_left_may_come_back(self) -> None:
        group = self.formed(8)
        group.leave("n3")
        group.run_for(10)
        group.restart("n3")
        self.until(group, group.everybody_lists, 5)
        self.assertEqual(events(group, "n3", by="n1")[-1].event, Event.JOINED)

    def test_more_than_a_hundred_are_told_at_a_pace(self) -> None:
        group = self.formed(120)
        left = group.leave("n3")
        group.run_for(1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))
