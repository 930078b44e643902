"""The buddy system: a PING to a suspect carries the SUSPECT first (Lifeguard §IV-C)."""

from __future__ import annotations

from swimtx.membership.claim import State
from swimtx.probing.buddy_system import BuddySystem, tell_suspect
from swimtx.wire.messages import MessageType
from tests.parts import LATENCY, ComponentTestCase


class BuddySystemTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buddies = BuddySystem(self.parts.membership)
        (self.peer,) = self.others("a")

    def test_only_a_suspect_is_accused(self) -> None:
        claim = self.peer.claim
        for held in (claim, claim.failed("b"), claim.departed()):
            self.parts.knows(held)
            self.assertIsNone(self.buddies.accusation("a"))
        self.assertIsNone(self.buddies.accusation("unknown"))
        self.assertIsNone(self.buddies.accusation("me"))

    def test_the_accusation_is_the_record_that_is_held_of_the_suspect(self) -> None:
        suspected = self.peer.claim.suspected("b")
        self.parts.knows(suspected)
        self.assertEqual(self.buddies.accusation("a"), suspected)
        self.parts.knows(self.peer.claim.alive(1))
        self.assertIsNone(self.buddies.accusation("a"), "it has refuted")

    def test_a_suspect_is_told_by_a_ping_whose_first_update_is_the_accusation(self) -> None:
        suspected = self.peer.claim.suspected("b")
        self.parts.knows(suspected)
        self.parts.membership.apply(self.scene.peer("other").claim)
        tell_suspect(self.parts.messenger, suspected)
        self.scene.run(LATENCY)
        (ping,) = self.peer.messages()
        self.assertEqual((ping.type, ping.target), (MessageType.PING, "a"))
        self.assertEqual(ping.updates[0], suspected)
        self.assertIn("other", [claim.name for claim in ping.updates[1:]])

    def test_a_member_that_is_suspected_no_more_is_not_told(self) -> None:
        tell_suspect(self.parts.messenger, self.peer.claim.suspected("b"))
        self.scene.run(LATENCY)
        self.assertEqual(self.peer.heard, [])
        self.assertIs(self.parts.membership.members()[0].state, State.ALIVE)
