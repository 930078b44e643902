"""Joins: by a member or a bootstrap node, of many members at once or one after the other."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from swimtx.simulation.group import WELL_KNOWN
from swimtx.transport import tcp
from tests.stories.scenes import Story, events


class JoinStories(Story):
    def test_32_members_that_start_at_once_form_a_group_with_one_as_seed(self) -> None:
        group = Group(32, 1)
        group.start()
        self.assertLess(self.until(group, group.everybody_lists, 10), 5)
        self.no_wrong_failures(group)

    def test_24_members_join_at_once_by_a_seed_that_accepts_3_streams(self) -> None:
        self.patch(tcp, "MAX_ACCEPTED", 3)
        group = Group(24, 1)
        group.start()
        self.assertLess(self.until(group, group.everybody_lists, 10), 3)

    def test_32_members_that_start_at_once_form_a_group_by_a_bootstrap_node(self) -> None:
        for seed in range(5):
            group = Group(32, seed, bootstrap=True)
            group.start()
            self.until(group, group.everybody_lists, 25)
            self.no_wrong_failures(group)

    def test_the_bootstrap_node_is_not_listed_as_a_member(self) -> None:
        group = self.formed(5, bootstrap=True)
        group.run_for(30)
        for node in group.nodes.values():
            names = [member.name for member in node.membership.members()]
            self.assertEqual(names, ["n1", "n2", "n3", "n4", "n5"])

    def test_members_that_start_one_after_the_other_are_listed_by_all_within_a_second(self) -> None:
        group = Group(10, 1)
        group.start(every=2)
        group.run_for(19)
        self.assertTrue(group.everybody_lists())

    def test_a_first_member_can_be_its_own_seed(self) -> None:
        group = Group(1, 1)
        group.seeds = [group.address("n1")]
        group.start()
        self.until(group, group.everybody_lists, 1)

    def test_a_group_forms_when_each_member_has_all_members_as_seeds(self) -> None:
        group = Group(5, 1)
        group.seeds = [group.address(key) for key in group.running]
        group.start()
        self.until(group, group.everybody_lists, 10)

    def test_a_group_still_detects_failures_without_its_bootstrap_node(self) -> None:
        group = self.formed(8, bootstrap=True)
        group.network.vanish(WELL_KNOWN[0])
        group.run_for(60)
        self.assertTrue(group.everybody_lists())
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        self.no_wrong_failures(group)

    def test_newcomers_join_once_their_bootstrap_node_is_back(self) -> None:
        group = Group(6, 1, bootstrap=True)
        assert group.well_known is not None
        group.well_known.stop()
        group.start()
        group.run_for(30)
        self.assertFalse(group.everybody_lists())
        group.well_known.start()
        self.until(group, group.everybody_lists, 60)

    def test_a_newcomer_with_a_dead_seed_joins_by_another_seed(self) -> None:
        group = self.formed(5)
        group.seeds = [group.address("n2"), group.address("n3")]
        group.vanish("n2")
        group.add("n6")
        self.until(group, lambda: group.lists("n1", ["n6"]) and group.lists("n6", ["n1"]), 10)

    def test_separate_groups_merge_by_renewals_at_the_bootstrap_node(self) -> None:
        group = self.formed(4, bootstrap=True)
        assert group.well_known is not None
        group.well_known.stop()  # which drops its entries of the first four
        group.run_for(1)
        group.well_known.start()
        for key in ("m1", "m2", "m3"):
            group.add(key)
        group.run_for(1)
        self.until(group, group.everybody_lists, 30)
        self.no_wrong_failures(group)

    def test_a_newcomer_lists_all_members_within_half_a_second(self) -> None:
        group = self.formed(20)
        group.add("late")
        group.run_for(0.5)
        self.assertTrue(group.lists("late"))

    def test_each_member_announces_the_join_of_each_other_once(self) -> None:
        group = self.formed(12)
        group.run_for(60)
        for key in group.running:
            for name in group.running:
                said = events(group, name, Event.JOINED, by=key)
                self.assertEqual(len(said), key != name, (key, name))

    def test_a_newcomer_learns_which_members_have_failed(self) -> None:
        group = self.formed(6)
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        group.add("late")
        self.until(group, lambda: group.lists("late", ["n3"], State.FAILED), 5)
