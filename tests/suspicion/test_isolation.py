"""Whether this member itself is cut off, and what follows for its verdicts."""

from __future__ import annotations

from swimtx.wire.messages import MessageType
from tests.suspicion.test_verdicts import PATIENCE, TOLERANCE, VerdictTestCase


class IsolatedTests(VerdictTestCase):
    """No member answers us at all."""

    def setUp(self) -> None:
        super().setUp()
        self.silence(*self.friends)
        self.suspect("me", "a", "b", "c")

    def test_an_isolated_member_says_so_and_gives_no_verdict(self) -> None:
        self.scene.run(PATIENCE - 1)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("isolated", "me"), self.parts.events)
        self.assertTrue(self.isolation.isolated)

    def test_a_probe_without_any_answer_has_isolation_found_out_sooner(self) -> None:
        self.isolation.doubt()
        self.scene.run(0.6)
        self.assertTrue(self.isolation.isolated)

    def test_silence_alone_is_not_isolation_while_no_verdict_is_due(self) -> None:
        self.scene.run(TOLERANCE - 0.1)
        self.assertFalse(self.isolation.isolated)

    def test_after_its_patience_an_isolated_member_keeps_its_verdicts_to_itself(
        self,
    ) -> None:
        self.parts.news.clear()
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.assertEqual(self.parts.state("t"), "failed")
        self.assertIn("our own view", self.parts.changes[-1].why)
        self.assertFalse(self.parts.news.pending)

    def receive(self) -> None:
        self.friends[0].say(self.parts.me.address, MessageType.GOSSIP)

    def test_the_first_message_takes_private_verdicts_back(self) -> None:
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.receive()
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("reconnected", "me"), self.parts.events)
        self.assertEqual(self.health.score, 1)

    def test_the_first_message_gives_suspects_their_time_anew(self) -> None:
        self.scene.run(10)
        self.receive()
        self.scene.run(2)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertFalse(self.isolation.isolated)

    def test_in_a_group_of_two_silence_is_never_isolation(self) -> None:
        for friend in self.friends:
            self.parts.membership.apply(friend.claim.departed())
        self.scene.run(2 * TOLERANCE + 2)
        self.assertEqual(self.parts.state("t"), "failed")
