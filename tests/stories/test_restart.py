"""A member dies and comes back under its name: a new run, known by its epoch."""

from __future__ import annotations

from swimtx import Event, Member, State
from swimtx.simulation import Group
from tests.stories.scenes import Story, events

HOUR = 3600.0


class RestartStories(Story):
    def record(self, group: Group, by: str = "n1", name: str = "n3") -> Member:
        """What one member holds of another."""
        found = group.nodes[by].membership.get(name)
        assert found is not None
        return found

    def back(self, group: Group, old: Member, bound: float = 10) -> Member:
        """Wait until everybody holds the new run of n3, alive."""

        def new_everywhere() -> bool:
            return group.everybody_lists() and all(
                self.record(group, key).epoch > old.epoch for key in group.running
            )

        self.until(group, new_everywhere, bound)
        group.run_for(60)
        self.assertTrue(new_everywhere())
        self.nobody_wronged(group)
        return self.record(group)

    def test_a_quick_restart_is_one_joined_event_and_no_failure(self) -> None:
        group = self.formed(8)
        old, since = self.record(group), group.now
        group.restart("n3")
        self.back(group, old)
        for witness in group.running:
            if witness != "n3":
                said = [a.event for a in events(group, "n3", by=witness, since=since)]
                self.assertEqual(said, [Event.JOINED], witness)

    def test_one_restarted_on_another_port_is_reached_there(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", port=9000)
        self.assertEqual(self.back(group, old).port, 9000)

    def test_one_restarted_on_another_host_is_reached_there(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.kill("n3")
        group.add("n3", host="10.9.9.9")
        self.assertEqual(self.back(group, old).address, "10.9.9.9")

    def test_one_restarted_after_its_failure_was_known_joins_again(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        group.restart("n3", tags={"role": "new"})
        self.assertEqual(self.back(group, old).tags, {"role": "new"})

    def test_a_clock_that_went_back_an_hour_does_not_keep_it_out(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", skew=-HOUR)
        self.back(group, old)

    def test_a_clock_that_went_back_and_another_port_do_not_keep_it_out(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.restart("n3", skew=-HOUR, port=9000)
        self.assertEqual(self.back(group, old).port, 9000)

    def test_a_clock_that_went_back_does_not_keep_out_one_that_had_failed(self) -> None:
        for port in (7946, 9000):
            group = self.formed(8)
            old = self.record(group)
            group.kill("n3")
            self.all_list(group, "n3", State.FAILED, 15)
            group.restart("n3", skew=-HOUR, port=port)
            self.assertEqual(self.back(group, old).port, port)

    def test_a_clock_that_went_back_does_not_keep_out_one_that_had_left(self) -> None:
        group = self.formed(8)
        old = self.record(group)
        group.leave("n3")
        group.run_for(5)
        group.restart("n3", skew=-HOUR)
        self.back(group, old)

    def test_the_only_seed_restarts_and_is_taken_back(self) -> None:
        group = self.formed(8)
        old = self.record(group, "n2", "n1")
        group.restart("n1")
        self.until(group, group.everybody_lists, 15)
        self.assertGreater(self.record(group, "n2", "n1").epoch, old.epoch)

    def test_a_member_that_restarts_every_few_seconds_is_taken_in_each_time(self) -> None:
        group = self.formed(8)
        for _ in range(5):
            old = self.record(group)
            group.restart("n3")
            self.back(group, old, 5)

    def test_all_seeds_restart_at_once_and_find_the_others_again(self) -> None:
        group = self.formed(16)
        group.seeds = [group.address("n1"), group.address("n2")]
        group.kill("n1")
        group.kill("n2")
        group.restart("n1")
        group.restart("n2")
        self.until(group, group.everybody_lists, 10)
        self.nobody_wronged(group)
