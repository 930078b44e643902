"""The assessment of probes without an ACK, by their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from swimtx.failure_detector.assessment import EvidenceAssessment, Finding
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.schedule import ProbeSchedule
from tests.parts import ComponentTestCase

S, A, R, B = Observation.SILENT, Observation.ACCEPTED, Observation.REFUSED, Observation.BROKEN


class Probe:
    """The attributes of a probe that an assessment reads."""

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


class AssessmentTestCase(ComponentTestCase):
    """An assessment, and a target whose stream port is known to accept."""

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.assessment = EvidenceAssessment(
            parts.reactor.seconds, parts.membership, parts.broken_streams, parts.config
        )
        self.others(*(f"r{number}" for number in range(9)))
        (peer,) = self.others("t")
        self.target = Claim("t", peer.claim.address, peer.claim.epoch, 1, streams=True)
        parts.knows(self.target)

    def found(
        self, own: Observation, *relays: Observation | None, held: Claim | None = None
    ) -> Finding:
        probe: Any = Probe(self.target, own, relays)
        return self.assessment.at_timeout(probe, held or self.target)

    def claim(
        self, own: Observation, *relays: Observation | None, held: Claim | None = None
    ) -> Claim:
        claim = self.found(own, *relays, held=held).claim
        assert claim is not None
        return claim

    def answered(self, own: Observation) -> None:
        probe: Any = Probe(self.target, own)
        self.assessment.answered(probe)

    def kinds(self, claim: Claim) -> dict[str, Observation]:
        return {entry.witness: entry.kind for entry in claim.evidence}


class AtTimeout(AssessmentTestCase):
    def test_observations_of_relays_are_evidence_too(self) -> None:
        claim = self.claim(S, A, S, S)
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(self.kinds(claim), {"me": S, "r0": A, "r1": S, "r2": S})

    def test_two_refusals_prove_the_process_gone(self) -> None:
        self.assertIs(self.claim(R, R, S, S).state, State.FAILED)

    def test_one_refusal_proves_nothing(self) -> None:
        self.assertIs(self.claim(R, S, S, S).state, State.SUSPECT)

    def test_an_acceptance_vetoes_the_verdict_of_two_refusals(self) -> None:
        self.assertIs(self.claim(R, R, A, S).state, State.SUSPECT)

    def test_a_suspicion_has_at_most_five_entries_of_silence(self) -> None:
        four = [Evidence(f"r{number}", S) for number in range(4, 8)]
        claim = self.claim(S, S, S, S, held=self.target.suspected("r4", four))
        self.assertEqual(len(self.kinds(claim)), 5)
        self.assertIn("me", self.kinds(claim))
        five = [Evidence(f"r{number}", S) for number in range(4, 9)]
        found = self.found(S, S, S, S, held=self.target.suspected("r4", five))
        self.assertIsNone(found.claim)

    def test_a_probe_is_alone_when_relays_and_target_were_all_silent(self) -> None:
        self.assertTrue(self.found(S, None, None, None).alone)
        self.assertFalse(self.found(S, S, None, None).alone, "a relay has answered")

    def test_a_probe_whose_stream_was_refused_or_accepted_is_not_alone(self) -> None:
        for own in (A, R):
            found = self.found(own, None, None, None)
            self.assertFalse(found.alone)
            self.assertIsNotNone(found.claim)

    def test_a_probe_without_relays_is_not_alone(self) -> None:
        found = self.found(S)
        self.assertFalse(found.alone)
        self.assertIsNotNone(found.claim)

    def test_nacks_are_missing_when_fewer_than_half_of_the_relays_answered(self) -> None:
        self.assertFalse(self.found(S, S, S, None).nacks_missing)
        self.assertTrue(self.found(S, S, None, None).nacks_missing)
        self.assertTrue(self.found(S, None, None, None).nacks_missing)

    def test_an_assessment_has_no_effects_and_repeats_its_finding(self) -> None:
        before = self.parts.membership.members()
        self.assertEqual(self.found(R, R, None, S), self.found(R, R, None, S))
        self.assertEqual(self.parts.membership.members(), before)


class AnyEvidence(AssessmentTestCase):
    """What holds for the finding of any probe."""

    @settings(deadline=None)
    @given(
        st.sampled_from([S, A, R]),
        st.lists(st.sampled_from([None, S, A, R, B]), max_size=4),
        st.lists(st.builds(Evidence, st.sampled_from("abme"), st.sampled_from([S, A, R, B]))),
        st.booleans(),
        st.booleans(),
    )
    def test_a_finding_follows_from_its_evidence(
        self,
        own: Observation,
        relays: list[Observation | None],
        known: list[Evidence],
        streams: bool,
        broken: bool,
    ) -> None:
        held = replace(self.target, streams=streams)
        if known:
            held = held.suspected("a", known)
        if broken:
            self.parts.broken_streams.add("t")
        found = self.found(own, *relays, held=held)
        self.assertEqual(found, self.found(own, *relays, held=held), "it has no effects")
        self.parts.broken_streams.discard("t", held.epoch)
        answers = [kind for kind in relays if kind is not None]
        self.assertEqual(found.nacks_missing, 2 * len(answers) < len(relays))
        self.assertEqual(found.alone, bool(relays) and not answers and own is S)
        claim = found.claim
        if claim is None:
            self.assertTrue(known, "a member that is alive is always suspected")
            return
        self.assertEqual((claim.name, claim.by), ("t", "me"))
        self.assertGreaterEqual(claim.key, held.key)
        self.assertEqual((claim.epoch, claim.incarnation), (held.epoch, held.incarnation))
        if claim.state is State.FAILED:
            self.assertTrue(streams, "a firewall may refuse streams to a port")
            self.assertGreaterEqual([own, *answers].count(R), 2)
            self.assertFalse({A, B} & {own, *answers})
        else:
            self.assertIs(claim.state, State.SUSPECT)


class BeforeTimeout(AssessmentTestCase):
    def verdict(self, hinted: bool = False, elapsed: float = 1.0) -> Claim | None:
        probe: Any = Probe(self.target, R, (R,))
        probe.hinted, probe.elapsed = hinted, elapsed
        return self.assessment.before_timeout(probe, self.target)

    def test_refusals_end_a_probe_once_the_target_was_silent_for_a_while(self) -> None:
        self.assertIsNone(self.verdict(elapsed=0.1))
        self.assertIsNotNone(self.verdict(elapsed=0.15))

    def test_refusals_end_a_probe_sooner_after_a_hint(self) -> None:
        self.assertIsNone(self.verdict(hinted=True, elapsed=0.001))
        self.assertIsNotNone(self.verdict(hinted=True, elapsed=0.02))


class Credibility(AssessmentTestCase):
    def test_refusals_of_a_port_that_is_not_known_to_accept_count_as_silence(self) -> None:
        unknown = Claim("t", self.target.address, self.target.epoch, 1)
        claim = self.claim(R, R, R, R, held=unknown)
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(set(self.kinds(claim).values()), {S})

    def test_refusals_of_a_member_that_answered_are_doubted_for_an_hour(self) -> None:
        self.answered(R)
        self.assertIs(self.assessment.credible(R, self.target), S)
        self.scene.run(3601)
        self.assertIs(self.assessment.credible(R, self.target), R)

    def test_our_own_acceptance_counts_as_broken_after_a_stream_to_the_member_broke(self) -> None:
        self.parts.broken_streams.add("t")
        self.assertEqual(self.kinds(self.claim(A, A, S, S))["me"], B)
        self.assertEqual(
            self.kinds(self.claim(A, A, S, S))["r0"], A, "the stream of the relay did not break"
        )


class Schedules(AssessmentTestCase):
    def schedule_for(self, *entries: Evidence) -> ProbeSchedule:
        schedule = ProbeSchedule.probe(1.0, 0.45)
        return self.assessment.schedule_for(self.target.suspected("r0", entries), schedule)

    def test_members_that_are_not_witnesses_only_ping_a_stalled_suspect(self) -> None:
        schedule = self.schedule_for(Evidence("r0", A))
        self.assertEqual((schedule.stream, schedule.relays), (None, None))

    def test_a_witness_probes_a_stalled_suspect_by_the_usual_schedule(self) -> None:
        self.assertEqual(self.schedule_for(Evidence("me", A)), ProbeSchedule.probe(1.0, 0.45))

    def test_a_suspect_with_five_witnesses_of_silence_needs_no_relays(self) -> None:
        schedule = self.schedule_for(*(Evidence(f"r{number}", S) for number in range(5)))
        self.assertEqual((schedule.stream, schedule.relays), (0.45, None))

    def test_a_member_that_is_not_suspected_is_probed_by_the_usual_schedule(self) -> None:
        schedule = ProbeSchedule.probe(1.0, 0.45)
        self.assertIs(self.assessment.schedule_for(self.target, schedule), schedule)


class WithoutRefusedVerdict(AssessmentTestCase):
    """The setting for networks in which TCP resets may be forged."""

    settings = {"refused_verdict": False}

    def test_refusals_count_as_silence_without_refused_verdict(self) -> None:
        claim = self.claim(R, R, R, R)
        self.assertIs(claim.state, State.SUSPECT)
        self.assertEqual(set(self.kinds(claim).values()), {S})
