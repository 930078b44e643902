"""What a round without an ACK means, to those who look at what kind of failure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.failure_detector.assessment import EvidenceAssessment, Published
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.schedule import ProbeSchedule
from tests.parts import Calls, ComponentTestCase

S, A, R, B = Observation.SILENT, Observation.ACCEPTED, Observation.REFUSED, Observation.BROKEN


class Probe:
    """What a reading looks at, of a round."""

    hinted = False
    tried_stream = True
    elapsed = 1.0

    def __init__(
        self, target: Claim, own: Observation, relays: Sequence[Observation | None] = ()
    ) -> None:
        self.target = target
        self.own_observation = own
        self.relays = [f"r{number}" for number in range(len(relays))]
        self.evidence = (
            Evidence("me", own),
            *(
                Evidence(name, kind)
                for name, kind in zip(self.relays, relays, strict=True)
                if kind is not None
            ),
        )


class Reading(ComponentTestCase):
    """A graded reading, and a target whose stream port is known to accept."""

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.health = LocalHealth()
        self.reading = self.made()
        # Others, and one whose stream port is known to accept.
        self.others(*(f"r{number}" for number in range(9)))
        (peer,) = self.others("t")
        self.target = Claim("t", peer.claim.address, peer.claim.epoch, 1, streams=True)
        parts.knows(self.target)

    def made(self) -> EvidenceAssessment:
        parts = self.parts
        return EvidenceAssessment(
            parts.reactor.seconds, parts.membership, self.health, parts.config
        )

    def at_timeout(
        self, own: Observation, *relays: Observation | None, held: Claim | None = None
    ) -> Claim | None:
        probe: Any = Probe(self.target, own, relays)
        return self.reading.at_timeout(probe, held or self.target)

    def in_turn(self, own: Observation, *relays: Observation | None) -> Claim | None:
        """The end of a round that began when the one before had ended."""
        self.scene.run(Probe.elapsed)
        return self.at_timeout(own, *relays)

    def kinds(self, claim: Claim | None) -> dict[str, Observation]:
        assert claim is not None
        return {entry.witness: entry.kind for entry in claim.evidence}


class GradedTests(Reading):
    # At the end of a round

    def test_relays_are_witnesses_too(self) -> None:
        claim = self.at_timeout(S, A, S, S)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(self.kinds(claim), {"me": S, "r0": A, "r1": S, "r2": S})

    def test_two_refusals_are_a_verdict(self) -> None:
        claim = self.at_timeout(R, R, S, S)
        assert claim is not None
        self.assertIs(claim.state, State.FAILED)

    def test_one_refusal_is_not(self) -> None:
        claim = self.at_timeout(R, S, S, S)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)

    def test_an_acceptance_vetoes_the_verdict(self) -> None:
        claim = self.at_timeout(R, R, A, S)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)

    def test_of_silence_five_entries_are_told_at_the_most(self) -> None:
        four = [Evidence(f"r{number}", S) for number in range(4, 8)]
        claim = self.at_timeout(S, S, S, S, held=self.target.suspected("r4", four))
        self.assertEqual(len(self.kinds(claim)), 5)
        self.assertIn("me", self.kinds(claim))
        five = [Evidence(f"r{number}", S) for number in range(4, 9)]
        self.assertIsNone(self.at_timeout(S, S, S, S, held=self.target.suspected("r4", five)))

    # Is it us?

    def test_a_round_that_nobody_answered_is_inconclusive_three_times(self) -> None:
        doubt = self.reading.doubt = Calls()
        found = [self.in_turn(S, None, None, None) for _ in range(4)]
        self.assertEqual(found[:3], [None] * 3)
        assert found[3] is not None
        self.assertEqual(self.kinds(found[3]), {"me": S})
        self.assertEqual(len(doubt), 4)

    def test_such_rounds_at_the_same_time_count_as_one(self) -> None:
        found = [self.at_timeout(S, None, None, None) for _ in range(9)]
        self.assertEqual(found, [None] * 9)

    def test_one_answer_begins_the_count_anew(self) -> None:
        for _ in range(3):
            self.in_turn(S, None, None, None)
        self.reading.answered(Probe(self.target, S))  # type: ignore[arg-type]
        self.assertIsNone(self.at_timeout(S, None, None, None))

    def test_who_was_refused_or_accepted_is_not_cut_off(self) -> None:
        self.assertIsNotNone(self.at_timeout(A, None, None, None))

    def test_a_round_without_relays_is_conclusive(self) -> None:
        self.assertIsNotNone(self.at_timeout(S))

    def test_fewer_than_half_of_the_nacks_speak_ill_of_our_health(self) -> None:
        self.at_timeout(S, S, S, None)
        self.assertEqual(self.health.score, 0)
        self.at_timeout(S, S, None, None)
        self.assertEqual(self.health.score, 1)

    def test_unless_somebody_else_hears_us(self) -> None:
        self.reading.ask = lambda tell: tell(True)
        self.at_timeout(S, S, None, None)
        self.at_timeout(S, None, None, None)
        self.assertEqual(self.health.score, 0)

    def test_if_we_are_heard_the_target_and_its_relays_are_looked_at_once_more(self) -> None:
        self.reading.ask = lambda tell: tell(True)
        again = self.reading.probe_out_of_turn = Calls()
        concluded = self.reading.conclude = Calls()
        self.assertIsNone(self.at_timeout(S, None, None, None))
        ((members,),) = again.all
        self.assertEqual(members, (self.target, "r0", "r1", "r2"))
        self.assertEqual(len(concluded), 0)
        self.assertIsNone(self.at_timeout(S, None, None, None))
        ((probe, read),) = concluded.all
        self.assertEqual(self.kinds(read(probe, self.target)), {"me": S})
        self.assertEqual(len(again), 1)

    def test_an_answer_ends_the_doubt_about_it(self) -> None:
        self.reading.ask = lambda tell: tell(True)
        concluded = self.reading.conclude = Calls()
        self.at_timeout(S, None, None, None)
        self.reading.answered(Probe(self.target, S))  # type: ignore[arg-type]
        self.at_timeout(S, None, None, None)
        self.assertEqual(len(concluded), 0)

    # Before its end

    def before_timeout(self, hinted: bool = False, elapsed: float = 1.0) -> Claim | None:
        probe: Any = Probe(self.target, R, (R,))
        probe.hinted, probe.elapsed = hinted, elapsed
        return self.reading.before_timeout(probe, self.target)

    def test_refusals_end_a_round_once_the_target_was_quiet_for_a_while(self) -> None:
        self.assertIsNone(self.before_timeout(elapsed=0.1))
        self.assertIsNotNone(self.before_timeout(elapsed=0.15))

    def test_and_sooner_after_a_hint(self) -> None:
        self.assertIsNone(self.before_timeout(hinted=True, elapsed=0.001))
        self.assertIsNotNone(self.before_timeout(hinted=True, elapsed=0.02))

    # Credibility

    def test_a_port_that_is_not_known_to_accept_refuses_in_vain(self) -> None:
        unknown = Claim("t", self.target.address, self.target.epoch, 1)
        claim = self.at_timeout(R, R, R, R, held=unknown)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(set(self.kinds(claim).values()), {S})

    def test_whoever_refuses_and_answers_is_doubted_for_an_hour(self) -> None:
        self.reading.answered(Probe(self.target, R))  # type: ignore[arg-type]
        self.assertIs(self.reading.credible(R, self.target), S)
        self.scene.run(3601)
        self.assertIs(self.reading.credible(R, self.target), R)

    def test_an_acceptance_counts_less_once_a_stream_to_it_broke(self) -> None:
        self.reading.broke("t")
        self.assertEqual(self.kinds(self.at_timeout(A, A, S, S))["me"], B)
        self.assertEqual(
            self.kinds(self.at_timeout(A, A, S, S))["r0"], A, "that was not our stream"
        )

    def test_until_it_answers(self) -> None:
        self.reading.broke("t")
        self.reading.answered(Probe(self.target, A))  # type: ignore[arg-type]
        self.assertIs(self.reading.credible(A, self.target), A)

    # How closely to look

    def schedule_for(self, *entries: Evidence) -> ProbeSchedule:
        schedule = ProbeSchedule.probe(1.0, 0.45)
        return self.reading.schedule_for(self.target.suspected("r0", entries), schedule)

    def test_one_that_stalled_is_only_pinged(self) -> None:
        schedule_for = self.schedule_for(Evidence("r0", A))
        self.assertEqual((schedule_for.stream, schedule_for.relays), (None, None))

    def test_but_its_witnesses_look_closely(self) -> None:
        self.assertEqual(self.schedule_for(Evidence("me", A)), ProbeSchedule.probe(1.0, 0.45))

    def test_one_that_five_have_seen_silent_needs_no_relays(self) -> None:
        schedule_for = self.schedule_for(*(Evidence(f"r{number}", S) for number in range(5)))
        self.assertEqual((schedule_for.stream, schedule_for.relays), (0.45, None))

    def test_who_was_only_pinged_is_not_accused(self) -> None:
        probe: Any = Probe(self.target, S)
        probe.tried_stream = False
        self.assertIsNone(self.reading.at_timeout(probe, self.target))


class UnbelievingTests(Reading):
    """Where somebody on the path may forge a reset."""

    settings = {"refused_verdict": False}

    def test_refusals_count_as_silence(self) -> None:
        claim = self.at_timeout(R, R, R, R)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(set(self.kinds(claim).values()), {S})


class PublishedTests(ComponentTestCase):
    def test_silence_is_silence_whatever_was_seen(self) -> None:
        (peer,) = self.others("t")
        reading = Published(self.parts.membership)
        probe: Any = Probe(peer.claim, R, (R, R, R))
        self.assertIsNone(reading.before_timeout(probe, peer.claim))
        claim = reading.at_timeout(probe, peer.claim)
        assert claim is not None
        self.assertIs(claim.state, State.SUSPECT)
        schedule = ProbeSchedule.probe(1.0, 0.45)
        self.assertIs(reading.schedule_for(claim, schedule), schedule)
