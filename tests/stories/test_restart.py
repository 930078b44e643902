"""Restarts: a member comes back under its name in a new run, with a later epoch."""

from __future__ import annotations

from swimtx import Event, Member, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events

HOUR = 3600.0


class RestartStories(Story):
    def record(self, group: Group, by: str = "n1", name: str = "n3") -> Member:
        """The record that one member has of another."""
        found = group.nodes[by].membership.get(name)
        assert found is not None
        return found

    def new_run(self, group: Group, old: Member, bound: float = 10) -> Member:
        """Wait until all members list the new run of n3 as alive, and check that it stays so."""

        def new_everywhere() -> bool:
            return group.everybody_lists() and all(
                self.record(group, key).epoch > old.epoch for key in group.running
            )

        self.until(group, new_everywhere, bound)
        group.run_for(60)
        self.assertTrue(new_everywhere())
        self.no_wrong_failures(group)
        return self.record(group)

    def test_a_quick_restart_is_one_joined_event_and_no_failure(self) -> None:
        group = self.formed(8)
        old, since = self.record(group), group.now
        group.restart("n3")
        self.new_run(group, old)
        for witness in group.running:
            if witness != "n3":
                said = [a.event for a in events(group, "n3", by=witness, since=since)]
                self.assertEqual(said, [Event.JOINED], witness)

    def test_a_member_restarted_on_another_port_is_reached_there(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", port=9000)
        self.assertEqual(self.new_run(group, old).port, 9000)

    def test_a_member_restarted_on_another_host_is_reached_there(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.kill("n3")
        group.add("n3", host="10.9.9.9")
        self.assertEqual(self.new_run(group, old).address, "10.9.9.9")

    def test_a_member_restarted_after_its_failure_was_known_joins_again(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        group.restart("n3", tags={"role": "new"})
        self.assertEqual(self.new_run(group, old).tags, {"role": "new"})

    def test_a_restarted_member_joins_though_its_clock_went_back_an_hour(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", skew=-HOUR)
        self.new_run(group, old)

    def test_a_restarted_member_joins_on_another_port_though_its_clock_went_back(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", skew=-HOUR, port=9000)
        self.assertEqual(self.new_run(group, old).port, 9000)

    def test_a_member_restarted_after_its_failure_joins_though_its_clock_went_back(self) -> None:
        for port in (7946, 9000):
            group = self.formed(8)
            old = self.record(group)
            group.kill("n3")
            self.all_list(group, "n3", State.FAILED, 15)
            group.restart("n3", skew=-HOUR, port=port)
            self.assertEqual(self.new_run(group, old).port, port)

    def test_a_member_restarted_after_its_leave_joins_though_its_clock_went_back(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.leave("n3")
        group.run_for(5)
        group.restart("n3", skew=-HOUR)
        self.new_run(group, old)

    def test_the_only_seed_joins_its_group_again_after_a_restart(self) -> None:
        group = self.formed(8)
        old = self.record(group, "n2", "n1")
        group.restart("n1")
        self.until(group, group.everybody_lists, 15)
        self.assertGreater(self.record(group, "n2", "n1").epoch, old.epoch)

    def test_a_member_that_restarts_repeatedly_joins_each_time(self) -> None:
        group = self.formed(8)
        for _ in range(5):
            old = self.record(group)
            group.restart("n3")
            self.new_run(group, old, 5)

    def test_all_seeds_join_their_group_again_after_a_restart_at_once(self) -> None:
        group = self.formed(16)
        group.seeds = [group.address("n1"), group.address("n2")]
        group.kill("n1")
        group.kill("n2")
        group.restart("n1")
        group.restart("n2")
        self.until(group, group.everybody_lists, 10)
        self.no_wrong_failures(group)
