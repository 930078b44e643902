"""Each period a probe of the next member; who is silent is accused (SWIM §3.1)."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

from swimtx.addresses import Address
from swimtx.failure_detector.assessment import Published
from swimtx.failure_detector.detector import FailureDetector
from swimtx.failure_detector.target_selection import RoundRobin
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
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


class Reading(Published):
    """The published reading, which remembers what was answered."""

    def __init__(self, membership: Any) -> None:
        super().__init__(membership)
        self.rounds: list[str] = []

    def answered(self, probe: Any) -> None:
        self.rounds.append(probe.target.name)


class FailureDetectorTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.reached = Calls()
        self.health = LocalHealth()
        self.reading = Reading(parts.membership)
        self.order = RoundRobin(Random(1), parts.config.period)
        self.detector = parts.use(
            FailureDetector(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                self.order,
                self.reading,
                ProbeSchedule.probe,
                self.health,
                parts.config,
                parts.counters,
                self.reached,
            )
        )

    def silent(self, name: str) -> Peer:
        """A member that does not answer, and whose host drops streams."""
        (peer,) = self.others(name)
        self.scene.network.silence_streams(peer.claim.address.host)
        return peer


class Periods(FailureDetectorTests):
    def test_one_member_is_probed_each_period_and_all_equally_often(self) -> None:
        peers = self.others("a", "b", "c", answering=True)
        self.detector.start()
        self.scene.run(31)
        counts = [len(peer.messages(PING)) for peer in peers]
        self.assertIn(sum(counts), (30, 31))
        self.assertLessEqual(max(counts) - min(counts), 1)
        self.assertEqual(self.parts.counters.probes, sum(counts))
        times = sorted(at for peer in peers for at in peer.times(PING))
        self.assertEqual({after - before for before, after in pairwise(times)}, {1000})

    def test_alone_it_probes_nobody_and_goes_on(self) -> None:
        self.detector.start()
        self.scene.run(10)
        self.assertEqual(self.parts.counters.probes, 0)
        (at_timeout,) = self.others("late", answering=True)
        self.scene.run(2.1)
        self.assertEqual(len(at_timeout.messages(PING)), 2)

    def test_an_error_does_not_stop_the_heartbeat(self) -> None:
        self.others("a", answering=True)
        self.detector.start()
        post = self.parts.protocol.transmit
        self.parts.protocol.transmit = lambda peer, data: 1 // 0  # type: ignore[method-assign,assignment]
        self.assertRaises(ZeroDivisionError, self.scene.run, 2)
        self.parts.protocol.transmit = post  # type: ignore[method-assign]
        self.scene.run(10)
        self.assertGreaterEqual(len(self.reading.rounds), 8)

    def test_those_who_are_gone_are_not_probed(self) -> None:
        failed, left, alive = self.others("failed", "left", "alive", answering=True)
        self.parts.knows(failed.claim.failed("x"), left.claim.departed())
        self.detector.start()
        self.scene.run(10)
        self.assertEqual((failed.heard, left.heard), ([], []))
        self.assertGreaterEqual(len(alive.messages(PING)), 9)

    def test_a_suspect_is_probed_like_others(self) -> None:
        suspect, _ = self.others("suspect", "alive", answering=True)
        self.parts.knows(suspect.claim.suspected("x"))
        self.detector.start()
        self.scene.run(10)
        self.assertGreaterEqual(len(suspect.messages(PING)), 4)

    def test_a_name_that_the_list_has_lost_costs_no_more_than_one_period(self) -> None:
        self.others("a", "b", "c", answering=True)
        self.parts.membership.clear()
        self.parts.membership.become(self.parts.me)
        (there,) = self.others("there", answering=True)
        self.detector.start()
        self.scene.run(5)
        there.heard.clear()
        self.scene.run(10.5)
        self.assertGreaterEqual(len(there.messages(PING)), 10)

    def test_who_is_not_well_probes_less_often_and_waits_longer(self) -> None:
        one, _ = self.silent("a"), self.silent("b")
        self.health.worsen(2)
        self.detector.start()
        self.scene.run(9.5)
        self.assertIn(self.parts.counters.probes, (3, 4))
        first = one.times(PING)[0]
        self.assertEqual([at - first for at in one.times(PING)[:4]], [0, 450, 900, 1350])

    def test_stopped_it_probes_no_more_and_accuses_nobody(self) -> None:
        peer = self.silent("a")
        self.detector.start()
        self.scene.run(1.2)
        self.detector.stop()
        before = len(peer.heard)
        self.scene.run(5)
        self.assertEqual((len(peer.heard), self.parts.state("a")), (before, "alive"))


class Rounds(FailureDetectorTests):
    def test_a_round_trip_is_measured_and_the_way_is_told(self) -> None:
        (peer,) = self.others("a", answering=True)
        self.detector.probe(peer.claim)
        self.scene.run(1)
        member = self.parts.membership.get("a")
        assert member is not None
        self.assertEqual(member.rtt, 2 * LATENCY)
        self.assertEqual(self.reached.all, [(peer.claim.address, Route.DATAGRAM)])
        self.assertEqual(self.reading.rounds, ["a"])

    def test_who_does_not_answer_is_suspected_with_what_was_seen(self) -> None:
        peer = self.silent("a")
        self.others("b", answering=True)
        self.detector.probe(peer.claim)
        self.scene.run(0.99)
        self.assertEqual(self.parts.state("a"), "alive")
        self.scene.run(0.1)
        held = self.parts.membership.claim("a")
        assert held is not None
        self.assertEqual((held.state.value, held.by), ("suspect", "me"))
        self.assertEqual(held.evidence, (Evidence("me", Observation.SILENT),))
        self.assertEqual((self.reached.all, self.parts.counters.probes_failed), ([], 1))

    def test_what_relays_saw_goes_along(self) -> None:
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

    def test_three_others_are_asked_none_of_them_suspect_or_of_seven_fields(self) -> None:
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

    def test_one_that_refutes_or_starts_anew_meanwhile_is_not_accused(self) -> None:
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

    def test_one_that_is_gone_meanwhile_is_probed_no_further(self) -> None:
        peer = self.silent("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.1)
        self.parts.knows(peer.claim.departed())
        self.scene.run(2)
        self.assertEqual((peer.times(PING), self.parts.state("a")), ([1], "left"))

    def test_one_that_does_not_know_that_it_is_suspected_is_told_with_its_answer(self) -> None:
        (peer,) = self.others("a")
        self.detector.probe(peer.claim)
        self.scene.run(0.01)
        accused = peer.claim.suspected("x")
        self.parts.knows(accused)
        peer.answer(peer.heard[-1])
        self.scene.run(0.01)
        self.assertEqual((len(peer.messages(PING)), peer.updates()), (2, [accused]))

    def test_two_rounds_of_one_member_are_one(self) -> None:
        peer = self.silent("a")
        self.assertIs(self.detector.probe(peer.claim), self.detector.probe(peer.claim))
        self.assertEqual(self.parts.counters.probes, 1)

    def test_a_hint_makes_it_look_at_once(self) -> None:
        peer = self.silent("a")
        (relay,) = self.others("r")
        self.detector.expedite("a")
        self.scene.run(0.01)
        self.assertEqual((len(peer.messages(PING)), relay.times(PING_REQ)), (2, [1]))
        self.assertEqual(self.parts.state("a"), "alive", "a hint proves nothing")

    def test_some_are_probed_out_of_turn_if_they_are_alive_and_not_too_many(self) -> None:
        suspect, *peers = [self.silent(name) for name in "sabcdefghij"]
        self.parts.knows(suspect.claim.suspected("x"))
        self.detector.probe_out_of_turn([suspect.claim, *(peer.claim for peer in peers)])
        self.scene.run(0.01)
        probed = [peer.claim.name for peer in (suspect, *peers) if peer.messages(PING)]
        self.assertEqual(probed, list("abcdefgh"))

    def test_a_round_that_is_over_may_be_read_once_more(self) -> None:
        peer = self.silent("a")
        probe = self.detector.probe(peer.claim)
        probe.stop()
        read = Calls(peer.claim.suspected("me"))
        self.detector.conclude(probe, read)
        self.assertEqual(self.parts.state("a"), "suspect")
        self.parts.knows(peer.claim.alive(1))
        self.detector.conclude(probe, read)
        self.assertEqual((len(read), self.parts.state("a")), (1, "alive"), "it has refuted since")

    def test_after_a_hint_those_are_asked_first_who_may_have_had_it_too(self) -> None:
        self.detector.fellows = lambda name: ["me", "y", "z", "gone", "x"]
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

    def test_without_one_they_are_no_better_than_others(self) -> None:
        self.detector.fellows = lambda name: ["y", "z"]
        peers = self.others(*"abcdefghyz")
        asked: Counter[str] = Counter()
        for turn in range(10):
            self.detector.probe(self.silent(f"t{turn}").claim)
            self.scene.run(1.1)
        asked.update(peer.claim.name for peer in peers for _ in peer.messages(PING_REQ))
        self.assertLess(asked["y"] + asked["z"], 20)

    def test_a_hint_hastens_the_round_under_way(self) -> None:
        peer = self.silent("a")
        (relay,) = self.others("r")
        self.detector.probe(peer.claim)
        self.scene.run(0.1)
        self.detector.expedite("a")
        self.scene.run(0.01)
        self.assertEqual(relay.times(PING_REQ), [101])
        self.assertEqual(self.parts.counters.probes, 1)

    def test_a_hint_about_somebody_gone_or_unknown_is_nothing(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.failed("x"))
        self.detector.expedite("a")
        self.detector.expedite("nobody")
        self.scene.run(1)
        self.assertEqual(peer.heard, [])

    def test_an_address_of_nobody_is_only_silent(self) -> None:
        nobody = Claim("n", Address("10.200.0.1", 7946), EPOCH)
        self.parts.knows(nobody)
        self.detector.probe(nobody)
        self.scene.run(1.1)
        held = self.parts.membership.claim("n")
        assert held is not None
        self.assertEqual(held.evidence, (Evidence("me", Observation.SILENT),))
