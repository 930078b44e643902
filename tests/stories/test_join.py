"""Coming together."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from swimtx.simulation.group import WELL_KNOWN
from swimtx.transport import tcp
from tests.stories.scenes import Story, events


class JoinStories(Story):
    def test_all_start_at_once_with_one_member_as_seed(self) -> None:
        group = Group(32, 1)
        group.start()
        self.assertLess(self.until(group, group.everybody_lists, 10), 5)
        self.nobody_wronged(group)

    def test_a_seed_with_no_room_for_so_many_streams_lets_all_in_at_once(self) -> None:
        self.patch(tcp, "MAX_ACCEPTED", 3)
        group = Group(24, 1)
        group.start()
        self.assertLess(self.until(group, group.everybody_lists, 10), 3)

    def test_all_start_at_once_with_a_bootstrap_node(self) -> None:
        for seed in range(5):
            group = Group(32, seed, bootstrap=True)
            group.start()
            self.until(group, group.everybody_lists, 25)
            self.nobody_wronged(group)

    def test_the_bootstrap_node_itself_is_no_member(self) -> None:
        group = self.formed(5, bootstrap=True)
        group.run_for(30)
        for node in group.nodes.values():
            names = [member.name for member in node.membership.members()]
            self.assertEqual(names, ["n1", "n2", "n3", "n4", "n5"])

    def test_members_that_start_one_after_the_other_are_listed_by_all_at_once(self) -> None:
        group = Group(10, 1)
        group.start(every=2)
        group.run_for(19)
        self.assertTrue(group.everybody_lists())

    def test_the_first_member_is_named_as_its_own_seed(self) -> None:
        group = Group(1, 1)
        group.seeds = [group.address("n1")]
        group.start()
        self.until(group, group.everybody_lists, 1)

    def test_everybody_names_everybody_as_seed(self) -> None:
        group = Group(5, 1)
        group.seeds = [group.address(key) for key in group.running]
        group.start()
        self.until(group, group.everybody_lists, 10)

    def test_members_live_on_when_the_bootstrap_node_is_lost(self) -> None:
        group = self.formed(8, bootstrap=True)
        group.network.vanish(WELL_KNOWN[0])
        group.run_for(60)
        self.assertTrue(group.everybody_lists())
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        self.nobody_wronged(group)

    def test_without_the_bootstrap_node_newcomers_wait_and_are_let_in_once_it_is_back(self) -> None:
        group = Group(6, 1, bootstrap=True)
        assert group.well_known is not None
        group.well_known.stop()
        group.start()
        group.run_for(30)
        self.assertFalse(group.everybody_lists())
        group.well_known.start()
        self.until(group, group.everybody_lists, 60)

    def test_a_newcomer_whose_seed_is_dead_is_let_in_by_another(self) -> None:
        group = self.formed(5)
        group.seeds = [group.address("n2"), group.address("n3")]
        group.vanish("n2")
        group.add("n6")
        self.until(group, lambda: group.lists("n1", ["n6"]) and group.lists("n6", ["n1"]), 10)

    def test_islands_are_joined_by_renewal(self) -> None:
        group = self.formed(4, bootstrap=True)
        assert group.well_known is not None
        group.well_known.stop()  # and with it what it knew of the first four
        group.run_for(1)
        group.well_known.start()
        for key in ("m1", "m2", "m3"):
            group.add(key)
        group.run_for(1)
        self.until(group, group.everybody_lists, 30)
        self.nobody_wronged(group)

    def test_a_newcomer_knows_everybody_when_its_join_is_done(self) -> None:
        group = self.formed(20)
        group.add("late")
        group.run_for(0.5)
        self.assertTrue(group.lists("late"))

    def test_joining_is_announced_once_by_each(self) -> None:
        group = self.formed(12)
        group.run_for(60)
        for key in group.running:
            for name in group.running:
                said = events(group, name, Event.JOINED, by=key)
                self.assertEqual(len(said), key != name, (key, name))

    def test_a_newcomer_hears_who_is_dead(self) -> None:
        group = self.formed(6)
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        group.add("late")
        self.until(group, lambda: group.lists("late", ["n3"], State.FAILED), 5)
