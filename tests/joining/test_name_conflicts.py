"""Two processes under one name: settled by proof."""

from __future__ import annotations

from dataclasses import replace

from swimtx.addresses import Address
from swimtx.joining.name_conflicts import NameConflicts
from swimtx.membership.claim import Claim, State
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase

PING, GOSSIP = MessageType.PING, MessageType.GOSSIP
PING_REQ, ACK = MessageType.PING_REQ, MessageType.ACK


class ConflictsTests(ComponentTestCase):
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
        """The newcomer says that it is n."""
        self.new.say(self.parts.me.address, GOSSIP, updates=(claim or self.new.claim,))

    def held(self) -> Claim | None:
        return self.parts.membership.claim("n")

    def test_while_the_old_run_answers_the_new_one_is_not_believed(self) -> None:
        self.old.answering = True
        self.claim()
        self.scene.run(2)
        self.assertEqual(self.held(), self.old.claim)
        self.assertEqual(self.parts.events, [("joined", "n"), ("conflict", "n")])
        why = self.parts.changes[-1].why
        self.assertIn(str(self.old.claim.address), why)
        self.assertIn(str(self.new.claim.address), why)
        self.assertFalse(self.parts.news.pending, "and it is not passed on")

    def test_who_is_out_of_our_reach_and_answers_a_relay_is_not_gone(self) -> None:
        relay = self.scene.peer("r")
        self.relays = [relay.claim]
        for epoch, outcome in ((EPOCH, self.old.claim), (EPOCH - 1, self.new.claim)):
            self.claim()
            self.scene.run(0.6)
            sequence = relay.last(PING_REQ).sequence
            said = {"sequence": sequence, "target": "n", "target_epoch": epoch}
            relay.say(self.parts.me.address, ACK, **said)
            self.scene.run(61)
            self.assertEqual(self.held(), outcome, "an ACK of another run proves nothing")

    def test_a_relay_that_has_another_run_does_not_end_the_proof(self) -> None:
        relay = self.scene.peer("r")
        self.relays = [relay.claim]
        self.claim()
        self.scene.run(0.6)
        asked = relay.last(PING_REQ)
        said = {"sequence": asked.sequence, "target": "n", "target_epoch": EPOCH + 1}
        relay.say(self.parts.me.address, ACK, **said)
        self.assertEqual(self.held(), self.old.claim)
        self.old.answer(self.old.heard[-1])
        self.scene.run(1)
        self.assertEqual(self.held(), self.old.claim)
        self.assertIn(("conflict", "n"), self.parts.events)

    def test_the_old_run_is_asked_at_its_own_address(self) -> None:
        self.claim()
        self.scene.run(0.01)
        (ping,) = self.old.messages()
        self.assertEqual((ping.type, ping.target, ping.target_epoch), (PING, "n", EPOCH))

    def test_the_other_side_hears_who_holds_the_name(self) -> None:
        self.old.answering = True
        self.claim()
        self.scene.run(2)
        (told,) = self.new.messages()
        self.assertEqual((told.type, told.updates), (GOSSIP, (self.old.claim,)))

    def test_the_old_run_hears_at_once_that_a_later_one_is_said_to_have_ended(self) -> None:
        self.claim(self.new.claim.failed("somebody"))
        self.scene.run(0.01)
        heard = [(claim.state, claim.epoch) for claim in self.old.updates()]
        self.assertEqual(heard, [(State.FAILED, self.new.claim.epoch)])

    def test_where_the_old_run_is_silent_the_new_one_is_taken_up(self) -> None:
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

    def test_where_the_old_run_is_known_to_be_gone_the_new_one_is_taken_up_at_once(self) -> None:
        self.parts.knows(self.old.claim.failed("x"))
        self.claim()
        self.assertEqual((self.held(), self.old.heard), (self.new.claim, []))

    def test_an_answer_of_a_later_run_at_the_old_address_proves_nothing_for_the_old_one(
        self,
    ) -> None:
        self.claim()
        self.scene.run(0.01)
        self.old.claim = Claim("n", self.old.claim.address, EPOCH + 7)
        self.old.answer(self.old.heard[-1])
        self.scene.run(0.01)
        self.assertEqual(self.held(), self.new.claim)

    def test_a_settled_conflict_is_not_opened_again_within_a_minute(self) -> None:
        self.old.answering = True
        for _ in range(5):
            self.claim()
            self.scene.run(1)
        self.assertEqual(self.parts.events.count(("conflict", "n")), 1)
        self.scene.run(60)
        self.claim()
        self.scene.run(1)
        self.assertEqual(self.parts.events.count(("conflict", "n")), 2)

    def test_one_dispute_a_name_is_open_at_a_time(self) -> None:
        self.claim()
        self.claim(self.new.claim.alive(1))
        self.scene.run(0.01)
        self.assertEqual(len(self.old.messages(PING)), 1)

    def test_what_is_disputed_meanwhile_waits_for_its_turn(self) -> None:
        self.claim()
        for incarnation in (2, 1):
            self.claim(self.new.claim.alive(incarnation))
        self.scene.run(1.1)
        self.assertEqual(self.held(), self.new.claim.alive(2))

    def test_stopped_it_settles_nothing(self) -> None:
        self.claim()
        self.conflicts.stop()
        self.scene.run(5)
        self.assertEqual(self.held(), self.old.claim)

    def test_of_two_peers_of_seven_fields_the_one_that_answers_keeps_its_name(self) -> None:
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
        self.assertEqual(second.heard, [], "it could not read a GOSSIP")


class AboutOurselves(ComponentTestCase):
    """Somebody else has our name."""

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

    def test_if_it_answers_there_is_a_conflict_and_we_go_on(self) -> None:
        self.other.answering = True
        before = self.parts.me
        self.other.say(before.address, GOSSIP, updates=(self.other.claim,))
        self.scene.run(2)
        self.assertEqual((self.parts.events, self.parts.me), ([("conflict", "me")], before))
        self.assertEqual(self.other.last(GOSSIP).updates, (before,))

    def test_an_outdated_claim_under_proof_does_not_hide_a_later_one(self) -> None:
        nowhere = Address("10.9.9.9", 7946)
        for epoch in (EPOCH, EPOCH + 7):
            said = replace(self.parts.me, address=nowhere, epoch=epoch)
            self.parts.membership.apply(said)
        self.scene.run(2.1)
        self.assertGreater(self.parts.me.epoch, EPOCH + 7)

    def test_if_nobody_answers_we_refute_with_a_later_run(self) -> None:
        self.other.say(self.parts.me.address, GOSSIP, updates=(self.other.claim,))
        self.scene.run(2)
        self.assertEqual(self.parts.state("me"), "alive")
        self.assertGreater(self.parts.me.epoch, self.other.claim.epoch)
        self.assertNotIn(("conflict", "me"), self.parts.events)
