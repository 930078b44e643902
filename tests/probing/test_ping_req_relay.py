"""The relay of PING_REQ (SWIM §3.1; Lifeguard §IV-A)."""

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


class PingReqRelayTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.relay = parts.use(
            PingReqRelay(
                parts.membership,
                parts.messenger,
                parts.broken_streams,
                parts.config,
                parts.counters,
            )
        )
        self.prober, self.target = self.others("asker", "t")
        self.scene.network.silence_streams(self.target.claim.address.host)

    def ask(self, **more: object) -> None:
        self.prober.say(
            self.parts.me.address,
            PING_REQ,
            **{"target": "t", "sequence": 7, "budget": 0.4, **more},
        )

    def test_the_relay_pings_the_target_and_passes_on_its_ack(self) -> None:
        self.target.answering = True
        self.ask()
        self.scene.run(0.01)
        (ping,) = self.target.messages(PING)
        self.assertEqual((ping.name, ping.target), ("me", "t"))
        self.assertNotEqual(ping.sequence, 7, "the relay draws a sequence number of its own")
        (ack,) = self.prober.messages()
        self.assertEqual((ack.type, ack.name, ack.sequence), (ACK, "me", 7))
        self.assertEqual((ack.target, ack.target_epoch), ("t", self.target.claim.epoch))
        self.assertEqual(self.parts.counters.relayed, 1)

    def test_the_relay_sends_a_nack_within_the_budget_when_the_target_is_silent(self) -> None:
        self.ask()
        self.scene.run(0.39)
        self.assertEqual(self.prober.heard, [])
        self.scene.run(0.02)
        (nack,) = self.prober.messages()
        self.assertEqual((nack.type, nack.name, nack.sequence), (NACK, "me", 7))
        self.assertIs(nack.observed, Observation.SILENT)
        self.scene.run(5)
        self.assertEqual(len(self.prober.heard), 1)

    def test_the_relay_repeats_its_ping_only_within_the_budget(self) -> None:
        self.ask(budget=0.2)
        self.scene.run(1)
        self.assertEqual(self.target.times(PING), [2, 152])

    def test_the_budget_is_half_a_period_by_default_and_never_more_than_one(self) -> None:
        self.ask(budget=0.0)
        self.ask(budget=4000.0, sequence=8)
        self.scene.run(3)
        self.assertEqual([m.sequence for m in self.prober.messages(NACK)], [7, 8])
        self.assertEqual(self.prober.times(NACK), [502, 1003])

    def test_a_nack_contains_the_observation_of_the_targets_host(self) -> None:
        self.scene.network.mute_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertIs(self.prober.last(NACK).observed, Observation.ACCEPTED)

    def test_a_refusal_is_reported_after_a_third_of_the_ping_timeout_without_an_answer(
        self,
    ) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertEqual(self.prober.times(NACK), [152])
        self.assertIs(self.prober.last(NACK).observed, Observation.REFUSED)

    def test_a_refusal_is_reported_sooner_when_our_stream_to_the_target_has_broken(self) -> None:
        self.parts.broken_streams.add("t")
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(1)
        self.assertEqual(self.prober.times(NACK), [22])
        self.assertIs(self.prober.last(NACK).observed, Observation.REFUSED)

    def test_an_answer_in_time_counts_after_a_refusal_and_a_broken_stream(self) -> None:
        self.parts.broken_streams.add("t")
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(0.01)
        self.target.answer(self.target.heard[0])
        self.scene.run(1)
        self.assertEqual([m.type for m in self.prober.messages()], [ACK])

    def test_an_answer_counts_after_a_refusal_that_is_not_reported_yet(self) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.ask()
        self.scene.run(0.1)
        self.target.answer(self.target.heard[0])
        self.scene.run(1)
        self.assertEqual([m.type for m in self.prober.messages()], [ACK])

    def test_a_ping_req_for_an_unknown_target_is_ignored(self) -> None:
        stranger = self.scene.peer("stranger")
        self.ask(target="stranger", destination=stranger.claim.address)
        self.scene.run(1)
        self.assertEqual(stranger.heard, [])
        self.assertEqual(
            self.prober.messages(), [], "a NACK reports an observation, and there is none"
        )

    def test_the_address_of_the_target_is_taken_from_the_local_list(self) -> None:
        stranger = self.scene.peer("stranger")
        self.ask(destination=stranger.claim.address)
        self.scene.run(0.1)
        self.assertEqual((len(stranger.heard), len(self.target.heard)), (0, 1))

    def test_a_ping_req_for_the_local_member_is_ignored(self) -> None:
        self.ask(target="me")
        self.scene.run(0.01)
        self.assertEqual(self.prober.messages(), [])

    def test_the_relay_runs_no_more_than_max_jobs_probes_at_a_time(self) -> None:
        for number in range(MAX_JOBS + 1):
            data = self.prober.bytes_of(PING_REQ, target="t", sequence=number + 1, budget=0.9)
            self.prober.transport.write(data, self.parts.me.address)
        self.scene.run(0.1)
        self.assertEqual(self.parts.counters.relayed, MAX_JOBS)
        self.assertEqual(self.prober.messages(), [])
        self.scene.run(1)
        self.ask()
        self.assertEqual(self.parts.counters.relayed, MAX_JOBS + 1)

    def test_a_stopped_relay_sends_nothing(self) -> None:
        self.ask()
        self.relay.stop()
        self.scene.run(1)
        self.assertEqual(self.prober.heard, [])

    def test_a_probe_through_a_relay_is_answered_when_the_direct_route_is_cut(self) -> None:
        """A prober and a relay together, over encoded messages."""
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


class TargetAddressTests(ComponentTestCase):
    def test_a_target_that_has_moved_is_probed_at_its_present_address(self) -> None:
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
        prober, target = self.others("asker", "t")
        parts.membership.forget("t")
        parts.knows(Claim("t", Address("10.99.0.1", 1), target.claim.epoch))
        prober.say(parts.me.address, PING_REQ, target="t", sequence=1, budget=0.2)
        self.scene.run(1)
        self.assertEqual(target.heard, [])
