"""One probe of one member: its course, its ends, and what it saw (SWIM §3.1)."""

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


class Probing:
    """A round, and how it ended."""

    def __init__(
        self, parts: MemberParts, target: Claim, schedule: ProbeSchedule = PROBE, **more: Any
    ) -> None:
        self.ended: list[float] = []
        self.scene = parts.scene
        self.began = parts.scene.now
        self.round = Probe(target, parts.messenger, schedule, self._end, **more)

    def _end(self, round: Probe) -> None:
        assert round is self.round and round.over
        self.ended.append(self.scene.now - self.began)


class RoundTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.target, self.relay, self.other = self.others("t", "r", "s")
        self.network = self.scene.network
        self.network.silence_streams(self.target.claim.address.host)

    def probe(self, **more: Any) -> Probing:
        probing = Probing(self.parts, self.target.claim, **more)
        self.parts.use(probing.round)
        return probing

    def relays(self, target: Claim, hinted: bool) -> list[Claim]:
        return [self.relay.claim]


class Course(RoundTests):
    def test_a_silent_target_is_pinged_four_times_until_the_ping_timeout(self) -> None:
        probing = self.probe()
        self.scene.run(2)
        self.assertEqual(self.target.times(PING), [1, 151, 301, 451])
        self.assertEqual([round(end, 6) for end in probing.ended], [1.0])
        self.assertIsNone(probing.round.route)

    def test_a_ping_says_for_whom_it_is_meant_and_what_is_known_of_it(self) -> None:
        self.probe()
        self.scene.run(0.01)
        ping = self.target.last(PING)
        self.assertEqual((ping.target, ping.target_epoch), ("t", self.target.claim.epoch))
        self.assertEqual(ping.target_incarnation, 0)
        self.assertNotEqual(ping.sequence, 0)

    def test_relays_are_asked_at_the_ping_timeout_and_have_four_fifths_of_what_is_left(
        self,
    ) -> None:
        self.probe(relays=self.relays)
        self.scene.run(2)
        self.assertEqual(self.relay.times(PING_REQ), [451])
        asked = self.relay.last(PING_REQ)
        self.assertEqual((asked.target, asked.budget), ("t", 0.44))
        self.assertEqual(asked.sequence, self.target.last(PING).sequence)
        self.assertEqual(self.other.heard, [])

    def test_who_answers_at_once_costs_one_ping_and_no_relay(self) -> None:
        self.target.answering = True
        probing = self.probe(relays=self.relays)
        self.scene.run(2)
        self.assertEqual((self.target.times(PING), self.relay.heard), ([1], []))
        self.assertEqual(probing.ended, [2 * LATENCY])
        self.assertEqual((probing.round.route, probing.round.rtt), (Route.DATAGRAM, 2 * LATENCY))

    def test_a_suspect_hears_the_accusation_first(self) -> None:
        accused = self.target.claim.suspected("s", [Evidence("s", Observation.SILENT)])
        self.parts.membership.apply(self.relay.claim.alive(1))
        self.parts.membership.apply(accused)
        self.probe()
        self.scene.run(0.01)
        self.assertEqual(self.target.updates()[0], accused)
        self.assertIn(self.relay.claim.alive(1), self.target.updates(), "and then other news")

    def test_what_is_attached_goes_with_each_ping(self) -> None:
        self.probe(attach=self.parts.me)
        self.scene.run(2)
        self.assertEqual(self.target.updates(), [self.parts.me] * 4)

    def test_hastened_it_begins_its_second_stage_at_once_and_ends_no_sooner(self) -> None:
        self.target.accept_streams()
        self.network.restore_streams(self.target.claim.address.host)
        probing = self.probe(relays=self.relays)
        self.scene.run(0.1)
        probing.round.expedite(0.02)
        probing.round.expedite(0.02)
        self.scene.run(2)
        self.assertEqual(self.relay.times(PING_REQ), [101])
        self.assertEqual(self.relay.last(PING_REQ).budget, 0.72)
        by_stream = [h for h in self.target.heard if h.peer != self.parts.me.address]
        self.assertEqual(len(by_stream), 1)
        self.assertEqual([round(end, 6) for end in probing.ended], [1.0])

    def test_stopped_it_ends_without_a_word_and_asks_no_more(self) -> None:
        probing = self.probe(relays=self.relays)
        self.scene.run(0.1)
        sequence = self.target.last(PING).sequence
        probing.round.stop()
        self.target.say(self.parts.me.address, ACK, sequence=sequence)
        self.scene.run(2)
        self.assertEqual(probing.ended, [])
        self.assertEqual(self.target.times(PING), [1])

    def test_stopped_while_a_stream_opens_it_leaves_none(self) -> None:
        probing = self.probe()
        self.scene.run(0.5)
        probing.round.stop()
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_it_ends_early_when_what_was_seen_is_enough(self) -> None:
        probing = self.probe(relays=self.relays, seen=lambda r: len(r.evidence) == 2)
        self.scene.run(0.5)
        self.relay.say(
            self.parts.me.address,
            NACK,
            sequence=self.relay.last(PING_REQ).sequence,
            observed=Observation.REFUSED,
        )
        self.assertEqual(len(probing.ended), 1)
        self.assertLess(probing.ended[0], 0.51)


class Answers(RoundTests):
    def answer(self, peer: Peer, **more: Any) -> None:
        """An ACK from somebody, with the number of the round."""
        more.setdefault("sequence", self.target.last(PING).sequence)
        peer.say(self.parts.me.address, more.pop("kind", ACK), **more)

    def test_after_a_repeat_no_round_trip_is_measured(self) -> None:
        probing = self.probe()
        self.scene.run(0.2)
        self.answer(self.target)
        self.assertEqual((probing.round.route, probing.round.rtt), (Route.DATAGRAM, None))

    def test_an_ack_of_another_number_is_no_answer(self) -> None:
        probing = self.probe()
        self.scene.run(0.1)
        self.answer(self.target, sequence=self.target.last(PING).sequence ^ 1)
        self.assertEqual(probing.ended, [])

    def test_an_ack_of_an_earlier_run_is_no_answer_and_one_of_a_later_run_is(self) -> None:
        probing = self.probe()
        self.scene.run(0.1)
        epoch = self.target.claim.epoch
        self.answer(self.target, sender=Claim("t", self.target.claim.address, epoch - 1))
        self.assertEqual(probing.ended, [])
        self.answer(self.target, sender=Claim("t", self.target.claim.address, epoch + 1))
        self.assertEqual(len(probing.ended), 1)
        assert probing.round.answer is not None
        self.assertEqual(probing.round.answer.epoch, epoch + 1)

    def test_an_ack_from_a_relay_speaks_for_the_target(self) -> None:
        probing = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, target="t")
        self.assertEqual((probing.round.route, probing.round.rtt), (Route.RELAY, None))

    def test_an_ack_from_somebody_who_was_not_asked_does_not(self) -> None:
        probing = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.other, target="t")
        self.answer(self.relay, target="s")
        self.assertEqual(probing.ended, [])

    def test_a_nack_is_evidence_and_no_answer(self) -> None:
        probing = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, kind=NACK, target="t", observed=Observation.ACCEPTED)
        self.assertEqual(probing.ended, [])
        self.scene.run(1)
        self.assertEqual(
            probing.round.evidence,
            (Evidence("me", Observation.SILENT), Evidence("r", Observation.ACCEPTED)),
        )

    def test_an_ack_after_a_nack_still_ends_it(self) -> None:
        probing = self.probe(relays=self.relays)
        self.scene.run(0.5)
        self.answer(self.relay, kind=NACK, target="t")
        self.answer(self.relay, target="t")
        self.assertIs(probing.round.route, Route.RELAY)

    def test_an_ack_after_its_end_is_dropped(self) -> None:
        probing = self.probe()
        self.scene.run(1.1)
        self.answer(self.target)
        self.assertEqual((len(probing.ended), probing.round.route), (1, None))


class Streams(RoundTests):
    def setUp(self) -> None:
        super().setUp()
        self.host = self.target.claim.address.host
        self.network.restore_streams(self.host)

    def test_one_that_only_streams_reach_answers_by_stream(self) -> None:
        self.target.accept_streams()
        self.target.answering = True
        self.network.block_datagrams(destinations=self.host)
        probing = self.probe()
        self.scene.run(2)
        self.assertEqual((probing.round.route, probing.round.rtt), (Route.STREAM, None))
        self.assertLess(probing.ended[0], 0.46)
        self.assertEqual(self.parts.streams._open, {}, "and it is closed again")

    def test_a_host_that_accepts_for_a_silent_process_is_seen(self) -> None:
        self.target.accept_streams()
        probing = self.probe()
        self.scene.run(2)
        self.assertIs(probing.round.own_observation, Observation.ACCEPTED)
        self.assertEqual(probing.round.evidence, (Evidence("me", Observation.ACCEPTED),))

    def test_a_host_that_refuses_is_seen(self) -> None:
        probing = self.probe()
        self.scene.run(2)
        self.assertIs(probing.round.own_observation, Observation.REFUSED)

    def test_one_that_closes_what_it_accepted_is_looked_at_once_more(self) -> None:
        for dying, seen in ((True, Observation.REFUSED), (False, Observation.ACCEPTED)):
            self.target.accept_streams()
            streams = self.target.streams
            assert streams is not None
            probing = self.probe()
            self.scene.run(0.5)
            self.assertIs(probing.round.own_observation, Observation.ACCEPTED)
            if dying:
                streams.stop()
                self.scene.run(0.1)
            for _ in range(3):
                for stream in list(streams._open):
                    transport: Any = stream.transport
                    transport.abortConnection()
                self.scene.run(0.1)
            self.assertIs(probing.round.own_observation, seen)
            self.assertEqual(len(streams._open), 0, "but not again and again")
            self.scene.run(1)

    def test_a_host_that_says_nothing_is_silent(self) -> None:
        self.network.silence_streams(self.host)
        probing = self.probe()
        self.scene.run(2)
        self.assertIs(probing.round.own_observation, Observation.SILENT)

    def test_a_stream_that_opens_too_late_is_closed(self) -> None:
        """It is given a little less time than the round; a stall can still delay it."""
        self.target.accept_streams()
        self.target.reactor.stall()
        probing = self.probe()
        self.scene.run(1.5)
        self.target.reactor.resume()
        self.scene.run(1)
        self.assertEqual(len(probing.ended), 1)
        self.assertEqual(self.parts.streams._open, {})


class Relayed(RoundTests):
    def test_on_behalf_of_another_it_opens_a_stream_at_once_and_keeps_within_its_budget(
        self,
    ) -> None:
        self.network.restore_streams(self.target.claim.address.host)
        probing = self.probe(schedule=ProbeSchedule.relayed(0.45, 0.25, 0.02))
        self.scene.run(0.01)
        self.assertIs(probing.round.own_observation, Observation.REFUSED)
        self.scene.run(2)
        self.assertEqual(self.target.times(PING), [1, 151])
        self.assertEqual(probing.ended, [0.25])


#: What may come in during a round: when, in what type, from whom, with the right number or not.
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


class Properties(ComponentTestCase):
    @given(arrivals, st.booleans(), st.sampled_from(["honest", "refuse", "silent", "accept"]))
    def test_a_round_ends_exactly_once_whatever_arrives(
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
        probing = Probing(parts, peers["t"].claim, relays=lambda target, hinted: [peers["r"].claim])
        if expedite:
            parts.reactor.callLater(0.2, probing.round.expedite, 0.02)
        for at, kind, name, wrong, target, older, by_stream in sorted(story):
            scene.run(max(0.0, at / 1000 - scene.now))
            sender = peers[name].claim
            data = peers[name].bytes_of(
                kind,
                sender=Claim(name, sender.address, sender.epoch + older),
                sequence=probing.round.sequence ^ wrong,
                target=target,
            )
            opened = [h.peer for h in peers[name].heard if h.peer != parts.me.address]
            if by_stream and opened:
                peers[name].send(opened[-1], data)
            else:
                peers[name].send(parts.me.address, data)
        scene.run(3)
        self.assertEqual(len(probing.ended), 1)
        self.assertTrue(probing.round.over)
        self.assertEqual(probing.round.route is not None, probing.round.answer is not None)
        self.assertLessEqual(probing.ended[0], 1.0 + 1e-6)
        self.assertEqual((parts.streams._open, parts.requests._open), ({}, {}))
        self.assertEqual(list(parts.reactor.getDelayedCalls()), [])
