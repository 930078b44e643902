"""Failure detection: a member fails, and the others detect it (SWIM §3.1)."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import knowledge
from tests.stories.scenes import Story, events


class FailureStories(Story):
    def test_two_members_detect_that_the_third_is_killed(self) -> None:
        group = self.formed(3)
        group.kill("n2")
        self.all_list(group, "n2", State.FAILED, 15)
        self.assertTrue(group.everybody_lists(["n1", "n3"]))
        self.no_wrong_failures(group)

    def test_one_of_two_members_detects_without_a_relay_that_the_other_is_killed(self) -> None:
        group = self.formed(2)
        group.kill("n1")
        self.all_list(group, "n1", State.FAILED, 15)

    def test_a_member_whose_host_vanishes_is_suspected_before_it_is_failed(self) -> None:
        group = self.formed(8)
        group.vanish("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        for witness in group.running:
            said = [a.event for a in events(group, "n3", by=witness)]
            self.assertEqual(said, [Event.JOINED, Event.SUSPECTED, Event.FAILED])

    def test_each_member_announces_a_killed_member_as_failed_once(self) -> None:
        group = self.formed(8)
        group.kill("n3")
        group.run_for(30)
        for witness in group.running:
            self.assertEqual(len(events(group, "n3", Event.FAILED, by=witness)), 1)

    def test_the_reason_of_a_failure_distinguishes_a_dead_process_from_a_dead_host(self) -> None:
        group = self.formed(8)
        group.kill("n3")
        group.vanish("n4")
        self.all_list(group, ["n3", "n4"], State.FAILED, 15)
        [killed, *_] = events(group, "n3", Event.FAILED, by="n1")
        [vanished, *_] = events(group, "n4", Event.FAILED, by="n1")
        self.assertIn("refused a stream", killed.why)
        self.assertIn("no answer to", vanished.why)

    def test_all_members_know_of_a_failure_within_a_second_of_the_first_verdict(self) -> None:
        group = self.formed(32)
        since = group.now
        group.kill("n5")
        self.all_list(group, "n5", State.FAILED, 15)
        known = knowledge(group, "n5", Event.FAILED, since, group.running)
        assert known.first is not None and known.last is not None
        self.assertLess(known.last - known.first, 1)

    def test_gossip_spreads_a_failure_in_a_group_too_large_for_direct_notices(self) -> None:
        group = self.formed(80)
        group.kill("n5")
        self.all_list(group, "n5", State.FAILED, 20)
        self.no_wrong_failures(group)

    def test_each_of_ten_members_killed_one_after_the_other_is_detected(self) -> None:
        group = self.formed(12)
        for number in range(2, 12):
            group.kill(f"n{number}")
            self.all_list(group, f"n{number}", State.FAILED, 25)
        self.assertEqual(group.running, ["n1", "n12"])
        self.assertTrue(group.everybody_lists())
        self.no_wrong_failures(group)

    def test_a_killed_member_stays_failed(self) -> None:
        group = self.formed(8)
        group.kill("n3")
        self.all_list(group, "n3", State.FAILED, 15)
        group.run_for(120)
        self.assertTrue(group.everybody_lists("n3", State.FAILED))
        self.assertEqual(events(group, "n3", Event.RECOVERED), [])
