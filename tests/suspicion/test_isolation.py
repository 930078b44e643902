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


class StoppedWhileIsolatedTests(VerdictTestCase):
    """A member that leaves or stops while it is isolated, and may start again."""

    def setUp(self) -> None:
        super().setUp()
        self.silence(*self.peers)
        self.suspect("me", "a", "b", "c")
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.assertTrue(self.isolation.isolated)
        for component in (self.isolation, self.verdicts, self.monitors, self.timers):
            component.stop()

    def test_the_first_message_after_a_stop_ends_no_isolation(self) -> None:
        self.parts.changes.clear()
        self.peers[0].say(self.parts.me.address, MessageType.GOSSIP)
        self.assertEqual(self.parts.events, [])
        self.assertEqual(self.health.score, 0)

    def test_a_member_that_starts_again_is_not_isolated(self) -> None:
        for component in (self.timers, self.monitors, self.verdicts, self.isolation):
            component.start()
        self.assertFalse(self.isolation.isolated)
        self.assertFalse(self.isolation.out_of_patience)

    def test_verdicts_of_an_earlier_run_are_not_reverted(self) -> None:
        self.parts.membership.apply(self.target.claim.failed("a"))
        for component in (self.timers, self.monitors, self.verdicts, self.isolation):
            component.start()
        self.isolation.check()
        self.scene.run(0.6)
        self.assertTrue(self.isolation.isolated, "no member answers the new run either")
        self.peers[0].say(self.parts.me.address, MessageType.GOSSIP)
        self.assertFalse(self.isolation.isolated)
        self.assertEqual(self.parts.state("t"), "failed")


class CheckTests(VerdictTestCase):
    """When this member checks whether it is isolated."""

    def pings(self) -> int:
        return sum(len(peer.messages(MessageType.PING)) for peer in self.peers)

    def test_a_message_that_came_lately_rules_isolation_out_for_half_a_period(self) -> None:
        self.peers[0].say(self.parts.me.address, MessageType.GOSSIP)
        self.assertTrue(self.isolation.rules_out())
        self.scene.run(0.4)
        self.isolation.doubt()
        self.scene.run(0.01)
        self.assertEqual(self.pings(), 0)
        self.scene.run(0.2)
        self.assertFalse(self.isolation.rules_out())
        self.isolation.doubt()
        self.scene.run(0.01)
        self.assertEqual(self.pings(), 3)

    def test_one_check_is_made_at_a_time(self) -> None:
        self.silence(*self.peers)
        for _ in range(5):
            self.isolation.check()
        self.scene.run(0.1)
        self.isolation.check()
        self.scene.run(0.6)
        self.assertEqual(self.pings(), 3)
        self.isolation.check()
        self.scene.run(0.6)
        self.assertEqual(self.pings(), 3, "an isolated member waits for a message")

    def test_an_answered_check_rules_isolation_out_for_a_period(self) -> None:
        self.scene.run(1)
        self.isolation.check()
        self.scene.run(0.6)
        self.assertFalse(self.isolation.isolated)
        self.assertTrue(self.isolation.rules_out())
        self.scene.run(1)
        self.assertFalse(self.isolation.rules_out())

    def test_patience_begins_with_the_check_that_found_the_isolation(self) -> None:
        self.silence(*self.peers)
        self.isolation.check()
        self.scene.run(PATIENCE - 0.1)
        self.assertFalse(self.isolation.out_of_patience)
        self.scene.run(0.1)
        self.assertTrue(self.isolation.out_of_patience)

    def test_a_stopped_check_finds_nothing(self) -> None:
        self.silence(*self.peers)
        self.isolation.check()
        self.isolation.stop()
        self.scene.run(1)
        self.assertFalse(self.isolation.isolated)
        self.isolation.check()
        self.scene.run(1)
        self.assertTrue(self.isolation.isolated)
