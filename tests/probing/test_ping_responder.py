"""The ACK to each PING, and the records that it carries (SWIM §3.1)."""

from __future__ import annotations

from typing import Any

from swimtx.membership.claim import Claim, State
from swimtx.probing.ping_responder import PingResponder
from swimtx.wire.messages import Message, MessageType
from tests.parts import Calls, ComponentTestCase

PING, ACK = MessageType.PING, MessageType.ACK


class PingResponderTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        PingResponder(parts.membership, parts.protocol, parts.counters, Calls())
        self.peer = self.scene.peer("a")

    def ask(self, **more: object) -> list[Message]:
        """Send a PING with our present epoch and incarnation; return the answers."""
        me = self.parts.me
        known = {
            "target": "me",
            "target_epoch": me.epoch,
            "target_incarnation": me.incarnation,
            "sequence": 7,
        }
        self.peer.heard.clear()
        self.peer.say(me.address, PING, **{**known, **more})
        self.scene.run(0.01)
        return self.peer.messages()

    def test_a_ping_is_answered_by_an_ack_with_its_sequence_number(self) -> None:
        self.parts.knows(self.peer.claim)
        (ack,) = self.ask()
        self.assertEqual((ack.type, ack.name, ack.sequence, ack.updates), (ACK, "me", 7, ()))
        self.assertEqual(self.parts.counters.pings_answered, 1)

    def test_a_ping_for_another_member_is_not_answered(self) -> None:
        self.assertEqual(self.ask(target="other"), [])
        self.assertEqual(self.parts.counters.wrong_target, 1)

    def test_a_prober_that_knows_an_older_record_of_us_gets_the_present_one(self) -> None:
        self.parts.membership.update_me({"role": "web"})
        self.parts.news.clear()
        for known in ({"target_incarnation": 0}, {"target_epoch": 0}):
            (ack,) = self.ask(**known)
            self.assertEqual(ack.updates, (self.parts.me,))
        self.assertEqual(self.ask()[0].updates, ())

    def test_the_ack_carries_updates_that_came_with_the_ping(self) -> None:
        (ack,) = self.ask(updates=(self.peer.claim,))
        self.assertEqual(ack.updates, (self.peer.claim,))

    def test_an_unknown_prober_gets_an_ack_without_updates(self) -> None:
        self.parts.membership.apply(Claim("other", self.peer.claim.address._replace(port=9), 5))
        (ack,) = self.ask()
        self.assertEqual(ack.updates, (), "the source address may be forged")

    def test_a_ping_from_another_address_than_the_members_gets_no_updates(self) -> None:
        self.parts.membership.apply(Claim("other", self.peer.claim.address._replace(port=9), 5))
        member = Claim("b", self.peer.claim.address._replace(port=8), 5)
        self.parts.knows(member)
        (ack,) = self.ask(sender=member)
        self.assertEqual(ack.updates, (), "the source address may be forged")
        self.parts.knows(self.peer.claim)
        (ack,) = self.ask()
        self.assertNotEqual(ack.updates, ())

    def test_a_prober_that_is_listed_as_failed_or_left_gets_that_record(self) -> None:
        for gone in (self.peer.claim.failed("x"), self.peer.claim.departed()):
            self.parts.knows(gone)
            (ack,) = self.ask()
            self.assertEqual(ack.updates, (gone,))
            self.scene.run(100)
            (ack,) = self.ask()
            self.assertIn(ack.updates[0].age, (100, 101), "the age of the record in seconds")
            self.assertIs(ack.updates[0].state, gone.state)
            self.scene.run(1)

    def test_a_later_run_of_a_failed_prober_does_not_get_the_failed_record(self) -> None:
        self.parts.knows(self.peer.claim.failed("x"))
        self.peer.claim = Claim("a", self.peer.claim.address, self.peer.claim.epoch + 1)
        self.assertEqual(self.ask()[0].updates, ())

    def test_a_suspected_prober_does_not_get_its_suspect_record_with_the_ack(self) -> None:
        self.parts.knows(self.peer.claim.suspected("x"))
        self.assertEqual(self.ask()[0].updates, ())

    def test_the_records_of_both_members_go_in_two_acks_if_one_cannot_hold_them(self) -> None:
        tags = tuple((f"k{number:02}", "x" * 28) for number in range(16))
        self.parts.membership.update_me(dict(tags))
        self.parts.news.clear()
        gone = Claim("a", self.peer.claim.address, self.peer.claim.epoch, 0, State.FAILED, tags)
        self.parts.knows(gone)
        (ack,) = self.ask(target_incarnation=0)
        self.assertEqual(ack.updates, (self.parts.me,), "our own record goes first")
        self.assertLessEqual(len(self.peer.heard[-1].data), 1400)
        (ack,) = self.ask()
        self.assertEqual(ack.updates, (gone,), "the other record goes with the next ACK")

    def test_a_ping_by_stream_is_answered_by_stream(self) -> None:
        opening = self.peer_stream()
        opening.send(
            self.peer.bytes_of(PING, target="me", target_epoch=self.parts.me.epoch, sequence=9)
        )
        self.scene.run(0.1)
        (ack,) = self.peer.messages(ACK)
        self.assertEqual((ack.sequence, self.peer.heard[0].peer), (9, opening))

    def peer_stream(self) -> Any:
        self.peer.accept_streams()
        assert self.peer.streams is not None
        opening = self.peer.streams.connect(self.parts.me.address, 1.0, self.peer._take)
        self.scene.run(0.1)
        return self.successResultOf(opening)
