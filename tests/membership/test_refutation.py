"""The record of the local member, and its refutation of claims (SWIM §4.2), as pure functions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State
from swimtx.membership.refutation import new_run, raised, refutation_of
from tests.strategies import EPOCH, NOW, claims, rivals

OWN = Claim("n1", Address("10.0.0.1", 7946), EPOCH - 5000, 3, tags=(("role", "web"),), by="n1")

own_records = claims(name=st.just("n1")).map(lambda claim: claim.alive())


class RaisedTests(SynchronousTestCase):
    def test_the_next_incarnation_is_one_higher_in_the_same_run(self) -> None:
        self.assertEqual(raised(OWN, NOW), replace(OWN, incarnation=4))

    def test_the_next_incarnation_is_above_a_claimed_one(self) -> None:
        for beyond, incarnation in ((0, 4), (3, 4), (4, 5), (99, 100)):
            self.assertEqual(raised(OWN, NOW, beyond).incarnation, incarnation)

    def test_a_new_run_begins_at_the_last_incarnation(self) -> None:
        last = MAX_INCARNATION
        self.assertEqual(raised(OWN, NOW, last - 1).incarnation, last)
        for record in (raised(OWN, NOW, last), raised(replace(OWN, incarnation=last), NOW)):
            self.assertEqual((record.epoch, record.incarnation), (EPOCH, 0))

    @given(own_records, st.integers(0, MAX_INCARNATION), st.floats(0, 2 * NOW))
    def test_the_raised_record_overrides_the_one_before(
        self, own: Claim, beyond: int, now: float
    ) -> None:
        record = raised(own, now, beyond)
        self.assertGreater(record.key, own.key)
        self.assertGreater(record.key, replace(own, incarnation=beyond).key)
        self.assertLessEqual(record.incarnation, MAX_INCARNATION)
        self.assertEqual((record.by, record.address, record.tags), ("n1", own.address, own.tags))


class NewRunTests(SynchronousTestCase):
    def test_the_epoch_of_a_new_run_is_the_time_in_milliseconds(self) -> None:
        record = new_run(OWN, NOW + 0.0015, OWN.epoch)
        self.assertEqual((record.epoch, record.incarnation), (EPOCH + 1, 0))
        self.assertEqual((record.address, record.tags), (OWN.address, OWN.tags))

    def test_the_epoch_of_a_new_run_is_above_a_remembered_one_if_the_clock_went_back(self) -> None:
        self.assertEqual(new_run(OWN, 0.0, EPOCH + 7).epoch, EPOCH + 8)
        self.assertEqual(new_run(OWN, NOW, EPOCH).epoch, EPOCH + 1)


class RefutationTests(SynchronousTestCase):
    def test_a_claim_that_is_older_or_equal_needs_no_refutation(self) -> None:
        for said in (
            OWN,
            replace(OWN, incarnation=2).suspected("n2"),
            replace(OWN, epoch=OWN.epoch - 1, incarnation=99).failed("n2"),
            replace(OWN, epoch=OWN.epoch - 1).departed(),
        ):
            self.assertIsNone(refutation_of(said, OWN, NOW))

    def test_an_accusation_is_refuted_by_the_next_incarnation(self) -> None:
        for said in (OWN.suspected("n2"), OWN.failed("n2")):
            self.assertEqual(refutation_of(said, OWN, NOW), replace(OWN, incarnation=4))

    def test_an_accusation_of_an_incarnation_that_was_never_sent_is_outbid(self) -> None:
        said = replace(OWN, incarnation=50).suspected("n2")
        self.assertEqual(refutation_of(said, OWN, NOW), replace(OWN, incarnation=51))

    def test_a_claim_with_the_same_key_and_other_tags_or_address_is_refuted(self) -> None:
        for said in (replace(OWN, tags=()), replace(OWN, address=Address("10.0.0.9", 1))):
            self.assertEqual(refutation_of(said, OWN, NOW), replace(OWN, incarnation=4))

    def test_a_left_claim_of_the_present_run_is_refuted_by_a_new_run(self) -> None:
        record = refutation_of(replace(OWN, incarnation=0).departed(), OWN, NOW)
        self.assertEqual(record, replace(OWN, epoch=EPOCH, incarnation=0))

    def test_a_claim_of_a_later_run_is_refuted_by_a_run_later_than_that(self) -> None:
        said = replace(OWN, epoch=EPOCH + 100, incarnation=7)
        for claim in (said, said.suspected("n2"), said.failed("n2"), said.departed()):
            record = refutation_of(claim, OWN, NOW)
            self.assertEqual(record, replace(OWN, epoch=EPOCH + 101, incarnation=0))

    @given(rivals() | claims(name=st.just("n1")), own_records, st.floats(0, 2 * NOW))
    def test_a_refutation_overrides_both_the_claim_and_the_record_before(
        self, said: Claim, own: Claim, now: float
    ) -> None:
        record = refutation_of(said, own, now)
        if record is None:
            self.assertTrue(said.key < own.key or said == own)
            return
        self.assertGreater(record.key, said.key)
        self.assertGreater(record.key, own.key)
        self.assertIs(record.state, State.ALIVE)
        self.assertEqual((record.by, record.address, record.tags), ("n1", own.address, own.tags))
        self.assertIsNone(refutation_of(said, record, now), "one refutation is enough")
