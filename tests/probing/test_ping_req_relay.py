"""Probing a member on behalf of another (SWIM §3.1; Lifeguard §IV-A)."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Observation
from swimtx.probing.ping_req_relay import MAX_JOBS, PingReqRelay
from swimtx.probing.ping_responder import PingResponder
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.route import Route
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase

PING, ACK, PING_REQ, NACK = (
    MessageType.PING,
    MessageType.ACK,
    MessageType.PING_REQ,
    MessageType.NACK,
)


class RelayingTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.relaying = parts.use(
            PingReqRelay(
                parts.membership,
                parts.messenger,
                parts.broken_streams,
                parts.config,
                parts.counters,
            )
        )
        self.asker, self.target = self.others("asker", "t")
        self.scene.network.silence_streams(self.target.claim.address.host)

    def ask(self, **more: object) -> None:
        self.asker.say(
            self.parts.me.address,
            PING_REQ,
            **{"target": "t", "sequence": 7, "budget": 0.4, **more},
        )

    def test_the_target_is_pinged_from_here_and_its_answer_passed_on(self) -> None:
        self.target.answering = True
        self.ask()
        self.scene.run(0.01)
        (ping,) = self.target.messages(PING)
        self.assertEqual((ping.name, ping.target), ("me", "t"))
        self.assertNotEqual(ping.sequence, 7, "a number of our own")
        (ack,) = self.asker.messages()
        self.assertEqual((ack.type, ack.name, ack.sequence), (ACK, "me", 7))
        self.assertEqual((ack.target, ack.target_epoch), ("t", self.target.claim.epoch))
        self.assertEqual(self.parts.counters.relayed, 1)

    def test_silence_is_answered_by_a_nack_within_the_budget(self) -> None:
        self.ask()
        self.scene.run(0.39)
        self.assertEqual(self.asker.heard, [])
        self.scene.run(0.02)
        (nack,) = self.asker.messages()
        self.assertEqual((nack.type, nack.name, nack.sequence), (NACK, "me", 7))
        self.assertIs(nack.observed, Observation.SILENT)
        self.scene.run(5)
        self.assertEqual(len(self.asker.heard), 1)

    def test_pings_are_repeated_within_the_budget_only(self) -> None:
        self.ask(budget=0.2)
        self.scene.run(1)
        self.assertEqual(self.target.times(PING), [2, 152])

    def test_without_a_budget_it_takes_half_a_period_and_never_more_than_one(self) -> None:
        self.ask(budget=0.0)
        self.ask(budget=4000.0, sequence=8)
        self.scene.run(3)
        self.assertEqual([m.sequence for m in self.asker.messages(NACK)], [7, 8])
        self.assertEqual(self.asker.times(NACK), [502, 1003])

    def test_what_was_seen_of_its_host_goes_with_the_nack(self) -> None:
        self.scene.network.mute_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertIs(self.asker.last(NACK).observed, Observation.ACCEPTED)

    def test_a_refusal_is_told_as_soon_as_the_target_was_quiet_for_a_while(self) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertEqual(self.asker.times(NACK), [152])
        self.assertIs(self.asker.last(NACK).observed, Observation.REFUSED)

    def test_it_is_told_sooner_where_our_own_stream_to_it_has_just_broken(self) -> None:
        self.parts.broken_streams.add("t")
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertEqual(self.asker.times(NACK), [22])
        self.assertIs(self.asker.last(NACK).observed, Observation.REFUSED)

    def test_within_that_time_an_answer_counts(self) -> None:
        self.parts.broken_streams.add("t")
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(0.01)
        self.target.answer(self.target.heard[0])
        self.scene.run(1)
        self.assertEqual([m.type for m in self.asker.messages()], [ACK])

    def test_an_answer_after_a_refusal_still_counts(self) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(0.1)
        self.target.answer(self.target.heard[0])
        self.scene.run(1)
        self.assertEqual([m.type for m in self.asker.messages()], [ACK])

    def test_whom_we_do_not_know_we_do_not_knock_at(self) -> None:
        stranger = self.scene.peer("stranger")
        self.ask(target="stranger", destination=stranger.claim.address)
        self.scene.run(1)
        self.assertEqual(stranger.heard, [])
        self.assertEqual(self.asker.messages(), [], "a NACK tells what was seen")

    def test_the_address_comes_from_our_own_list(self) -> None:
        stranger = self.scene.peer("stranger")
        self.ask(destination=stranger.claim.address)
        self.scene.run(0.1)
        self.assertEqual((len(stranger.heard), len(self.target.heard)), (0, 1))

    def test_we_ourselves_are_no_target(self) -> None:
        self.ask(target="me")
        self.scene.run(0.01)
        self.assertEqual(self.asker.messages(), [])

    def test_there_are_no_more_jobs_than_a_few_hundred_at_a_time(self) -> None:
        for number in range(MAX_JOBS + 1):
            data = self.asker.bytes_of(PING_REQ, target="t", sequence=number + 1, budget=0.9)
            self.asker.transport.write(data, self.parts.me.address)
        self.scene.run(0.1)
        self.assertEqual(self.parts.counters.relayed, MAX_JOBS)
        self.assertEqual(self.asker.messages(), [])
        self.scene.run(1)
        self.ask()
        self.assertEqual(self.parts.counters.relayed, MAX_JOBS + 1)

    def test_stopped_it_drops_its_jobs(self) -> None:
        self.ask()
        self.relaying.stop()
        self.scene.run(1)
        self.assertEqual(self.asker.heard, [])

    def test_whoever_asks_through_a_relay_gets_its_answer_where_the_direct_way_is_cut(self) -> None:
        """Both halves together, over bytes: one member asks, another relays."""
        prober, target = self.scene.member("prober"), self.scene.member("target")
        PingResponder(target.membership, target.protocol, target.counters, Calls())
        prober.knows(self.parts.me, target.me)
        self.parts.knows(prober.me, target.me)
        hosts = prober.me.address.host, target.me.address.host
        self.scene.network.cut(*hosts)
        ended: list[Probe] = []
        Probe(
            target.me,
            prober.messenger,
            ProbeSchedule.probe(1.0, 0.45),
            ended.append,
            relays=lambda target, hinted: [self.parts.me],
        )
        self.scene.run(1.1)
        self.assertEqual([probe.route for probe in ended], [Route.RELAY])
        prober.close()
        target.close()


class AddressesOfOthers(ComponentTestCase):
    def test_a_target_that_moved_is_probed_where_it_is_now(self) -> None:
        parts = self.parts
        parts.use(
            PingReqRelay(
                parts.membership,
                parts.messenger,
                parts.broken_streams,
                parts.config,
                parts.counters,
            )
        )
        asker, target = self.others("asker", "t")
        parts.membership.forget("t")
        parts.knows(Claim("t", Address("10.99.0.1", 1), target.claim.epoch))
        asker.say(parts.me.address, PING_REQ, target="t", sequence=1, budget=0.2)
        self.scene.run(1)
        self.assertEqual(target.heard, [])
