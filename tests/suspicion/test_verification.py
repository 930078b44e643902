"""Before a FAIL the suspect itself is asked."""

from __future__ import annotations

from swimtx.membership.claim import Claim
from swimtx.suspicion.verification import Verification
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase, Peer

PING, ACK = MessageType.PING, MessageType.ACK


class VerificationTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.verification = parts.use(
            Verification(parts.reactor, parts.membership, parts.messenger, parts.config)
        )
        (self.peer,) = self.others("a")
        self.scene.network.silence_streams(self.peer.claim.address.host)

    def suspect(self, peer: Peer | None = None) -> Claim:
        """Suspect somebody, whose time is then over."""
        claim = (peer or self.peer).claim.suspected("me")
        self.parts.knows(claim)
        self.verification.due(claim)
        return claim

    def test_one_that_stays_silent_is_declared_after_a_period(self) -> None:
        self.suspect()
        self.scene.run(1.04)
        self.assertEqual(self.parts.state("a"), "suspect")
        self.scene.run(0.02)
        self.assertEqual(self.parts.state("a"), "failed")
        held = self.parts.membership.claim("a")
        assert held is not None
        self.assertEqual((held.by, held.incarnation), ("me", 0))

    def test_it_is_asked_three_times_with_the_accusation(self) -> None:
        claim = self.suspect()
        self.scene.run(2)
        self.assertEqual(self.peer.times(PING), [1, 334, 668])
        self.assertEqual(self.peer.updates(), [claim] * 3)

    def test_one_that_refutes_is_left_alone(self) -> None:
        self.suspect()
        self.scene.run(0.9)
        self.peer.claim = self.peer.claim.alive(1)
        self.peer.answer(self.peer.heard[-1], updates=(self.peer.claim,))
        self.scene.run(10)
        self.assertEqual(self.parts.state("a"), "alive")
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_one_that_answers_without_refuting_is_asked_again_and_not_declared(self) -> None:
        self.peer.answering = True
        self.suspect()
        self.scene.run(5.5)
        self.assertEqual(self.parts.state("a"), "suspect")
        self.assertGreaterEqual(len(self.peer.messages(PING)), 5)
        self.peer.answering = False
        self.scene.run(3)
        self.assertEqual(self.parts.state("a"), "failed")

    def test_a_refutation_that_waits_in_a_buffer_while_we_stall_is_read_before_the_verdict(
        self,
    ) -> None:
        self.suspect()
        self.scene.run(0.5)
        self.parts.reactor.stall()
        alive = self.peer.claim.alive(1)
        self.peer.say(self.parts.me.address, MessageType.GOSSIP, updates=(alive,))
        self.scene.run(5)
        self.parts.reactor.resume()
        self.scene.run(1)
        self.assertEqual(self.parts.state("a"), "alive")
        self.assertNotIn(("failed", "a"), self.parts.events)

    def test_asked_twice_it_asks_once(self) -> None:
        claim = self.suspect()
        self.verification.due(claim)
        self.scene.run(1.03)
        self.verification.due(claim)
        self.scene.run(2)
        self.assertEqual(len(self.peer.messages(PING)), 3)

    def test_one_that_others_declared_or_that_left_is_not_asked_further(self) -> None:
        for end in (self.peer.claim.failed("x"), self.peer.claim.departed()):
            self.suspect()
            self.parts.knows(end)
            self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_later_incarnation_that_is_suspected_is_not_declared_for_the_earlier_one(
        self,
    ) -> None:
        self.suspect()
        self.scene.run(0.5)
        self.parts.knows(self.peer.claim.alive(1).suspected("x"))
        self.scene.run(5)
        self.assertEqual(self.parts.state("a"), "suspect", "it has its own time")

    def test_more_evidence_ends_nothing(self) -> None:
        claim = self.suspect()
        self.scene.run(0.5)
        self.parts.knows(claim.suspected("x"))
        self.scene.run(1)
        self.assertEqual(self.parts.state("a"), "failed")

    def test_one_that_was_forgotten_meanwhile_is_nobody(self) -> None:
        self.suspect()
        self.parts.membership.forget("a")
        self.scene.run(5)
        self.assertEqual(self.parts.state("a"), "unknown")

    def test_stopped_it_declares_nobody(self) -> None:
        self.suspect()
        self.scene.run(1.02)
        self.verification.stop()
        self.scene.run(5)
        self.assertEqual(self.parts.state("a"), "suspect")
