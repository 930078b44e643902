"""Leaves: all members list a member that leaves as left, and not as failed."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events


class LeaveStories(Story):
    def test_all_members_list_a_leaving_member_as_left_within_a_tenth_of_a_second(self) -> None:
        group = self.formed(16)
        left = group.leave("n3")
        group.run_for(0.1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))

    def test_the_bootstrap_node_drops_a_member_that_leaves_just_after_its_join(self) -> None:
        group = Group(2, 1, bootstrap=True)
        group.start()
        self.until(group, group.everybody_lists, 5)
        assert group.well_known is not None
        self.assertEqual(sorted(m.name for m in group.well_known.members()), ["n1", "n2"])
        group.leave("n2")
        group.run_for(0.1)
        self.assertEqual([m.name for m in group.well_known.members()], ["n1"])

    def test_members_that_leave_are_never_announced_suspect_or_failed(self) -> None:
        group = self.formed(16)
        for name in ("n3", "n7", "n11"):
            group.leave(name)
        group.run_for(60)
        for name in ("n3", "n7", "n11"):
            self.assertEqual(events(group, name, Event.FAILED, Event.SUSPECTED), [])
            self.assertTrue(group.everybody_lists(name, State.LEFT))

    def test_a_member_that_left_has_no_timer(self) -> None:
        group = self.formed(4)
        self.assertFalse(group.leave("n3").called)
        group.run_for(1)
        self.assertEqual(list(group.runs["n3"][-1].process.getDelayedCalls()), [])

    def test_under_20_percent_loss_all_members_learn_of_a_leave(self) -> None:
        for seed in range(5):
            group = self.formed(16, seed, loss=0.2)
            left = group.leave("n3")
            group.run_for(5.1)
            self.successResultOf(left)
            self.all_list(group, "n3", State.LEFT, 1)

    def test_all_members_can_leave_at_once(self) -> None:
        group = self.formed(8)
        leaving = [group.leave(key) for key in group.running]
        group.run_for(6)
        for left in leaving:
            self.successResultOf(left)
        self.assertEqual({a.event for a in group.history}, {Event.JOINED, Event.LEFT})

    def test_a_member_without_others_leaves_at_once(self) -> None:
        group = self.formed(1)
        left = group.leave("n1")
        group.run_for(0.01)
        self.successResultOf(left)

    def test_a_member_leaves_within_5_s_though_another_is_dead(self) -> None:
        group = self.formed(4)
        group.vanish("n2")
        left = group.leave("n3")
        group.run_for(5.1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))

    def test_a_member_that_left_can_join_again_after_a_restart(self) -> None:
        group = self.formed(8)
        group.leave("n3")
        group.run_for(10)
        group.restart("n3")
        self.until(group, group.everybody_lists, 5)
        self.assertEqual(events(group, "n3", by="n1")[-1].event, Event.JOINED)

    def test_120_members_learn_of_a_leave_within_a_second(self) -> None:
        group = self.formed(120)
        left = group.leave("n3")
        group.run_for(1)
        self.successResultOf(left)
        self.assertTrue(group.everybody_lists("n3", State.LEFT))
