"""Conflicts of two processes under one name, settled by a probe."""

from __future__ import annotations

from dataclasses import replace

from swimtx.addresses import Address
from swimtx.joining.name_conflicts import NameConflicts
from swimtx.membership.claim import Claim, State
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase

PING, GOSSIP = MessageType.PING, MessageType.GOSSIP
PING_REQ, ACK = MessageType.PING_REQ, MessageType.ACK


class NameConflictsTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.relays: list[Claim] = []
        parts = self.parts
        self.conflicts = parts.use(
            NameConflicts(
                parts.reactor.seconds,
                parts.membership,
                parts.messenger,
                parts.config,
                lambda target, hinted: self.relays,
            )
        )
        (self.old,) = self.others("n")
        self.new = self.scene.peer("n", epoch=EPOCH + 1)
        self.network = self.scene.network

    def claim(self, claim: Claim | None = None) -> None:
        """Have the new run claim the name."""
        self.new.say(self.parts.me.address, GOSSIP, updates=(claim or self.new.claim,))

    def held(self) -> Claim | None:
        return self.parts.membership.claim("n")

    def test_while_the_old_run_answers_a_claim_of_a_new_run_is_rejected(self) -> None:
        self.old.answering = True
        self.claim()
        self.scene.run(2)
        self.assertEqual(self.held(), self.old.claim)
        self.assertEqual(self.parts.events, [("joined", "n"), ("conflict", "n")])
        why = self.parts.changes[-1].why
        self.assertIn(str(self.old.claim.address), why)
        self.assertIn(str(self.new.claim.address), why)
        self.assertFalse(self.parts.news.pending, "the claim is not spread")

    def test_an_old_run_that_only_a_relay_reaches_keeps_its_name(self) -> None:
        relay = self.scene.peer("r")
        self.relays = [relay.claim]
        for epoch, outcome in ((EPOCH, self.old.claim), (EPOCH - 1, self.new.claim)):
            self.claim()
            self.scene.run(0.6)
            sequence = relay.last(PING_REQ).sequence
            ack = {"sequence": sequence, "target": "n", "target_epoch": epoch}
            relay.say(self.parts.me.address, ACK, **ack)
            self.scene.run(61)
            self.assertEqual(self.held(), outcome, "an ACK of another run does not count")

    def test_an_ack_from_a_relay_of_another_run_does_not_end_the_probe(self) -> None:
        relay = self.scene.peer("r")
        self.relays = [relay.claim]
        self.claim()
        self.scene.run(0.6)
        asked = relay.last(PING_REQ)
        ack = {"sequence": asked.sequence, "target": "n", "target_epoch": EPOCH + 1}
        relay.say(self.parts.me.address, ACK, **ack)
        self.assertEqual(self.held(), self.old.claim)
        self.old.answer(self.old.heard[-1])
        self.scene.run(1)
        self.assertEqual(self.held(), self.old.claim)
        self.assertIn(("conflict", "n"), self.parts.events)

    def test_the_old_run_is_probed_at_its_own_address(self) -> None:
        self.claim()
        self.scene.run(0.01)
        (ping,) = self.old.messages()
        self.assertEqual((ping.type, ping.target, ping.target_epoch), (PING, "n", EPOCH))

    def test_the_new_run_gets_the_record_of_the_run_that_holds_the_name(self) -> None:
        self.old.answering = True
        self.claim()
        self.scene.run(2)
        (gossip,) = self.new.messages()
        self.assertEqual((gossip.type, gossip.updates), (GOSSIP, (self.old.claim,)))

    def test_the_old_run_gets_a_claim_that_a_later_run_failed_at_once(self) -> None:
        self.claim(self.new.claim.failed("other"))
        self.scene.run(0.01)
        heard = [(claim.state, claim.epoch) for claim in self.old.updates()]
        self.assertEqual(heard, [(State.FAILED, self.new.claim.epoch)])

    def test_a_claim_of_a_new_run_is_applied_if_the_old_run_does_not_answer(self) -> None:
        self.claim()
        self.scene.run(0.9)
        self.assertEqual(self.held(), self.old.claim)
        self.scene.run(0.2)
        self.assertEqual(self.held(), self.new.claim)
        self.assertEqual(self.parts.events[-1], ("joined", "n"))
        before = self.parts.changes[-1].before
        assert before is not None
        self.assertEqual((before.epoch, before.address), (EPOCH, self.old.claim.address.host))
        self.assertTrue(self.parts.news.pending)

    def test_a_claim_of_a_new_run_is_applied_at_once_if_the_old_run_has_failed(self) -> None:
        self.parts.knows(self.old.claim.failed("x"))
        self.claim()
        self.assertEqual((self.held(), self.old.heard), (self.new.claim, []))

    def test_an_ack_of_a_later_run_at_the_old_address_does_not_count_for_the_old_run(
        self,
    ) -> None:
        self.claim()
        self.scene.run(0.01)
        self.old.claim = Claim("n", self.old.claim.address, EPOCH + 7)
        self.old.answer(self.old.heard[-1])
        self.scene.run(0.01)
        self.assertEqual(self.held(), self.new.claim)

    def test_a_settled_conflict_is_not_probed_again_within_a_minute(self) -> None:
        self.old.answering = True
        for _ in range(5):
            self.claim()
            self.scene.run(1)
        self.assertEqual(self.parts.events.count(("conflict", "n")), 1)
        self.scene.run(60)
        self.claim()
        self.scene.run(1)
        self.assertEqual(self.parts.events.count(("conflict", "n")), 2)

    def test_only_one_probe_for_a_name_is_under_way_at_a_time(self) -> None:
        self.claim()
        self.claim(self.new.claim.alive(1))
        self.scene.run(0.01)
        self.assertEqual(len(self.old.messages(PING)), 1)

    def test_the_latest_claim_disputed_during_a_probe_is_applied_after_it(self) -> None:
        self.claim()
        for incarnation in (2, 1):
            self.claim(self.new.claim.alive(incarnation))
        self.scene.run(1.1)
        self.assertEqual(self.held(), self.new.claim.alive(2))

    def test_after_stop_the_old_run_keeps_its_name(self) -> None:
        self.claim()
        self.conflicts.stop()
        self.scene.run(5)
        self.assertEqual(self.held(), self.old.claim)

    def test_a_peer_of_seven_fields_that_answers_keeps_its_name(self) -> None:
        first, second = self.scene.peer("old"), self.scene.peer("old")
        held = Claim("old", first.claim.address, EPOCH, legacy=True)
        self.parts.knows(held)
        claim = Claim("old", second.claim.address, EPOCH + 1, legacy=True)
        self.parts.membership.apply(claim)
        self.scene.run(0.01)
        ack = first.bytes_of(MessageType.ACK, version=0)
        first.send(self.parts.me.address, ack)
        self.scene.run(2)
        self.assertEqual(self.parts.membership.claim("old"), held)
        self.assertEqual(self.parts.events[-1], ("conflict", "old"))
        self.assertEqual(second.heard, [], "a peer of seven fields reads no GOSSIP")


class LocalNameTests(ComponentTestCase):
    """Another process has our name."""

    def setUp(self) -> None:
        super().setUp()
        self.relays: list[Claim] = []
        parts = self.parts
        parts.use(
            NameConflicts(
                parts.reactor.seconds,
                parts.membership,
                parts.messenger,
                parts.config,
                lambda target, hinted: self.relays,
            )
        )
        self.other = self.scene.peer("me", epoch=EPOCH + 5)

    def test_a_process_that_answers_under_our_name_is_a_conflict_and_we_go_on(self) -> None:
        self.other.answering = True
        before = self.parts.me
        self.other.say(before.address, GOSSIP, updates=(self.other.claim,))
        self.scene.run(2)
        self.assertEqual((self.parts.events, self.parts.me), ([("conflict", "me")], before))
        self.assertEqual(self.other.last(GOSSIP).updates, (before,))

    def test_a_later_claim_of_our_name_is_applied_after_the_probe_of_an_outdated_one(self) -> None:
        nowhere = Address("10.9.9.9", 7946)
        for epoch in (EPOCH, EPOCH + 7):
            claim = replace(self.parts.me, address=nowhere, epoch=epoch)
            self.parts.membership.apply(claim)
        self.scene.run(2.1)
        self.assertGreater(self.parts.me.epoch, EPOCH + 7)

    def test_we_take_a_later_epoch_if_no_process_answers_under_our_name(self) -> None:
        self.other.say(self.parts.me.address, GOSSIP, updates=(self.other.claim,))
        self.scene.run(2)
        self.assertEqual(self.parts.state("me"), "alive")
        self.assertGreater(self.parts.me.epoch, self.other.claim.epoch)
        self.assertNotIn(("conflict", "me"), self.parts.events)
