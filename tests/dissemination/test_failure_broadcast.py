"""FAILs about departed members, sent directly (SWIM §3.2)."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.dissemination.failure_broadcast import FailureBroadcast
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase, Peer

FAIL = MessageType.FAIL
DEAD = Claim("dead", Address("10.99.0.1", 7946), EPOCH, by="dead")


class FailureBroadcastTests(ComponentTestCase):
    settings = {"direct_notice_limit": 5}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.outsiders: list[Address] = []
        self.broadcast = FailureBroadcast(
            parts.chance, parts.membership, parts.messenger, parts.config, lambda: self.outsiders
        )
        parts.knows(DEAD)

    def old(self, name: str) -> Peer:
        """A peer of seven fields."""
        peer = self.scene.peer(name)
        self.parts.knows(Claim(name, peer.claim.address, EPOCH, legacy=True))
        return peer

    def declare(self, by: str = "me") -> Claim:
        """Apply the verdict of a member on the dead one."""
        claim = DEAD.failed(by)
        self.parts.membership.apply(claim)
        self.scene.run(0.01)
        return claim

    def test_our_verdict_is_sent_to_every_member_of_a_small_group_at_once(self) -> None:
        peers = self.others("a", "b", "c")
        claim = self.declare()
        for peer in peers:
            (message,) = peer.messages()
            self.assertEqual((message.type, message.name), (FAIL, "dead"))
            self.assertEqual((message.address, message.updates), (DEAD.address, (claim,)))

    def test_in_a_larger_group_a_verdict_is_sent_by_gossip_only(self) -> None:
        peers = self.others(*"abcdef")
        self.declare()
        self.assertEqual([peer.heard for peer in peers], [[]] * 6)

    def test_the_accused_member_always_gets_a_fail_so_that_it_can_refute(self) -> None:
        self.others(*"abcdef")
        (accused,) = self.others("accused")
        claim = accused.claim.failed("me")
        self.parts.membership.apply(claim)
        self.scene.run(0.01)
        (message,) = accused.messages()
        self.assertEqual((message.type, message.updates), (FAIL, (claim,)))

    def test_verdicts_of_other_members_are_not_sent_to_members(self) -> None:
        peers = self.others("a", "b")
        self.declare(by="b")
        self.assertEqual([peer.heard for peer in peers], [[], []])

    def test_a_fail_to_a_peer_of_seven_fields_names_the_departed_member_in_its_header(self) -> None:
        old = self.old("old")
        self.declare()
        (message,) = old.messages()
        self.assertEqual((message.type, message.name), (FAIL, "dead"))
        self.assertEqual((message.address, message.updates), (DEAD.address, ()))

    def test_bootstrap_nodes_get_a_fail_at_our_verdicts_and_when_we_leave(self) -> None:
        outsider = self.scene.peer("well known")
        self.outsiders.append(outsider.claim.address)
        self.others(*"abcdef")
        self.declare()
        self.parts.membership.depart()
        self.scene.run(0.01)
        self.assertEqual([m.name for m in outsider.messages(FAIL)], ["dead", "me"])
        self.assertEqual(outsider.updates()[0].state.value, "failed")

    def test_about_three_members_send_a_verdict_of_another_member_to_peers_without_gossip(
        self,
    ) -> None:
        old = self.old("old")
        living = 30
        self.parts.knows(
            *(Claim(f"m{n}", Address("10.98.0.1", n + 1), EPOCH) for n in range(living - 2))
        )
        for number in range(300):
            self.parts.knows(Claim(f"d{number}", DEAD.address, EPOCH))
            self.parts.membership.apply(Claim(f"d{number}", DEAD.address, EPOCH).failed("m1"))
        self.scene.run(1)
        self.assertIn(len(old.messages(FAIL)), range(15, 50), "of 300: a tenth of them")

    def test_no_fail_is_sent_for_a_change_that_is_no_departure(self) -> None:
        peers = [*self.others("a", "b"), self.old("old")]
        self.parts.membership.apply(DEAD.suspected("me"))
        self.parts.membership.apply(DEAD.alive(1))
        self.parts.knows(DEAD.alive(1).failed("x"))
        for peer in peers:
            peer.heard.clear()
        self.parts.membership.apply(DEAD.alive(2))
        self.scene.run(0.1)
        self.assertEqual([peer.heard for peer in peers], [[]] * 3)
