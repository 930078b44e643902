"""Rules that distinguish failures from pauses: without its rule, each story ends differently."""

from __future__ import annotations

from typing import Any

from swimtx import Config, Event, State
from swimtx.experiments.ablations import (
    WITHOUT,
    WithoutLocalHealth,
    WithoutPhasesAndTripwires,
    WithoutTripwires,
)
from swimtx.simulation import Group, knowledge
from swimtx.wiring import Wiring
from tests.stories.scenes import Story, events

QUICK = Config.lan(silence_tolerance=3.0)


class GradedStory(Story):
    """Groups with a silence tolerance of three protocol periods."""

    def without(self, rule: str, size: int = 12, seed: object = 1, **settings: object) -> Group:
        """A group that has formed, without one of the rules."""
        return self.formed(size, seed, config=QUICK, wiring=WITHOUT[rule], **settings)

    def detection_time(self, group: Group, name: str, since: float) -> float:
        """Seconds from C{since} until all members have announced the failure of one."""
        self.until(group, lambda: group.everybody_lists(name, State.FAILED), 60)
        known = knowledge(group, name, Event.FAILED, since, group.running)
        assert known.last is not None
        return known.last


class EvidenceStories(GradedStory):
    def test_a_killed_process_is_detected_at_once_since_its_host_refuses_streams(self) -> None:
        for rule, soon, at_timeout in (("nothing", 0.0, 1.0), ("evidence", 3.0, 6.0)):
            group = self.without(rule)
            group.kill("n3")
            self.assertTrue(soon <= self.detection_time(group, "n3", group.now) <= at_timeout, rule)

    def test_a_vanished_host_is_detected_after_the_silence_tolerance(self) -> None:
        group = self.without("nothing")
        group.vanish("n3")
        self.assertTrue(3.5 <= self.detection_time(group, "n3", group.now) <= 5.5)

    def test_a_process_stalled_for_20_s_survives_since_its_host_accepts_streams(self) -> None:
        for rule, survives in (("nothing", True), ("evidence", False), ("patience", False)):
            group = self.without(rule)
            group.stall("n3", 20)
            group.run_for(40)
            self.assertEqual(not group.wrongly_failed(), survives, rule)
            self.assertTrue(group.everybody_lists())

    def test_all_members_announce_within_4_s_that_a_process_has_stalled(self) -> None:
        group = self.without("nothing")
        group.stall("n3", 10)
        group.run_for(4)
        told = events(group, "n3", Event.STALLED)
        self.assertEqual({a.by for a in told}, set(group.running) - {"n3"})

    def test_a_process_killed_while_it_is_stalled_is_detected_at_once(self) -> None:
        group = self.without("nothing")
        group.stall("n3", 60)
        group.run_for(8)
        group.kill("n3")
        self.assertLess(self.detection_time(group, "n3", group.now), 1.0)

    def test_a_process_whose_host_vanishes_while_it_is_stalled_is_detected(self) -> None:
        group = self.without("nothing")
        group.stall("n3", 60)
        group.run_for(8)
        group.vanish("n3")
        self.assertLess(self.detection_time(group, "n3", group.now), 12)

    def test_a_frozen_host_is_failed_only_after_the_silence_tolerance(self) -> None:
        for seconds, survives in ((2.5, True), (8, False)):
            group = self.without("nothing")
            group.freeze_host("n3", seconds)
            group.run_for(20)
            self.assertEqual(not group.wrongly_failed(), survives)
            self.assertTrue(group.everybody_lists())


class CredibilityStories(GradedStory):
    def wrong_failures(self, rule: str) -> int:
        group = Group(12, 1, QUICK, wiring=WITHOUT[rule])
        for key in group.running:
            (host,) = group.hosts(key)
            group.network.refuse_streams(host)
        group.start()
        self.until(group, group.everybody_lists, 60)
        group.network.lose(0.4)
        group.run_for(60)
        return len(group.wrongly_failed())

    def test_no_member_is_wrongly_failed_behind_firewalls_that_reject_streams(self) -> None:
        self.assertEqual(self.wrong_failures("nothing"), 0)
        self.assertGreater(self.wrong_failures("credibility"), 20)


class TripwireStories(GradedStory):
    def test_a_broken_tripwire_detects_a_kill_without_waiting_for_a_probe(self) -> None:
        waits: dict[str, list[float]] = {}
        for rule in ("nothing", "tripwires"):
            waits[rule] = []
            for seed in range(5):
                group = self.without(rule, seed=seed)
                group.kill("n3")
                waits[rule].append(self.detection_time(group, "n3", group.now))
        self.assertLess(max(waits["nothing"]), 0.3)
        self.assertGreater(max(waits["tripwires"]), 0.5)

    def test_a_kill_is_detected_sooner_by_asking_other_members_with_broken_tripwires(self) -> None:
        waits: dict[str, list[float]] = {}
        for rule in ("nothing", "fellow watchers"):
            group = self.without(rule, 32)
            waits[rule] = []
            for key in ("n3", "n11", "n23", "n31"):
                group.kill(key)
                waits[rule].append(self.detection_time(group, key, group.now))
                group.run_for(5)
        self.assertLess(max(waits["nothing"]), 0.1)
        self.assertGreater(max(waits["fellow watchers"]), 0.15)

    def test_no_member_is_failed_when_a_firewall_starts_to_reset_and_refuse_streams(self) -> None:
        for size in (2, 3, 4, 32):
            group = self.without("nothing", size)
            (host,) = group.hosts("n2")
            group.network.refuse_streams(host)
            wires = [group.nodes[key]._parts.tripwires._open for key in group.running]
            held: list[Any] = [streams["n2"] for streams in wires if "n2" in streams]
            self.assertEqual(len(held), min(3, size - 1))
            for stream in held:
                stream.transport.abortConnection()
            group.run_for(30)
            self.no_wrong_failures(group)

    def test_a_killed_process_is_detected_though_its_host_still_accepts_streams(self) -> None:
        for rule, soon, at_timeout in (("nothing", 3.0, 6.0), ("tripwires", 25.0, 40.0)):
            group = self.without(rule)
            (host,) = group.hosts("n3")
            group.network.mute_streams(host)
            group.kill("n3")
            self.assertTrue(soon <= self.detection_time(group, "n3", group.now) <= at_timeout, rule)

    def test_tripwires_closed_by_a_middlebox_cause_no_suspicion(self) -> None:
        group = self.without("nothing")
        for key in group.running:
            streams: list[Any] = list(group.nodes[key]._parts.tripwires._open.values())
            for stream in streams:
                stream.transport.abortConnection()
        group.run_for(30)
        self.no_wrong_failures(group)
        self.assertEqual(events(group, "n3", Event.SUSPECTED), [])

    def test_a_member_that_leaves_is_not_suspected_for_its_broken_tripwires(self) -> None:
        group = self.without("nothing")
        group.leave("n3")
        group.run_for(10)
        self.assertEqual(events(group, "n3", Event.SUSPECTED, Event.FAILED), [])


class OwnHealthStories(GradedStory):
    def test_a_member_that_receives_nothing_gives_no_verdict(self) -> None:
        # Without local health, which alone would delay the verdict for as long.
        for rule, verdicts in (("nothing", False), ("deafness", True)):
            wiring = type("Wired", (WithoutLocalHealth, WITHOUT[rule]), {})
            group = self.formed(12, config=QUICK, wiring=wiring)
            group.network.cut("*", group.hosts("n3"))
            group.run_for(29)
            by_it = [a for a in group.wrongly_failed() if a.by == "n3"]
            self.assertEqual(bool(by_it), verdicts, rule)

    def test_a_member_that_receives_nothing_announces_that_it_is_isolated(self) -> None:
        group = self.without("nothing")
        group.network.cut("*", group.hosts("n3"))
        group.run_for(20)
        self.assertNotEqual(events(group, "n3", Event.ISOLATED, by="n3"), [])

    def test_the_last_of_three_members_declares_both_others_failed_in_the_end(self) -> None:
        group = self.without("nothing", 3)
        group.vanish("n2")
        group.vanish("n3")
        self.all_list(group, ["n2", "n3"], State.FAILED, 60)

    def test_one_of_two_members_detects_that_the_other_is_killed_or_vanishes(self) -> None:
        for fail, bound in ((Group.kill, 3), (Group.vanish, 10)):
            group = self.without("nothing", 2)
            fail(group, "n2")
            self.all_list(group, "n2", State.FAILED, bound)

    def test_wrong_verdicts_make_the_next_verdict_slower(self) -> None:
        record = {}
        for rule in ("nothing", "regret"):
            group = self.without(rule)
            for key in ("n3", "n4", "n5", "n6"):
                group.freeze_host(key, 6)
                group.run_for(20)
            record[rule] = len({a.about for a in group.wrongly_failed()})
        self.assertEqual(record["regret"], 4)
        self.assertLess(record["nothing"], 4)


class HealingStories(GradedStory):
    def healed(self, rule: str) -> float:
        group = self.without(rule)
        names = group.running
        group.partition(names[:6], names[6:])
        group.run_for(60)
        group.heal()
        group.run_until(group.everybody_lists, 20)
        return group.now if group.everybody_lists() else float("inf")

    def test_two_halves_merge_because_failed_members_are_contacted(self) -> None:
        self.assertLess(self.healed("nothing"), float("inf"))
        self.assertEqual(self.healed("resurrection"), float("inf"))


class OrderStories(GradedStory):
    def wait(self, group: Group, key: str) -> float:
        """Seconds until a member whose host vanishes is suspected; it is restarted afterwards."""
        since = group.now
        group.vanish(key)
        self.until(group, lambda: events(group, key, Event.SUSPECTED, since=since), 30)
        suspected = events(group, key, Event.SUSPECTED, since=since)[0].time
        group.restart(key)
        group.run_for(7.37)
        return suspected - since

    def waits(self, wiring: type[Wiring]) -> list[float]:
        """Sorted seconds until members whose host vanishes are suspected."""
        found = []
        for seed in range(2):
            group = self.formed(16, seed, config=QUICK, wiring=wiring)
            found += [self.wait(group, key) for key in group.running[:12]]
        return sorted(found)

    def test_in_the_phased_order_each_member_is_probed_once_a_period(self) -> None:
        phased = self.waits(WithoutTripwires)
        random = self.waits(WithoutPhasesAndTripwires)
        self.assertLess(phased[20], 2.1)
        self.assertGreater(random[-1], phased[20] + 0.5)


class FewSurvivorsStories(GradedStory):
    def test_the_few_survivors_detect_that_most_hosts_have_vanished(self) -> None:
        known: dict[str, int] = {}
        for rule in ("nothing", "second thoughts"):
            group = self.without(rule, 64)
            gone = group.running[7:]
            for key in gone:
                group.vanish(key)
            group.run_for(30)
            known[rule] = min(
                sum(group.lists(key, [name], State.FAILED) for name in gone)
                for key in group.running
            )
        self.assertGreater(known["nothing"], 50)
        self.assertLess(known["second thoughts"], 20)


class LoadStories(GradedStory):
    def test_few_streams_are_opened_while_a_member_is_stalled(self) -> None:
        group = self.without("nothing", 32)
        group.stall("n3", 20)
        group.run_for(2)
        opened = group.network.traffic.streams_opened
        group.run_for(17)
        self.assertLess(group.network.traffic.streams_opened - opened, 32)

    def test_under_30_percent_loss_no_member_is_declared_failed(self) -> None:
        group = self.without("nothing", 32)
        group.network.lose(0.3)
        group.run_for(60)
        self.no_wrong_failures(group)
