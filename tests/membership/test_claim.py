"""Names, addresses, tags, and the precedence of claims."""

from __future__ import annotations

import itertools
import operator
from dataclasses import FrozenInstanceError, replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address, is_loopback, is_wildcard, normal_host
from swimtx.limits import (
    MAX_EVIDENCE,
    MAX_NAME_BYTES,
    MAX_TAGS,
    MAX_TAGS_BYTES,
    check_tags,
    check_text,
)
from swimtx.membership.claim import Claim, State, merge
from swimtx.membership.explain import explain
from swimtx.membership.member import Member
from swimtx.membership.observation import Evidence, Observation, merged_evidence
from tests.strategies import EPOCH, claims, evidence, hosts, rivals, tags, texts

HERE = Address("10.0.0.1", 7946)
ME = Claim("n1", HERE, EPOCH, 3, tags=(("role", "web"),))
one_run = rivals(epochs=[EPOCH])
"""Claims that often have equal keys and differ in all other fields."""


class Precedence(SynchronousTestCase):
    """The order of claims about one name: run, whether the member left, incarnation, state."""

    def assert_rising(self, *rising: Claim) -> None:
        for lower, higher in itertools.combinations(rising, 2):
            self.assertLess(lower.key, higher.key)

    def test_failed_overrides_suspect_and_suspect_overrides_alive_within_an_incarnation(
        self,
    ) -> None:
        self.assert_rising(ME, ME.suspected("n2"), ME.failed("n2"), ME.departed())

    def test_a_higher_incarnation_overrides_any_accusation(self) -> None:
        self.assert_rising(ME.failed("n2"), ME.alive(4), ME.alive(4).suspected("n2"))

    def test_a_higher_incarnation_does_not_override_left(self) -> None:
        self.assert_rising(ME.alive(2**30).failed("n2"), ME.departed())

    def test_a_claim_of_a_later_run_overrides_every_claim_of_an_earlier_run(self) -> None:
        later = replace(ME, epoch=EPOCH + 1, incarnation=0)
        self.assert_rising(ME.alive(2**30), ME.departed(), later)

    @given(claims(), claims())
    def test_two_claims_have_equal_keys_or_one_key_is_greater(
        self, one: Claim, other: Claim
    ) -> None:
        self.assertEqual((one.key < other.key) + (other.key < one.key) + (one.key == other.key), 1)

    def test_precedence_within_a_run_is_that_of_the_paper_but_confirm_is_not_final(self) -> None:
        # SWIM 4.2: which of two messages overrides the other, incarnations i and j.
        for i, j in itertools.product(range(3), repeat=2):
            alive, suspect = ME.alive(i), ME.alive(i).suspected("n2")
            self.assertEqual(alive.key > ME.alive(j).key, i > j)
            self.assertEqual(alive.key > ME.alive(j).suspected("n2").key, i > j)
            self.assertEqual(suspect.key > ME.alive(j).suspected("n2").key, i > j)
            self.assertEqual(suspect.key > ME.alive(j).key, i >= j)
            confirm = ME.alive(i).failed("n2")
            self.assertEqual(confirm.key > ME.alive(j).key, i >= j)


class Merging(SynchronousTestCase):
    """Two claims with equal keys become one, the same at all members that receive both."""

    def merged(self, one: Claim, other: Claim) -> Claim:
        self.assertEqual(one.key, other.key)
        return merge(one, other)

    @given(one_run, one_run)
    def test_merging_is_commutative(self, one: Claim, other: Claim) -> None:
        other = replace(other, state=one.state, incarnation=one.incarnation)
        self.assertEqual(self.merged(one, other), self.merged(other, one))

    @given(one_run, one_run, one_run)
    def test_merging_is_associative(self, one: Claim, other: Claim, third: Claim) -> None:
        other = replace(other, state=one.state, incarnation=one.incarnation)
        third = replace(third, state=one.state, incarnation=one.incarnation)
        left = self.merged(self.merged(one, other), third)
        self.assertEqual(left, self.merged(one, self.merged(other, third)))

    @given(one_run, one_run)
    def test_merging_is_idempotent(self, one: Claim, other: Claim) -> None:
        other = replace(other, state=one.state, incarnation=one.incarnation)
        once = self.merged(one, other)
        self.assertIdentical(self.merged(once, one), once)
        self.assertIdentical(self.merged(once, once), once)
        self.assertEqual(self.merged(other, once), once)

    def test_a_merged_claim_has_the_evidence_of_both_and_the_rest_of_the_lower_address(
        self,
    ) -> None:
        here = ME.suspected("n2", [Evidence("n2", Observation.SILENT)])
        there = replace(
            ME.suspected("n3", [Evidence("n3", Observation.REFUSED)]),
            address=Address("10.0.0.0", 1),
        )
        both = merge(here, there)
        self.assertEqual((both.address, both.by), (there.address, "n3"))
        self.assertEqual(both.evidence, (*here.evidence, *there.evidence))

    @given(evidence, evidence, evidence)
    def test_the_union_of_evidence_does_not_depend_on_the_order(
        self,
        one: tuple[Evidence, ...],
        other: tuple[Evidence, ...],
        third: tuple[Evidence, ...],
    ) -> None:
        united = merged_evidence(one, other, third)
        self.assertEqual(united, merged_evidence(third, merged_evidence(other, one)))
        self.assertEqual(united, merged_evidence(united, one))
        self.assertEqual([e.witness for e in united], sorted({e.witness for e in united}))

    @given(st.permutations(range(2 * MAX_EVIDENCE)), st.integers(0, 2 * MAX_EVIDENCE))
    def test_evidence_above_the_limit_is_cut_to_the_same_entries_in_any_order(
        self, order: list[int], cut: int
    ) -> None:
        received = [Evidence(f"w{number:02}", Observation.SILENT) for number in order]
        united = merged_evidence(merged_evidence(received[:cut]), merged_evidence(received[cut:]))
        expected = tuple(Evidence(f"w{n:02}", Observation.SILENT) for n in range(MAX_EVIDENCE))
        self.assertEqual(united, expected)

    def test_the_newest_entry_of_a_witness_is_kept(self) -> None:
        entries = [Evidence("w", Observation.BROKEN, 1), Evidence("w", Observation.SILENT, 2)]
        for order in (entries, entries[::-1]):
            self.assertEqual(merged_evidence(order), (Evidence("w", Observation.SILENT, 2),))


class ClaimTestCase(SynchronousTestCase):
    """Claims, and the claims that are derived from them."""

    def test_a_claim_is_frozen(self) -> None:
        self.assertRaises(FrozenInstanceError, setattr, ME, "incarnation", 9)

    def test_an_accusation_keeps_the_run_and_adds_the_evidence(self) -> None:
        silent, refused = Evidence("n2", Observation.SILENT), Evidence("n3", Observation.REFUSED)
        suspect = ME.suspected("n2", [silent])
        failed = suspect.failed("n3", [refused])
        self.assertEqual((suspect.state, suspect.by), (State.SUSPECT, "n2"))
        self.assertEqual((failed.state, failed.by), (State.FAILED, "n3"))
        self.assertEqual(failed.evidence, (silent, refused))
        self.assertEqual((failed.epoch, failed.incarnation, failed.tags), (EPOCH, 3, ME.tags))

    def test_an_alive_or_left_claim_has_no_evidence(self) -> None:
        suspect = replace(ME.suspected("n2", [Evidence("n2", Observation.SILENT)]), age=5.0)
        for claim in (suspect.alive(), suspect.alive(9), suspect.departed()):
            self.assertEqual((claim.evidence, claim.by, claim.age), ((), "n1", 0.0))
        self.assertEqual(suspect.alive().incarnation, 3)
        self.assertEqual(suspect.alive(9).incarnation, 9)

    def test_claims_that_differ_in_their_age_only_are_equal(self) -> None:
        self.assertEqual(replace(ME.failed("n2"), age=5.0), ME.failed("n2"))
        self.assertEqual(hash(replace(ME, age=5.0)), hash(ME))

    def test_the_living_states_are_alive_and_suspect(self) -> None:
        living = [state for state in State if state.living]
        self.assertEqual(living, [State.ALIVE, State.SUSPECT])


class ExplainTestCase(SynchronousTestCase):
    """The explanation of a claim, for people."""

    def test_the_explanation_states_each_observation_and_its_witnesses(self) -> None:
        seen = [
            Evidence("n2", Observation.SILENT),
            Evidence("n3", Observation.REFUSED),
            Evidence("n5", Observation.SILENT),
        ]
        text = explain(ME.failed("n2", seen))
        self.assertIn("no answer to n2, n5", text)
        self.assertIn("its host refused a stream from n3", text)

    def test_the_explanation_names_the_author_of_a_claim_without_evidence(self) -> None:
        self.assertEqual(explain(ME.suspected("n2")), "n2 said so")
        self.assertEqual(explain(replace(ME.suspected("n2"), by="")), "nobody said why")
        self.assertEqual(explain(ME), "n1 said so")
        self.assertEqual(explain(ME.departed()), "it said goodbye")


class Limits(SynchronousTestCase):
    """Checks of names, addresses and tags."""

    @given(texts(MAX_NAME_BYTES))
    def test_any_text_within_the_limit_is_a_name(self, text: str) -> None:
        check_text(text, MAX_NAME_BYTES, "a name")

    def test_texts_of_a_wrong_length_or_with_control_characters_are_no_names(self) -> None:
        for text in ("", "x" * 129, "ñ" * 65, "\n", "a\x00b", "\x7f", "\x9f", "\ud800", "a\udcff"):
            refused = self.assertRaises(ValueError, check_text, text, 128, "the name")
            self.assertIn("the name", str(refused))
            self.assertNotIsInstance(refused, UnicodeError)

    def test_unprintable_characters_are_allowed_in_names_except_control_characters(self) -> None:
        for text in ("a b", "\u00a0", "\u2028", "\u200d", "日本", "\U0001f600"):
            check_text(text, 128, "a name")

    @given(tags)
    def test_check_tags_sorts_the_tags(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self.assertEqual(check_tags(reversed(pairs)), pairs)

    def test_tags_beyond_the_limits_are_refused(self) -> None:
        for pairs in (
            [("", "v")],
            [("k\n", "v")],
            [("k", "v"), ("k", "w")],
            [("k", "v"), ("k", "v")],
            [("k", "v" * MAX_TAGS_BYTES)],
            [("k", "ñ" * (MAX_TAGS_BYTES // 2))],
            [("k", "\ud800")],
            [(f"k{number}", "") for number in range(MAX_TAGS + 1)],
        ):
            self.assertRaises(ValueError, check_tags, pairs)
        check_tags([("k", "v" * (MAX_TAGS_BYTES - 1))])
        check_tags([(f"k{number}", "any\nthing") for number in range(MAX_TAGS)])

    @given(hosts)
    def test_the_canonical_form_of_an_ip_literal_is_stable(self, host: str) -> None:
        self.assertEqual(normal_host(normal_host(host)), normal_host(host))

    def test_other_spellings_of_an_address_are_normalised(self) -> None:
        for host, normal in (
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::FFFF:a00:1", "10.0.0.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
        ):
            self.assertEqual(normal_host(host), normal)

    def test_texts_that_are_no_global_unicast_ip_literal_are_refused(self) -> None:
        for host in (
            "",
            "localhost",
            "1.2.3",
            "01.2.3.4",
            "10.0.0.1 ",
            "fe80::1",
            "fe80::1%eth0",
            "::1%1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "::ffff:224.0.0.1",
            "[::1]",
        ):
            self.assertRaises(ValueError, normal_host, host)

    def test_loopback_and_wildcard_addresses_are_recognised(self) -> None:
        self.assertTrue(all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1"))))
        self.assertFalse(any(map(is_loopback, ("10.0.0.1", "0.0.0.0", "::"))))
        self.assertTrue(all(map(is_wildcard, ("0.0.0.0", "::"))))
        self.assertFalse(any(map(is_wildcard, ("127.0.0.1", "::1"))))

    def test_the_text_of_an_address_has_brackets_for_ipv6_only(self) -> None:
        self.assertEqual(str(HERE), "10.0.0.1:7946")
        self.assertEqual(str(Address("::1", 7946)), "[::1]:7946")


class MemberTestCase(SynchronousTestCase):
    """A member as the list presents it."""

    def test_the_json_of_a_member_has_all_its_fields(self) -> None:
        self.assertEqual(
            Member.from_claim(ME, since=1.5, rtt=0.25).to_json(),
            {
                "name": "n1",
                "address": "10.0.0.1",
                "port": 7946,
                "state": "alive",
                "incarnation": 3,
                "epoch": EPOCH,
                "tags": {"role": "web"},
                "since": 1.5,
                "rtt": 0.25,
            },
        )

    def test_a_member_has_a_host_and_the_address_that_messages_come_from(self) -> None:
        member = Member.from_claim(ME, since=1.5)
        self.assertEqual(member.host, "10.0.0.1")
        self.assertEqual(member.endpoint, Address("10.0.0.1", 7946))

    def test_a_member_is_frozen_and_can_be_put_in_a_set(self) -> None:
        member = Member.from_claim(ME, since=1.5)
        self.assertRaises(FrozenInstanceError, setattr, member, "state", State.FAILED)
        self.assertRaises(TypeError, operator.setitem, member.tags, "role", "db")
        self.assertIn(Member.from_claim(ME, since=1.5), {member})
