"""Probes of failed members that may be back (Serf: reconnect)."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.dissemination.reconnect import Reconnector
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase

PING = MessageType.PING


class ReconnectorTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.reconnector = parts.use(
            Reconnector(
                parts.reactor, parts.chance, parts.membership, parts.messenger, parts.config
            )
        )
        self.reconnector.start()

    def test_a_failed_member_is_probed_once_a_period_with_its_fail(self) -> None:
        (peer,) = self.others("a")
        failed = peer.claim.failed("x")
        self.parts.knows(failed)
        self.scene.run(10.5)
        self.assertEqual(peer.times(PING), [1000 * second + 1 for second in range(1, 11)])
        self.assertEqual(set(peer.updates()), {failed})

    def test_a_member_that_is_back_is_probed_no_more_and_no_timer_is_left(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(1.01)
        peer.claim = peer.claim.alive(1)
        peer.answer(peer.heard[-1], updates=(peer.claim,))
        self.scene.run(5)
        self.assertEqual((self.parts.state("a"), len(peer.heard)), ("alive", 1))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_in_a_large_group_a_failed_member_is_probed_once_a_period_by_all_members_together(
        self,
    ) -> None:
        (peer,) = self.others("a")
        self.parts.knows(
            *(Claim(f"m{n}", Address("10.98.0.1", n + 1), EPOCH) for n in range(20)),
            peer.claim.failed("x"),
        )
        self.scene.run(400.5)
        self.assertIn(len(peer.messages(PING)), range(10, 32), "of 400 periods: a twentieth")

    def test_several_failed_members_are_probed_about_equally_often(self) -> None:
        peers = self.others("a", "b", "c")
        self.parts.knows(*(peer.claim.failed("x") for peer in peers))
        self.scene.run(90.5)
        counts = [len(peer.messages(PING)) for peer in peers]
        self.assertEqual(sum(counts), 90)
        self.assertGreater(min(counts), 15)

    def test_a_member_that_left_is_not_probed(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.departed())
        self.scene.run(5)
        self.assertEqual(peer.heard, [])
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_forgotten_member_is_probed_no_more(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(1.5)
        self.parts.membership.forget("a")
        self.scene.run(5)
        self.assertEqual(len(peer.heard), 1)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_stopped_reconnector_probes_no_more(self) -> None:
        (peer,) = self.others("a")
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(1.1)
        self.reconnector.stop()
        self.scene.run(5)
        self.assertEqual(len(peer.heard), 1)

    def test_a_stopped_reconnector_ignores_new_failures(self) -> None:
        (peer,) = self.others("a")
        self.reconnector.stop()
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(5)
        self.assertEqual(peer.heard, [])
