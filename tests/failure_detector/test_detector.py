"""One probe each period, and the suspicion of a target that does not answer (SWIM §3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any, cast

from swimtx.addresses import Address
from swimtx.failure_detector.assessment import EvidenceAssessment
from swimtx.failure_detector.detector import FailureDetector
from swimtx.failure_detector.target_selection import RoundRobin
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.probing.relay_selection import RelaySelection
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.route import Route
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, LATENCY, Calls, ComponentTestCase, Peer

PING, ACK, PING_REQ, NACK = (
    MessageType.PING,
    MessageType.ACK,
    MessageType.PING_REQ,
    MessageType.NACK,
)


class RecordingAssessment(EvidenceAssessment):
    """Records which members answered."""

    __slots__ = ("names",)

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.names: list[str] = []

    def answered(self, probe: Probe) -> None:
        super().answered(probe)
        self.names.append(probe.target.name)


class Reachability:
    """A reachability check whose answer the test sets.

    @ivar answer: the immediate answer; C{None}: none.
    """

    def __init__(self) -> None:
        self.answer: bool | None = None
        self.asked = 0

    def ask(self, tell: Callable[[bool], object]) -> None:
        self.asked += 1
        if self.answer is not None:
            tell(self.answer)


class HintSource:
    """A source of hints.

    @ivar callbacks: the registered callbacks.
    """

    def __init__(self) -> None:
        self.callbacks: list[Callable[[str], object]] = []

    def on_break(self, callback: Callable[[str], object]) -> None:
        self.callbacks.append(callback)


class FailureDetectorTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.reached = Calls()
        self.health = LocalHealth()
        self.doubt = Calls()
        self.reachability = Reachability()
        self.hints = HintSource()
        self.neighbours: list[str] = []
        self.assessment = RecordingAssessment(
            parts.reactor.seconds, parts.membership, parts.broken_streams, parts.config
        )
        self.detector = parts.use(
            FailureDetector(
                parts.reactor,
                parts.membership,
                parts.messenger,
                RoundRobin(Random(1), parts.config.protocol_period),
                RelaySelection(
                    parts.chance, parts.membership, parts.config, lambda name: self.neighbours
                ),
                ProbeSchedule.probe,
                self.assessment,
                cast(ReachabilityCheck, self.reachability),
                self.doubt,
                self.reached,
                self.hints,
                parts.broken_streams,
                self.health,
                parts.config,
                parts.counters,
                parts.journal,
            )
        )

    def silent(self, name: str) -> Peer:
        """A member that does not answer, and whose host drops streams."""
        (peer,) = self.others(name)
        self.scene.network.silence_streams(peer.claim.address.host)
        return peer


class ProtocolPeriods(FailureDetectorTests):
    def test_one_member_is_probed_each_period_and_all_members_equally_often(self) -> None:
        peers = self.others("a", "b", "c", answering=True)
        self.detector.start()
        self.scene.run(31)
        counts = [len(peer.messages(PING)) for peer in peers]
        self.assertIn(sum(counts), (30, 31))
        self.assertLessEqual(max(counts) - min(counts), 1)
        self.assertEqual(self.parts.counters.probes, sum(counts))
        times = sorted(at for peer in peers for at in peer.times(PING))
        self.assertEqual({after - before for before, after in pairwise(times)}, {1000})

    def test_a_detector_without_other_members_probes_a_later_member(self) -> None:
        self.detector.start()
        self.scene.run(10)
        self.assertEqual(self.parts.counters.probes, 0)
        (late,) = self.others("late", answering=True)
        self.scene.run(2.1)
        self.assertEqual(len(late.messages(PING)), 2)

    def test_an_error_does_not_end_the_protocol_periods(self) -> None:
        self.others("a", answering=True)
        self.detector.start()
        transmit = self.parts.protocol.transmit
        self.parts.protocol.transmit = lambda peer, data: 1 // 0  # type: ignore[method-assign,assignment]
        self.assertRaises(ZeroDivisionError, self.scene.run, 2)
        self.parts.protocol.transmit = transmit  # type: ignore[method-assign]
        self.scene.run(10)
        self.assertGreaterEqual(len(self.assessment.names), 8)

    def test_members_that_are_gone_are_not_probed(self) -> None:
        failed, left, alive = self.others("failed", "left", "alive", answering=True)
        self.parts.knows(failed.claim.failed("x"), left.claim.departed())
        self.detector.start()
        self.scene.run(10)
        self.assertEqual((failed.heard, left.heard), ([], []))
        self.assertGreaterEqual(len(alive.messages(PING)), 9)

    def test_a_suspect_is_probed_as_any_other_member(self) -> None:
        suspect, _ = self.others("suspect", "alive", answering=True)
        self.parts.knows(suspect.claim.suspected("x"))
        self.detector.start()
        self.scene.run(10)
        self.assertGreaterEqual(len(suspect.messages(PING)), 4)

    def test_a_target_that_the_table_has_lost_costs_at_most_one_period(self) -> None:
        self.others("a", "b", "c", answering=True)
        self.parts.membership.clear()
        self.parts.membership.become(self.parts.me)
        (there,) = self.others("there", answering=True)
        self.detector.start()
        self.scene.run(5)
        there.heard.clear()
        self.scene.run(10.5)
        self.assertGreaterEqual(len(there.messages(PING)), 10)

    def test_a_member_of_poor_local_health_probes_less_often_and_waits_longer(self) -> None:
        one, _ = self.silent("a"), self.silent("b")
        self.health.refuted()
        self.health.refuted()
        self.detector.start()
        self.scene.run(9.5)
        self.assertIn(self.parts.counters.probes, (3, 4))
        first = one.times(PING)[0]
        self.assertEqual([at - first for at in one.times(PING)[:4]], [0, 450, 900, 1350])

    def test_a_stopped_detector_probes_no_more_and_accuses_no_member(self) -> None:
        peer = self.silent("a")
        self.detector.start()
        self.scene.run(1.2)
        self.detector.stop()
        before = len(peer.heard)
        self.scene.run(5)
        self.assertEqual((len(peer.heard), self.parts.state("a")), (before, "alive"))


class Probes(FailureDetectorTests):
    def test_the_round_trip_and_the_route_of_a_probe_are_reported(self) -> None:
        (peer,) = self.others("a", answering=True)
        self.detector.probe(peer.claim)
        self.scene.run(1)
        member = self.parts.membership.get("a")
        assert member is not None
        self.assertEqual(member.rtt, 2 * LATENCY)
        self.assertEqual(self.reached.all, [(peer.claim.address, Route.DATAGRAM)])
        self.assertEqual(self.assessment.names, ["a"])

    def test_a_member_that_does_not_answer_is_suspected_with_the_evidence_of_its_probe(
        self,
    ) -> None:
        peer = self.silent("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.99)
        self.assertEqual(self.parts.state("a"), "alive")
        self.scene.run(0.1)
        held = self.parts.membership.claim("a")
        assert held is not None
        self.assertEqual((held.state.value, held.by), ("suspect", "me"))
        self.assertEqual(held.evidence, (Evidence("me", Observation.SILENT),))
        self.assertEqual((self.reached.all, self.parts.counters.probes_failed), ([], 1))

    def test_observations_of_relays_are_part_of_the_suspicion(self) -> None:
        target = self.silent("t")
        (relay,) = self.others("r")
        self.detector.probe(target.claim)
        self.scene.run(0.5)
        asked = relay.last(PING_REQ)
        relay.say(
            self.parts.me.address, NACK, sequence=asked.sequence, observed=Observation.ACCEPTED
        )
        self.scene.run(1)
        held = self.parts.membership.claim("t")
        assert held is not None
        self.assertEqual(
            held.evidence, (Evidence("me", Observation.SILENT), Evidence("r", Observation.ACCEPTED))
        )

    def test_at_most_three_relays_are_asked_and_no_suspect_or_legacy_member(self) -> None:
        target = self.silent("t")
        able = self.others("b", "c", "d", "e", "f")
        suspect, old = self.others("suspect", "old")
        self.parts.knows(suspect.claim.suspected("x"))
        self.parts.membership.forget("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        asked: Counter[str] = Counter()
        for _ in range(20):
            for peer in able:
                peer.heard.clear()
            self.detector.probe(target.claim)
            self.scene.run(1.1)
            now = [peer.claim.name for peer in able if peer.messages(PING_REQ)]
            self.assertLessEqual(len(now), 3)
            asked.update(now)
        self.assertEqual(set(asked), {"b", "c", "d", "e", "f"})
        self.assertGreater(sum(asked.values()), 40)
        for peer in (target, suspect, old):
            self.assertEqual(peer.messages(PING_REQ), [])

    def test_a_member_that_refutes_or_restarts_during_its_probe_is_not_accused(self) -> None:
        for later in (
            lambda claim: claim.alive(1),
            lambda claim: Claim(claim.name, claim.address, claim.epoch + 1),
        ):
            peer = self.silent(f"a{self.scene.now}")
            self.detector.probe(peer.claim)
            self.scene.run(0.8)
            self.parts.knows(later(peer.claim))
            self.scene.run(1)
            self.assertEqual(self.parts.state(peer.claim.name), "alive")

    def test_a_member_that_leaves_during_its_probe_is_probed_no_further(self) -> None:
        peer = self.silent("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.1)
        self.parts.knows(peer.claim.departed())
        self.scene.run(2)
        self.assertEqual((peer.times(PING), self.parts.state("a")), ([1], "left"))

    def test_a_member_that_answers_unaware_of_its_suspicion_is_told_of_it_at_once(self) -> None:
        (peer,) = self.others("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.01)
        accused = peer.claim.suspected("x")
        self.parts.knows(accused)
        peer.answer(peer.heard[-1])
        self.scene.run(0.01)
        self.assertEqual((len(peer.messages(PING)), peer.updates()), (2, [accused]))

    def test_a_second_probe_of_a_member_returns_the_one_under_way(self) -> None:
        peer = self.silent("a")
        self.assertIs(self.detector.probe(peer.claim), self.detector.probe(peer.claim))
        self.assertEqual(self.parts.counters.probes, 1)

    def test_a_hint_starts_the_second_stage_at_once_and_proves_nothing(self) -> None:
        peer = self.silent("a")
        (relay,) = self.others("r")
        self.detector.expedite("a")
        self.scene.run(0.01)
        self.assertEqual((len(peer.messages(PING)), relay.times(PING_REQ)), (2, [1]))
        self.assertEqual(self.parts.state("a"), "alive", "a hint proves nothing")

    def test_at_most_eight_alive_members_are_probed_out_of_turn(self) -> None:
        suspect, *peers = [self.silent(name) for name in "sabcdefghij"]
        self.parts.knows(suspect.claim.suspected("x"))
        self.detector.probe_out_of_turn([suspect.claim, *(peer.claim for peer in peers)])
        self.scene.run(0.01)
        probed = [peer.claim.name for peer in (suspect, *peers) if peer.messages(PING)]
        self.assertEqual(probed, list("abcdefgh"))

    def test_after_a_hint_the_neighbours_of_the_target_are_asked_first(self) -> None:
        self.neighbours = ["me", "y", "z", "gone", "x"]
        for turn in range(10):
            target = self.silent(f"t{turn}")
            if turn == 0:
                peers = self.others(*"abcdefghxyz")
            for peer in peers:
                peer.heard.clear()
            self.detector.expedite(target.claim.name)
            self.scene.run(0.01)
            asked = [peer.claim.name for peer in peers if peer.messages(PING_REQ)]
            self.assertEqual(asked[-2:], ["y", "z"])
            self.assertLessEqual(len(asked), 3)

    def test_without_a_hint_neighbours_are_asked_as_often_as_others(self) -> None:
        self.neighbours = ["y", "z"]
        peers = self.others(*"abcdefghyz")
        asked: Counter[str] = Counter()
        for turn in range(10):
            self.detector.probe(self.silent(f"t{turn}").claim)
            self.scene.run(1.1)
        asked.update(peer.claim.name for peer in peers for _ in peer.messages(PING_REQ))
        self.assertLess(asked["y"] + asked["z"], 20)

    def test_a_hint_expedites_the_probe_that_is_under_way(self) -> None:
        peer = self.silent("a")
        (relay,) = self.others("r")
        self.detector.probe(peer.claim)
        self.scene.run(0.1)
        self.detector.expedite("a")
        self.scene.run(0.01)
        self.assertEqual(relay.times(PING_REQ), [101])
        self.assertEqual(self.parts.counters.probes, 1)

    def test_a_hint_about_a_member_that_is_gone_or_unknown_does_nothing(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.failed("x"))
        self.detector.expedite("a")
        self.detector.expedite("nobody")
        self.scene.run(1)
        self.assertEqual(peer.heard, [])

    def test_an_address_without_a_host_counts_as_silent(self) -> None:
        nobody = Claim("n", Address("10.200.0.1", 7946), EPOCH)
        self.parts.knows(nobody)
        self.detector.probe(nobody)
        self.scene.run(1.1)
        held = self.parts.membership.claim("n")
        assert held is not None
        self.assertEqual(held.evidence, (Evidence("me", Observation.SILENT),))


class InconclusiveProbes(FailureDetectorTests):
    """Probes that neither the target nor any relay answers: this member may be isolated."""

    def setUp(self) -> None:
        super().setUp()
        self.target = self.silent("t")
        self.relays = self.others("a", "b", "c")

    def probe(self, times: int = 1) -> None:
        for _ in range(times):
            self.detector.probe(self.target.claim)
            self.scene.run(1.1)

    def test_only_the_fourth_inconclusive_probe_in_a_row_accuses_its_target(self) -> None:
        self.probe(3)
        self.assertEqual(self.parts.state("t"), "alive")
        self.assertEqual(len(self.doubt), 3)
        self.probe()
        held = self.parts.membership.claim("t")
        assert held is not None
        self.assertEqual(held.evidence, (Evidence("me", Observation.SILENT),))

    def test_inconclusive_probes_at_the_same_time_count_as_one(self) -> None:
        others = [self.silent(f"t{number}") for number in range(6)]
        for peer in (self.target, *others):
            self.detector.probe(peer.claim)
        self.scene.run(1.1)
        self.assertEqual({self.parts.state(peer.claim.name) for peer in others}, {"alive"})

    def test_an_answer_resets_the_count_of_inconclusive_probes(self) -> None:
        self.probe(3)
        (answering,) = self.others("answering", answering=True)
        self.detector.probe(answering.claim)
        self.scene.run(0.1)
        self.probe(3)
        self.assertEqual(self.parts.state("t"), "alive")

    def test_inconclusive_probes_of_an_earlier_run_do_not_count(self) -> None:
        self.probe(3)
        self.detector.stop()
        self.probe()
        self.assertEqual(self.parts.state("t"), "alive")

    def test_a_doubt_about_a_member_ends_with_the_run_in_which_it_arose(self) -> None:
        self.reachability.answer = True
        self.probe()
        self.detector.stop()
        self.detector.probe(self.target.claim)
        self.scene.run(1.01)
        self.assertEqual(self.parts.state("t"), "alive", "that was the first such probe again")

    def test_missing_nacks_worsen_our_health_when_no_member_answers_the_check(self) -> None:
        self.reachability.answer = False
        self.probe()
        self.assertEqual((self.reachability.asked, self.health.score), (1, 1))

    def test_missing_nacks_do_not_worsen_our_health_when_a_member_answers_the_check(self) -> None:
        self.reachability.answer = True
        self.probe()
        self.assertEqual((self.reachability.asked, self.health.score), (1, 0))

    def test_a_reachable_member_probes_the_target_and_its_relays_once_more(self) -> None:
        self.reachability.answer = True
        self.detector.probe(self.target.claim)
        self.scene.run(1.01)
        again = [peer.claim.name for peer in self.relays if peer.messages(PING)]
        self.assertEqual((again, self.parts.state("t")), (["a", "b", "c"], "alive"))

    def test_a_reachable_member_believes_the_second_inconclusive_probe(self) -> None:
        self.reachability.answer = True
        self.detector.probe(self.target.claim)
        self.scene.run(2.1)
        self.assertEqual(self.parts.state("t"), "suspect")

    def test_a_second_inconclusive_probe_accuses_no_member_that_has_refuted(self) -> None:
        self.reachability.answer = True
        self.detector.probe(self.target.claim)
        self.scene.run(1.5)
        self.parts.knows(self.target.claim.alive(1))
        self.scene.run(1)
        self.assertEqual(self.parts.state("t"), "alive")

    def test_an_answer_after_an_inconclusive_probe_ends_the_doubt_about_a_member(self) -> None:
        self.reachability.answer = True
        self.detector.probe(self.target.claim)
        self.scene.run(1.01)
        self.target.answer(self.target.heard[-1])
        self.scene.run(0.1)
        for peer in self.relays:
            self.detector.probe(peer.claim).stop()
        self.probe()
        self.assertEqual(self.parts.state("t"), "alive", "that was the first such probe again")

    def test_a_probe_that_only_pinged_accuses_no_member(self) -> None:
        stalled = self.target.claim.suspected("a", [Evidence("a", Observation.ACCEPTED)])
        self.parts.knows(stalled)
        self.detector.probe(stalled)
        self.scene.run(1.1)
        self.assertEqual(self.parts.membership.claim("t"), stalled)


class Hints(FailureDetectorTests):
    def test_a_broken_tripwire_expedites_the_probe_of_that_member(self) -> None:
        peer = self.silent("a")
        for callback in self.hints.callbacks:
            callback("a")
        self.scene.run(0.01)
        self.assertEqual(len(peer.messages(PING)), 2)

    def test_an_answer_ends_the_memory_of_a_broken_stream(self) -> None:
        (peer,) = self.others("a", answering=True)
        self.parts.broken_streams.add("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.1)
        self.assertNotIn("a", self.parts.broken_streams)
