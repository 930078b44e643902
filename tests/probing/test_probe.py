"""One probe of one member: its schedule, its end and its evidence (SWIM §3.1)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.route import Route
from swimtx.wire.messages import MessageType
from tests.parts import LATENCY, ComponentTestCase, MemberParts, Peer, Scene

PING, ACK, PING_REQ, NACK = (
    MessageType.PING,
    MessageType.ACK,
    MessageType.PING_REQ,
    MessageType.NACK,
)
PROBE = ProbeSchedule.probe(1.0, 0.45)


class ProbeRun:
    """A probe, and the times at which C{ended} was called, in seconds since it began."""

    def __init__(
        self, parts: MemberParts, target: Claim, schedule: ProbeSchedule = PROBE, **more: Any
    ) -> None:
        self.ended: list[float] = []
        self.scene = parts.scene
        self.began = parts.scene.now
        self.probe = Probe(target, parts.messenger, schedule, self._end, **more)

    def _end(self, probe: Probe) -> None:
        assert probe is self.probe and probe.over
        self.ended.append(self.scene.now - self.began)


class ProbeTestCase(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.target, self.relay, self.other = self.others("t", "r", "s")
        self.network = self.scene.network
        self.network.silence_streams(self.target.claim.address.host)

    def probe(self, **more: Any) -> ProbeRun:
        run = ProbeRun(self.parts, self.target.claim, **more)
        self.parts.use(run.probe)
        return run

    def relays(self, target: Claim, hinted: bool) -> list[Claim]:
        return [self.relay.claim]


class ScheduleTests(ProbeTestCase):
    def test_a_silent_target_is_pinged_four_times_until_the_ping_timeout(self) -> None:
        run = self.probe()
        self.scene.run(2)
        self.assertEqual(self.target.times(PING), [1, 151, 301, 451])
        self.assertEqual([round(end, 6) for end in run.ended], [1.0])
        self.assertIsNone(run.probe.route)

    def test_a_ping_contains_the_name_epoch_and_incarnation_of_its_target(self) -> None:
        self.probe()
        self.scene.run(0.01)
        ping = self.target.last(PING)
        self.assertEqual((ping.target, ping.target_epoch), ("t", self.target.claim.epoch))
        self.assertEqual(ping.target_incarnation, 0)
        self.assertNotEqual(ping.sequence, 0)

    def test_relays_get_a_ping_req_at_the_ping_timeout_with_a_budget_of_80_percent(
        self,
    ) -> None:
        self.probe(relays=self.relays)
        self.scene.run(2)
        self.assertEqual(self.relay.times(PING_REQ), [451])
        asked = self.relay.last(PING_REQ)
        self.assertEqual((asked.target, asked.budget), ("t", 0.44))
        self.assertEqual(asked.sequence, self.target.last(PING).sequence)
        self.assertEqual(self.other.heard, [])

    def test_a_target_that_answers_at_once_gets_one_ping_and_no_ping_req(self) -> None:
        self.target.answering = True
        run = self.probe(relays=self.relays)
        self.scene.run(2)
        self.assertEqual((self.target.times(PING), self.relay.heard), ([1], []))
        self.assertEqual(run.ended, [2 * LATENCY])
        self.assertEqual((run.probe.route, run.probe.rtt), (Route.DATAGRAM, 2 * LATENCY))

    def test_a_ping_to_a_suspect_carries_the_suspect_record_first(self) -> None:
        accused = self.target.claim.suspected("s", [Evidence("s", Observation.SILENT)])
        self.parts.membership.apply(self.relay.claim.alive(1))
        self.parts.membership.apply(accused)
        self.probe()
        self.scene.run(0.01)
        self.assertEqual(self.target.updates()[0], accused)
        self.assertIn(self.relay.claim.alive(1), self.target.updates(), "other updates follow")

    def test_an_attached_claim_goes_with_each_ping(self) -> None:
        self.probe(attach=self.parts.me)
        self.scene.run(2)
        self.assertEqual(self.target.updates(), [self.parts.me] * 4)

    def test_an_expedited_probe_begins_its_second_stage_at_once_and_ends_no_sooner(self) -> None:
        self.target.accept_streams()
        self.network.restore_streams(self.target.claim.address.host)
        run = self.probe(relays=self.relays)
        self.scene.run(0.1)
        run.probe.expedite(0.02)
        run.probe.expedite(0.02)
        self.scene.run(2)
        self.assertEqual(self.relay.times(PING_REQ), [101])
        self.assertEqual(self.relay.last(PING_REQ).budget, 0.72)
        by_stream = [h for h in self.target.heard if h.peer != self.parts.me.address]
        self.assertEqual(len(by_stream), 1)
        self.assertEqual([round(end, 6) for end in run.ended], [1.0])

    def test_a_stopped_probe_sends_nothing_more_and_does_not_call_ended(self) -> None:
        run = self.probe(relays=self.relays)
        self.scene.run(0.1)
        sequence = self.target.last(PING).sequence
        run.probe.stop()
        self.target.say(self.parts.me.address, ACK, sequence=sequence)
        self.scene.run(2)
        self.assertEqual(run.ended, [])
        self.assertEqual(self.target.times(PING), [1])

    def test_a_probe_that_is_stopped_while_its_stream_opens_leaves_no_timer(self) -> None:
        run = self.probe()
        self.scene.run(0.5)
        run.probe.stop()
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_probe_ends_early_when_the_evidence_is_enough(self) -> None:
        run = self.probe(relays=self.relays, seen=lambda probe: len(probe.evidence) == 2)
        self.scene.run(0.5)
        self.relay.say(
            self.parts.me.address,
            NACK,
            sequence=self.relay.last(PING_REQ).sequence,
            observed=Observation.REFUSED,
        )
        self.assertEqual(len(run.ended), 1)
        self.assertLess(run.ended[0], 0.51)


class AnswerTests(ProbeTestCase):
    def answer(self, peer: Peer, **more: Any) -> None:
        """Send an ACK from a peer, with the sequence number of the probe."""
        more.setdefault("sequence", self.target.last(PING).sequence)
        peer.say(self.parts.me.address, more.pop("kind", ACK), **more)

    def test_an_answer_after_a_repeated_ping_has_no_round_trip_time(self) -> None:
        run = self.probe()
        self.scene.run(0.2)
        self.answer(self.target)
        self.assertEqual((run.probe.route, run.probe.rtt), (Route.DATAGRAM, None))

    def test_an_ack_with_another_sequence_number_is_dropped(self) -> None:
        run = self.probe()
        self.scene.run(0.1)
        self.answer(self.target, sequence=self.target.last(PING).sequence ^ 1)
        self.assertEqual(run.ended, [])

    def test_an_ack_of_an_earlier_run_is_dropped_and_an_ack_of_a_later_run_counts(self) -> None:
        run = self.probe()
        self.scene.run(0.1)
        epoch = self.target.claim.epoch
        self.answer(self.target, sender=Claim("t", self.target.claim.address, epoch - 1))
        self.assertEqual(run.ended, [])
        self.answer(self.target, sender=Claim("t", self.target.claim.address, epoch + 1))
        self.assertEqual(len(run.ended), 1)
        assert run.probe.answer is not None
        self.assertEqual(run.probe.answer.epoch, epoch + 1)

    def test_an_ack_from_a_relay_ends_the_probe(self) -> None:
        run = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, target="t")
        self.assertEqual((run.probe.route, run.probe.rtt), (Route.RELAY, None))

    def test_an_ack_from_a_member_that_is_no_relay_is_dropped(self) -> None:
        run = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.other, target="t")
        self.answer(self.relay, target="s")
        self.assertEqual(run.ended, [])

    def test_a_nack_is_evidence_and_does_not_end_the_probe(self) -> None:
        run = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, kind=NACK, target="t", observed=Observation.ACCEPTED)
        self.assertEqual(run.ended, [])
        self.scene.run(1)
        self.assertEqual(
            run.probe.evidence,
            (Evidence("me", Observation.SILENT), Evidence("r", Observation.ACCEPTED)),
        )

    def test_an_ack_after_a_nack_ends_the_probe(self) -> None:
        run = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, kind=NACK, target="t")
        self.answer(self.relay, target="t")
        self.assertIs(run.probe.route, Route.RELAY)

    def test_an_ack_after_the_end_of_the_probe_is_dropped(self) -> None:
        run = self.probe()
        self.scene.run(1.1)
        self.answer(self.target)
        self.assertEqual((len(run.ended), run.probe.route), (1, None))


class StreamTests(ProbeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host = self.target.claim.address.host
        self.network.restore_streams(self.host)

    def test_a_target_that_only_streams_reach_answers_by_stream(self) -> None:
        self.target.accept_streams()
        self.target.answering = True
        self.network.block_datagrams(destinations=self.host)
        run = self.probe()
        self.scene.run(2)
        self.assertEqual((run.probe.route, run.probe.rtt), (Route.STREAM, None))
        self.assertLess(run.ended[0], 0.46)
        self.assertEqual(self.parts.streams._open, {}, "the stream is closed again")

    def test_a_stream_accepted_for_a_silent_process_is_observed_as_accepted(self) -> None:
        self.target.accept_streams()
        run = self.probe()
        self.scene.run(2)
        self.assertIs(run.probe.own_observation, Observation.ACCEPTED)
        self.assertEqual(run.probe.evidence, (Evidence("me", Observation.ACCEPTED),))

    def test_a_refused_stream_is_observed_as_refused(self) -> None:
        run = self.probe()
        self.scene.run(2)
        self.assertIs(run.probe.own_observation, Observation.REFUSED)

    def test_a_host_that_closes_an_accepted_stream_is_connected_to_once_more(self) -> None:
        for dying, seen in ((True, Observation.REFUSED), (False, Observation.ACCEPTED)):
            self.target.accept_streams()
            streams = self.target.streams
            assert streams is not None
            run = self.probe()
            self.scene.run(0.5)
            self.assertIs(run.probe.own_observation, Observation.ACCEPTED)
            if dying:
                streams.stop()
                self.scene.run(0.1)
            for _ in range(3):
                for stream in list(streams._open):
                    transport: Any = stream.transport
                    transport.abortConnection()
                self.scene.run(0.1)
            self.assertIs(run.probe.own_observation, seen)
            self.assertEqual(len(streams._open), 0, "it is connected to only once more")
            self.scene.run(1)

    def test_a_host_that_does_not_answer_is_observed_as_silent(self) -> None:
        self.network.silence_streams(self.host)
        run = self.probe()
        self.scene.run(2)
        self.assertIs(run.probe.own_observation, Observation.SILENT)

    def test_a_stream_that_opens_after_the_end_of_the_probe_is_closed(self) -> None:
        """Connecting is given a little less time than the probe; a stall can still delay it."""
        self.target.accept_streams()
        self.target.reactor.stall()
        run = self.probe()
        self.scene.run(1.5)
        self.target.reactor.resume()
        self.scene.run(1)
        self.assertEqual(len(run.ended), 1)
        self.assertEqual(self.parts.streams._open, {})


class RelayedProbeTests(ProbeTestCase):
    def test_a_relayed_probe_opens_a_stream_at_once_and_ends_within_its_budget(
        self,
    ) -> None:
        self.network.restore_streams(self.target.claim.address.host)
        run = self.probe(schedule=ProbeSchedule.relayed(0.45, 0.25, 0.02))
        self.scene.run(0.01)
        self.assertIs(run.probe.own_observation, Observation.REFUSED)
        self.scene.run(2)
        self.assertEqual(self.target.times(PING), [1, 151])
        self.assertEqual(run.ended, [0.25])


#: Messages that may arrive during a probe: the time in milliseconds, the type, the sender, whether
#: the sequence number is wrong, the target, the offset of the epoch, whether it comes by stream.
arrivals = st.lists(
    st.tuples(
        st.integers(0, 1100),
        st.sampled_from([ACK, ACK, NACK, MessageType.JOIN_RES, MessageType.TABLE]),
        st.sampled_from("trs"),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from(["t", "t", "s", ""]),
        st.sampled_from([-1, 0, 1]),
        st.booleans(),
    ),
    max_size=12,
)


class ProbePropertyTests(ComponentTestCase):
    @given(arrivals, st.booleans(), st.sampled_from(["honest", "refuse", "silent", "accept"]))
    def test_a_probe_ends_exactly_once_whatever_messages_arrive(
        self, story: list[tuple[Any, ...]], expedite: bool, streams: str
    ) -> None:
        scene = Scene()
        parts = scene.member("me")
        peers = {name: scene.peer(name) for name in "trs"}
        parts.knows(*(peer.claim for peer in peers.values()))
        host = peers["t"].claim.address.host
        if streams == "accept":
            peers["t"].accept_streams()
        elif streams == "refuse":
            scene.network.refuse_streams(host)
        elif streams == "silent":
            scene.network.silence_streams(host)
        run = ProbeRun(parts, peers["t"].claim, relays=lambda target, hinted: [peers["r"].claim])
        if expedite:
            parts.reactor.callLater(0.2, run.probe.expedite, 0.02)
        for at, kind, name, wrong, target, older, by_stream in sorted(story):
            scene.run(max(0.0, at / 1000 - scene.now))
            sender = peers[name].claim
            data = peers[name].bytes_of(
                kind,
                sender=Claim(name, sender.address, sender.epoch + older),
                sequence=run.probe.sequence ^ wrong,
                target=target,
            )
            opened = [h.peer for h in peers[name].heard if h.peer != parts.me.address]
            if by_stream and opened:
                peers[name].send(opened[-1], data)
            else:
                peers[name].send(parts.me.address, data)
        scene.run(3)
        self.assertEqual(len(run.ended), 1)
        self.assertTrue(run.probe.over)
        self.assertEqual(run.probe.route is not None, run.probe.answer is not None)
        self.assertLessEqual(run.ended[0], 1.0 + 1e-6)
        self.assertEqual((parts.streams._open, parts.requests._open), ({}, {}))
        self.assertEqual(list(parts.reactor.getDelayedCalls()), [])
