"""Simulated groups: starts, ends and faults of members, and the history of what they announce."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx import Event, State
from swimtx.simulation import START, Group, MemoryNetwork, Meter, knowledge
from tests.simulation.doubles import network


class GroupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.group = Group(4, seed=1)
        self.group.start()
        self.assertTrue(self.group.run_until(self.group.everybody_lists, 5))

    def test_members_are_numbered_and_run_on_hosts_of_their_own(self) -> None:
        self.assertEqual(self.group.running, ["n1", "n2", "n3", "n4"])
        self.assertEqual(self.group.address("n2"), ("10.0.0.2", 7946))
        self.assertEqual(self.group.nodes["n2"].address, ("10.0.0.2", 7946))

    def test_a_killed_member_is_not_running_and_its_failure_is_not_wrong(self) -> None:
        self.group.kill("n2")
        self.assertEqual(self.group.running, ["n1", "n3", "n4"])
        self.assertTrue(
            self.group.run_until(lambda: self.group.everybody_lists("n2", State.FAILED), 20)
        )
        self.assertEqual(self.group.wrongly_failed(), [])

    def test_a_member_that_was_killed_during_a_probe_can_be_stopped(self) -> None:
        self.group.vanish("n3")
        node = self.group.nodes["n1"]
        node.ping("n3").addErrback(lambda failure: None)
        self.group.run_for(0.1)
        self.group.kill("n1")
        stopped = node.stop()
        self.group.run_for(1)
        self.assertIsNone(self.successResultOf(stopped))

    def test_a_failure_of_a_running_member_is_wrong(self) -> None:
        self.group.partition(["n1"])
        self.group.run_for(30)
        wrong = {(announced.by, announced.about) for announced in self.group.wrongly_failed()}
        self.assertLessEqual({("n2", "n1"), ("n3", "n1"), ("n4", "n1")}, wrong)

    def test_a_failure_of_an_earlier_run_of_a_member_is_not_wrong(self) -> None:
        self.group.kill("n2")
        self.group.run_for(20)
        self.group.restart("n2")
        self.group.run_for(20)
        self.assertTrue(self.group.everybody_lists("n2"))
        self.assertEqual(self.group.wrongly_failed(), [])

    def test_a_member_that_left_has_stopped_and_has_no_timer(self) -> None:
        self.group.leave("n3")
        self.group.run_for(1)
        self.assertTrue(self.group.everybody_lists("n3", State.LEFT))
        self.assertEqual(list(self.group.runs["n3"][0].process.getDelayedCalls()), [])

    def test_stopping_a_group_leaves_no_timer(self) -> None:
        self.group.stop()
        self.group.run_for(1)
        self.assertEqual(self.group.running, [])
        for runs in self.group.runs.values():
            self.assertEqual(list(runs[0].process.getDelayedCalls()), [])

    def test_run_until_ends_at_its_bound_if_the_condition_never_holds(self) -> None:
        began = self.group.now
        self.assertFalse(self.group.run_until(lambda: False, 2.5))
        self.assertAlmostEqual(self.group.now - began, 2.5, places=3)

    def test_the_history_tells_when_each_witness_announced_a_failure(self) -> None:
        since = self.group.now
        self.group.kill("n2")
        self.group.run_for(20)
        known = knowledge(self.group, "n2", Event.FAILED, since, self.group.running)
        self.assertTrue(known.complete)
        assert known.first is not None and known.median is not None and known.last is not None
        self.assertTrue(0 < known.first <= known.median <= known.last < 20)

    def test_a_group_may_keep_only_some_events(self) -> None:
        group = Group(3, seed=1, events=[Event.LEFT])
        group.start()
        group.run_for(1)
        group.leave("n1")
        group.run_for(1)
        self.assertEqual({announced.event for announced in group.history}, {Event.LEFT})

    def test_a_meter_counts_from_one_reading_to_the_next(self) -> None:
        self.group.run_for(10)  # until no update is spread any more
        meter = Meter(self.group)
        self.group.run_for(10)
        load = meter.read()
        self.assertEqual(load.members, 4)
        self.assertAlmostEqual(load.datagrams_each, 2, delta=0.2)
        self.assertEqual(meter.read().datagrams, 0)

    def test_members_can_start_one_after_the_other(self) -> None:
        group = Group(3, seed=1)
        group.start(every=10)
        group.run_for(15)
        self.assertEqual([node.running for node in group.nodes.values()], [True, True, False])


class SkewTests(SynchronousTestCase):
    def test_the_clock_of_a_host_can_be_skewed(self) -> None:
        net: MemoryNetwork = network()
        behind = net.host("10.0.0.9", skew=-3600.0)
        fired: list[float] = []
        behind.callLater(2, lambda: fired.append(behind.seconds()))
        net.clock.advance(5)
        self.assertEqual(fired, [START - 3600 + 2])
