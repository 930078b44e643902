"""Replies to members that send outdated updates."""

from __future__ import annotations

from dataclasses import replace

from swimtx.dissemination.stale_news import StaleNewsReplies
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase

FAIL, GOSSIP, PING_REQ = MessageType.FAIL, MessageType.GOSSIP, MessageType.PING_REQ


class OutdatedUpdateTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        StaleNewsReplies(parts.reactor.seconds, parts.membership, parts.messenger)
        self.sender, self.gone = self.others("sender", "gone")
        self.gone_claim: Claim = self.gone.claim
        self.suspected = self.gone_claim.suspected(
            "sender", [Evidence("sender", Observation.SILENT)]
        )

    def received(self) -> list[State]:
        self.scene.run(0.01)
        return [claim.state for claim in self.sender.updates() if claim.name == "gone"]

    def test_a_suspicion_of_a_failed_member_is_answered_with_its_fail(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(2)
        self.sender.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.received(), [State.FAILED])

    def test_a_ping_req_for_a_failed_member_is_answered_with_its_fail(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(2)
        self.sender.say(
            self.parts.me.address,
            PING_REQ,
            target="gone",
            target_epoch=self.gone_claim.epoch,
            sequence=1,
        )
        self.assertEqual(self.received(), [State.FAILED])

    def test_a_fail_younger_than_a_second_is_left_to_gossip(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(0.5)
        self.sender.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.received(), [])

    def test_the_same_fail_is_sent_to_a_peer_at_most_once_a_second(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(2)
        for _ in range(5):
            self.sender.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.received()), 1)
        self.scene.run(1)
        self.sender.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.received()), 2)

    def test_a_suspicion_of_a_later_incarnation_is_not_answered(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(2)
        later = self.gone_claim.alive(self.gone_claim.incarnation + 1).suspected("sender")
        self.sender.say(self.parts.me.address, GOSSIP, updates=(later,))
        self.assertNotIn(State.FAILED, self.received())

    def test_a_suspicion_of_a_living_member_is_not_answered(self) -> None:
        self.sender.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.received(), [])

    def test_gossip_of_a_failed_member_is_answered_with_its_fail_at_once(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.gone.say(self.parts.me.address, GOSSIP)
        self.scene.run(0.01)
        heard = [(claim.name, claim.state) for claim in self.gone.updates()]
        self.assertEqual(heard, [("gone", State.FAILED)])

    def test_gossip_of_a_failed_member_is_answered_with_its_fail_after_a_missed_refutation(
        self,
    ) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        refuted = self.gone_claim.alive(1)
        self.gone.say(self.parts.me.address, GOSSIP, sender=refuted)
        self.scene.run(0.01)
        self.assertEqual([claim.state for claim in self.gone.updates()], [State.FAILED])

    def test_gossip_of_a_later_run_of_a_failed_member_is_not_answered(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        later = replace(self.gone_claim, epoch=self.gone_claim.epoch + 1)
        self.gone.say(self.parts.me.address, GOSSIP, sender=later)
        self.scene.run(0.01)
        self.assertEqual(self.gone.updates(), [])

    def test_the_answer_is_sent_to_the_address_in_the_table_and_not_to_the_source(self) -> None:
        self.parts.knows(self.gone_claim.failed("me"))
        self.scene.run(2)
        victim = self.scene.peer("victim")
        victim.say(self.parts.me.address, GOSSIP, sender=self.gone_claim)
        victim.say(
            self.parts.me.address, GOSSIP, sender=self.sender.claim, updates=(self.suspected,)
        )
        self.scene.run(0.01)
        self.assertEqual(victim.heard, [])
        self.assertEqual((len(self.gone.updates()), self.received()), (1, [State.FAILED]))

    def test_a_fail_that_names_the_departed_member_is_not_taken_for_a_message_of_it(self) -> None:
        verdict = self.gone_claim.failed("sender")
        self.parts.knows(verdict)
        self.sender.say(self.parts.me.address, FAIL, sender=verdict, updates=(verdict,))
        self.assertEqual(self.received(), [])


class LocalMemberTests(ComponentTestCase):
    """Replies to members that say that the local member failed."""

    def setUp(self) -> None:
        super().setUp()
        StaleNewsReplies(self.parts.reactor.seconds, self.parts.membership, self.parts.messenger)
        (self.sender,) = self.others("sender")

    def received(self) -> list[tuple[str, State, int]]:
        self.scene.run(0.01)
        return [(claim.name, claim.state, claim.incarnation) for claim in self.sender.updates()]

    def accuse(self) -> None:
        update = self.parts.me.failed("other")
        self.sender.say(self.parts.me.address, GOSSIP, updates=(update,))

    def test_a_member_that_gossips_that_we_failed_gets_our_refutation(self) -> None:
        self.accuse()
        self.assertEqual(self.received(), [("me", State.ALIVE, 1)])

    def test_a_member_that_sends_a_fail_about_us_gets_our_refutation(self) -> None:
        verdict = self.parts.me.failed("sender")
        self.sender.say(self.parts.me.address, FAIL, sender=verdict, updates=(verdict,))
        self.assertEqual(self.received(), [("me", State.ALIVE, 1)])

    def test_a_member_that_gossips_an_already_refuted_fail_gets_our_refutation(self) -> None:
        claim = self.parts.me.failed("other")
        self.parts.membership.apply(claim)
        self.sender.say(self.parts.me.address, GOSSIP, updates=(claim,))
        self.assertEqual(self.received(), [("me", State.ALIVE, 1)])

    def test_an_unknown_sender_gets_no_refutation(self) -> None:
        stranger = self.scene.peer("stranger")
        stranger.say(self.parts.me.address, GOSSIP, updates=(self.parts.me.failed("other"),))
        self.scene.run(0.01)
        self.assertEqual(stranger.updates(), [])

    def test_after_leaving_we_do_not_refute(self) -> None:
        self.parts.membership.depart()
        self.accuse()
        self.assertEqual(self.received(), [])
