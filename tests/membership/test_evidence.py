"""Classification of failures by the witnesses' observations, timeouts of suspicion, and
explanations."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.evidence import (
    ENOUGH_ALIKE,
    Grade,
    count_of,
    entry_of,
    grade_of,
    proves_gone,
    refusals_needed,
    worth_telling,
)
from swimtx.membership.explain import explain
from swimtx.membership.observation import Evidence, Observation
from swimtx.suspicion.timeout import silence_timeout

S, A, R, B = Observation.SILENT, Observation.ACCEPTED, Observation.REFUSED, Observation.BROKEN


def seen(*kinds: Observation, me: Observation | None = None) -> tuple[Evidence, ...]:
    """The entries of the witnesses w0, w1, ..., after that of C{me} if it is given."""
    entries = tuple(Evidence(f"w{number}", kind) for number, kind in enumerate(kinds))
    return entries if me is None else (Evidence("me", me), *entries)


class GradeTests(SynchronousTestCase):
    def grade(self, entries: tuple[Evidence, ...], living: int = 100) -> Grade:
        return grade_of(entries, "me", living)

    def test_a_suspicion_with_silence_only_is_silent(self) -> None:
        self.assertIs(self.grade(seen(S, S)), Grade.SILENT)
        self.assertIs(self.grade(()), Grade.SILENT)

    def test_one_acceptance_makes_a_suspicion_stalled(self) -> None:
        self.assertIs(self.grade(seen(S, S, S, A)), Grade.STALLED)

    def test_two_refusals_one_of_them_ours_make_a_suspicion_gone(self) -> None:
        self.assertIs(self.grade(seen(R, me=R)), Grade.GONE)

    def test_refusals_without_one_of_our_own_are_not_sufficient(self) -> None:
        self.assertIs(self.grade(seen(R, R, R, R)), Grade.SILENT)
        self.assertIs(self.grade(seen(R, R, R, me=S)), Grade.SILENT)

    def test_one_refusal_is_sufficient_in_groups_of_at_most_three_only(self) -> None:
        self.assertIs(self.grade(seen(S, me=R)), Grade.SILENT)
        self.assertIs(self.grade(seen(me=R), living=3), Grade.GONE)
        self.assertEqual([refusals_needed(n) for n in (2, 3, 4, 5, 100)], [1, 1, 2, 2, 2])

    def test_refusals_must_outnumber_acceptances(self) -> None:
        self.assertIs(self.grade(seen(A, A, R, me=R)), Grade.STALLED)
        self.assertIs(self.grade(seen(A, R, me=R)), Grade.GONE)

    def test_two_broken_streams_outweigh_any_number_of_acceptances(self) -> None:
        self.assertIs(self.grade(seen(A, A, A, B)), Grade.STALLED)
        self.assertIs(self.grade(seen(A, A, A, B, B)), Grade.SILENT)

    def test_a_round_with_an_acceptance_or_a_broken_stream_proves_nothing(self) -> None:
        self.assertTrue(proves_gone(seen(R, S, me=R), 100))
        self.assertTrue(proves_gone(seen(R, R, me=S), 100))
        self.assertFalse(proves_gone(seen(R, R, A, me=R), 100))
        self.assertFalse(proves_gone(seen(R, B, me=R), 100))
        self.assertFalse(proves_gone(seen(S, S, me=R), 100))


class TimeoutTests(SynchronousTestCase):
    def timeout(self, entries: tuple[Evidence, ...], living: int = 100) -> float:
        return silence_timeout(entries, 3.0, living)

    def test_the_timeout_of_a_single_accusation_is_six_times_the_tolerance(self) -> None:
        self.assertEqual(self.timeout(seen(S)), 18.0)

    def test_three_further_witnesses_reduce_the_timeout_to_the_tolerance(self) -> None:
        times = [self.timeout(seen(*[S] * number)) for number in range(1, 7)]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertApproximates(times[3], 3.0, 1e-9)
        self.assertEqual(times[3:], [times[3]] * 3)

    def test_a_refusal_counts_as_a_witness_of_silence_and_an_acceptance_does_not(self) -> None:
        self.assertEqual(self.timeout(seen(S, R)), self.timeout(seen(S, S)))
        self.assertEqual(self.timeout(seen(S, A)), self.timeout(seen(S)))

    def test_acceptances_count_as_silence_after_two_broken_streams(self) -> None:
        self.assertApproximates(self.timeout(seen(A, A, B, B)), 3.0, 1e-9)

    def test_fewer_witnesses_suffice_in_small_groups(self) -> None:
        self.assertEqual(self.timeout(seen(S), living=2), 3.0)
        self.assertApproximates(self.timeout(seen(S, S), living=3), 3.0, 1e-9)


class WorthTellingTests(SynchronousTestCase):
    def test_a_sixth_entry_of_silence_or_acceptance_is_not_worth_telling(self) -> None:
        for kind in (S, A):
            known = seen(*[kind] * ENOUGH_ALIKE)
            self.assertFalse(worth_telling(Evidence("me", kind), known))
            self.assertTrue(worth_telling(Evidence("me", kind), known[1:]))

    def test_refusals_and_broken_streams_are_always_worth_telling(self) -> None:
        for kind in (R, B):
            self.assertTrue(worth_telling(Evidence("me", kind), seen(*[kind] * 9)))

    def test_a_changed_observation_of_a_witness_is_always_worth_telling(self) -> None:
        self.assertTrue(worth_telling(Evidence("w0", S, 1), seen(*[S] * 9)))

    def test_entries_are_found_by_witness_and_counted_by_kind(self) -> None:
        entries = seen(S, A, S)
        self.assertEqual((count_of(entries, S), count_of(entries, R)), (2, 0))
        self.assertEqual(entry_of(entries, "w1"), Evidence("w1", A))
        self.assertIsNone(entry_of(entries, "me"))


class ExplainTests(SynchronousTestCase):
    claim = Claim("n7", Address("10.0.0.7", 7946), 1)

    def test_the_explanation_states_each_observation_and_its_witness(self) -> None:
        suspected = self.claim.suspected("n1", [Evidence("n1", S), Evidence("n2", A)])
        self.assertEqual(
            explain(suspected),
            "no answer to n1; its host accepted a stream from n2, but it did not answer",
        )

    def test_the_explanation_of_a_claim_without_evidence_names_its_author(self) -> None:
        self.assertEqual(explain(self.claim.failed("n1")), "n1 said so")
        self.assertEqual(explain(self.claim.failed("")), "nobody said why")
        self.assertEqual(explain(self.claim.departed()), "it said goodbye")
        self.assertEqual(explain(self.claim), "n7 said so")
