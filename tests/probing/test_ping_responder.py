"""An ACK to each PING, with what the asker should know (SWIM §3.1)."""

from __future__ import annotations

from typing import Any

from swimtx.membership.claim import Claim, State
from swimtx.probing.ping_responder import PingResponder
from swimtx.wire.messages import Message, MessageType
from tests.parts import Calls, ComponentTestCase

PING, ACK = MessageType.PING, MessageType.ACK


class AnsweringTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        PingResponder(parts.membership, parts.protocol, parts.counters, Calls())
        self.peer = self.scene.peer("a")

    def ask(self, **more: object) -> list[Message]:
        """Send a PING as one does who knows us well; what comes back."""
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

    def test_a_ping_is_answered_by_an_ack_of_its_number(self) -> None:
        self.parts.knows(self.peer.claim)
        (ack,) = self.ask()
        self.assertEqual((ack.type, ack.name, ack.sequence, ack.updates), (ACK, "me", 7, ()))
        self.assertEqual(self.parts.counters.pings_answered, 1)

    def test_a_ping_for_somebody_else_is_not_answered(self) -> None:
        self.assertEqual(self.ask(target="other"), [])
        self.assertEqual(self.parts.counters.wrong_target, 1)

    def test_who_knows_an_older_record_of_us_gets_ours(self) -> None:
        self.parts.membership.update_me({"role": "web"})
        self.parts.news.clear()
        for known in ({"target_incarnation": 0}, {"target_epoch": 0}):
            (ack,) = self.ask(**known)
            self.assertEqual(ack.updates, (self.parts.me,))
        self.assertEqual(self.ask()[0].updates, ())

    def test_the_answer_carries_what_the_ping_taught(self) -> None:
        (ack,) = self.ask(updates=(self.peer.claim,))
        self.assertEqual(ack.updates, (self.peer.claim,))

    def test_a_stranger_gets_an_ack_and_no_news_with_it(self) -> None:
        self.parts.membership.apply(Claim("other", self.peer.claim.address._replace(port=9), 5))
        (ack,) = self.ask()
        self.assertEqual(ack.updates, (), "its address may be forged")

    def test_who_asks_from_elsewhere_in_the_name_of_a_member_gets_no_news(self) -> None:
        self.parts.membership.apply(Claim("other", self.peer.claim.address._replace(port=9), 5))
        member = Claim("b", self.peer.claim.address._replace(port=8), 5)
        self.parts.knows(member)
        (ack,) = self.ask(sender=member)
        self.assertEqual(ack.updates, (), "the address that it comes from may be forged")
        self.parts.knows(self.peer.claim)
        (ack,) = self.ask()
        self.assertNotEqual(ack.updates, ())

    def test_an_asker_that_we_hold_failed_or_left_hears_of_it(self) -> None:
        for gone in (self.peer.claim.failed("x"), self.peer.claim.departed()):
            self.parts.knows(gone)
            (ack,) = self.ask()
            self.assertEqual(ack.updates, (gone,))
            self.scene.run(100)
            (ack,) = self.ask()
            self.assertIn(ack.updates[0].age, (100, 101), "and how long ago that was")
            self.assertIs(ack.updates[0].state, gone.state)
            self.scene.run(1)

    def test_a_later_run_of_an_asker_that_is_gone_is_not_accused_of_that(self) -> None:
        self.parts.knows(self.peer.claim.failed("x"))
        self.peer.claim = Claim("a", self.peer.claim.address, self.peer.claim.epoch + 1)
        self.assertEqual(self.ask()[0].updates, ())

    def test_an_asker_that_is_suspected_refutes_when_it_is_asked_itself(self) -> None:
        self.parts.knows(self.peer.claim.suspected("x"))
        self.assertEqual(self.ask()[0].updates, ())

    def test_two_large_records_are_not_sent_in_one_datagram(self) -> None:
        tags = tuple((f"k{number:02}", "x" * 28) for number in range(16))
        self.parts.membership.update_me(dict(tags))
        self.parts.news.clear()
        gone = Claim("a", self.peer.claim.address, self.peer.claim.epoch, 0, State.FAILED, tags)
        self.parts.knows(gone)
        (ack,) = self.ask(target_incarnation=0)
        self.assertEqual(ack.updates, (self.parts.me,), "what was asked for goes first")
        self.assertLessEqual(len(self.peer.heard[-1].data), 1400)
        (ack,) = self.ask()
        self.assertEqual(ack.updates, (gone,), "and the other with the next")

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
