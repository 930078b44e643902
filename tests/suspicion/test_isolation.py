"""The isolation of this member, and the verdicts that it gives meanwhile."""

from __future__ import annotations

from swimtx.wire.messages import MessageType
from tests.suspicion.test_verdicts import PATIENCE, TOLERANCE, VerdictTestCase


class IsolatedTests(VerdictTestCase):
    """No member answers this one."""

    def setUp(self) -> None:
        super().setUp()
        self.silence(*self.peers)
        self.suspect("me", "a", "b", "c")

    def test_an_isolated_member_announces_it_and_gives_no_verdict(self) -> None:
        self.scene.run(PATIENCE - 1)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("isolated", "me"), self.parts.events)
        self.assertTrue(self.isolation.isolated)

    def test_a_probe_without_any_answer_lets_isolation_be_detected_sooner(self) -> None:
        self.isolation.doubt()
        self.scene.run(0.6)
        self.assertTrue(self.isolation.isolated)

    def test_a_silent_group_is_not_isolation_while_no_verdict_is_due(self) -> None:
        self.scene.run(TOLERANCE - 0.1)
        self.assertFalse(self.isolation.isolated)

    def test_an_isolated_member_gives_verdicts_without_spreading_them_after_patience(self) -> None:
        self.parts.news.clear()
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.assertEqual(self.parts.state("t"), "failed")
        self.assertIn("our own view", self.parts.changes[-1].why)
        self.assertFalse(self.parts.news.pending)

    def receive_a_message(self) -> None:
        self.peers[0].say(self.parts.me.address, MessageType.GOSSIP)

    def test_the_first_message_reverts_verdicts_that_were_not_spread(self) -> None:
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.receive_a_message()
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("reconnected", "me"), self.parts.events)
        self.assertEqual(self.health.score, 1)

    def test_the_first_message_gives_suspects_their_time_anew(self) -> None:
        self.scene.run(10)
        self.receive_a_message()
        self.scene.run(2)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertFalse(self.isolation.isolated)

    def test_a_member_of_a_group_of_two_is_never_isolated(self) -> None:
        for peer in self.peers:
            self.parts.membership.apply(peer.claim.departed())
        self.scene.run(2 * TOLERANCE + 2)
        self.assertEqual(self.parts.state("t"), "failed")
