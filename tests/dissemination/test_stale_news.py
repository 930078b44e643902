"""Whoever is behind the times is answered straight back."""

from __future__ import annotations

from dataclasses import replace

from swimtx.dissemination.stale_news import StaleNewsReplies
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase

FAIL, GOSSIP, PING_REQ = MessageType.FAIL, MessageType.GOSSIP, MessageType.PING_REQ


class CorrectionTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        StaleNewsReplies(parts.reactor.seconds, parts.membership, parts.messenger)
        self.teller, self.gone_one = self.others("teller", "gone")
        self.gone: Claim = self.gone_one.claim
        self.suspected = self.gone.suspected("teller", [Evidence("teller", Observation.SILENT)])

    def told(self) -> list[State]:
        self.scene.run(0.01)
        return [claim.state for claim in self.teller.updates() if claim.name == "gone"]

    def test_whoever_suspects_one_that_failed_hears_of_the_verdict(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(2)
        self.teller.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [State.FAILED])

    def test_whoever_wants_it_probed_hears_of_it_too(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(2)
        self.teller.say(
            self.parts.me.address, PING_REQ, target="gone", target_epoch=self.gone.epoch, sequence=1
        )
        self.assertEqual(self.told(), [State.FAILED])

    def test_a_fresh_verdict_is_left_to_gossip(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(0.5)
        self.teller.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [])

    def test_the_same_is_told_once_a_second(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(2)
        for _ in range(5):
            self.teller.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.told()), 1)
        self.scene.run(1)
        self.teller.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.told()), 2)

    def test_a_later_incarnation_is_no_mistake(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(2)
        later = self.gone.alive(self.gone.incarnation + 1).suspected("teller")
        self.teller.say(self.parts.me.address, GOSSIP, updates=(later,))
        self.assertNotIn(State.FAILED, self.told())

    def test_nobody_is_corrected_about_the_living(self) -> None:
        self.teller.say(self.parts.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [])

    def test_news_from_one_that_we_hold_failed_is_answered_with_the_verdict_at_once(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.gone_one.say(self.parts.me.address, GOSSIP)
        self.scene.run(0.01)
        heard = [(claim.name, claim.state) for claim in self.gone_one.updates()]
        self.assertEqual(heard, [("gone", State.FAILED)])

    def test_it_is_even_if_that_one_has_refuted_what_we_missed(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        refuted = self.gone.alive(1)
        self.gone_one.say(self.parts.me.address, GOSSIP, sender=refuted)
        self.scene.run(0.01)
        self.assertEqual([claim.state for claim in self.gone_one.updates()], [State.FAILED])

    def test_a_later_run_is_none_of_that(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        later = replace(self.gone, epoch=self.gone.epoch + 1)
        self.gone_one.say(self.parts.me.address, GOSSIP, sender=later)
        self.scene.run(0.01)
        self.assertEqual(self.gone_one.updates(), [])

    def test_the_answer_goes_where_the_sender_is_known_to_be_not_where_it_came_from(self) -> None:
        self.parts.knows(self.gone.failed("me"))
        self.scene.run(2)
        victim = self.scene.peer("victim")
        victim.say(self.parts.me.address, GOSSIP, sender=self.gone)
        victim.say(
            self.parts.me.address, GOSSIP, sender=self.teller.claim, updates=(self.suspected,)
        )
        self.scene.run(0.01)
        self.assertEqual(victim.heard, [])
        self.assertEqual((len(self.gone_one.updates()), self.told()), (1, [State.FAILED]))

    def test_a_verdict_that_names_the_departed_is_not_taken_for_news_of_its_own(self) -> None:
        verdict = self.gone.failed("teller")
        self.parts.knows(verdict)
        self.teller.say(self.parts.me.address, FAIL, sender=verdict, updates=(verdict,))
        self.assertEqual(self.told(), [])


class CalledGone(ComponentTestCase):
    """What we answer when others say that we failed."""

    def setUp(self) -> None:
        super().setUp()
        StaleNewsReplies(self.parts.reactor.seconds, self.parts.membership, self.parts.messenger)
        (self.teller,) = self.others("teller")

    def told(self) -> list[tuple[str, State, int]]:
        self.scene.run(0.01)
        return [(claim.name, claim.state, claim.incarnation) for claim in self.teller.updates()]

    def accuse(self) -> None:
        update = self.parts.me.failed("somebody")
        self.teller.say(self.parts.me.address, GOSSIP, updates=(update,))

    def test_whoever_passes_it_on_hears_the_refutation(self) -> None:
        self.accuse()
        self.assertEqual(self.told(), [("me", State.ALIVE, 1)])

    def test_so_does_who_declares_it(self) -> None:
        verdict = self.parts.me.failed("teller")
        self.teller.say(self.parts.me.address, FAIL, sender=verdict, updates=(verdict,))
        self.assertEqual(self.told(), [("me", State.ALIVE, 1)])

    def test_so_does_who_passes_on_what_was_refuted_long_ago(self) -> None:
        said = self.parts.me.failed("somebody")
        self.parts.membership.apply(said)
        self.teller.say(self.parts.me.address, GOSSIP, updates=(said,))
        self.assertEqual(self.told(), [("me", State.ALIVE, 1)])

    def test_an_address_of_nobody_we_know_is_not_answered(self) -> None:
        stranger = self.scene.peer("stranger")
        stranger.say(self.parts.me.address, GOSSIP, updates=(self.parts.me.failed("somebody"),))
        self.scene.run(0.01)
        self.assertEqual(stranger.updates(), [])

    def test_once_we_leave_it_is_true(self) -> None:
        self.parts.membership.depart()
        self.accuse()
        self.assertEqual(self.told(), [])
