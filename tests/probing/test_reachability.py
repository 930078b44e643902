"""The check whether the local member is reachable at all."""

from __future__ import annotations

from swimtx.probing.reachability import COUNT, ReachabilityCheck
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase

PING = MessageType.PING


class ReachabilityTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.check = parts.use(
            ReachabilityCheck(parts.chance, parts.membership, parts.messenger, parts.config)
        )
        self.told = Calls()

    def test_the_first_ack_ends_the_check_with_true(self) -> None:
        self.others("a", "b")
        self.others("c", answering=True)
        self.check.ask(self.told)
        self.scene.run(0.01)
        self.assertEqual(self.told.all, [(True,)])
        self.scene.run(2)
        self.assertEqual(len(self.told), 1)

    def test_half_a_period_without_an_ack_ends_the_check_with_false(self) -> None:
        self.others("a", "b", "c")
        self.check.ask(self.told)
        self.scene.run(0.49)
        self.assertEqual(self.told.all, [])
        self.scene.run(0.02)
        self.assertEqual(self.told.all, [(False,)])

    def test_the_check_ends_with_false_at_once_when_no_other_member_is_known(self) -> None:
        self.check.ask(self.told)
        self.assertEqual(self.told.all, [(False,)])

    def test_callers_at_the_same_time_share_one_check_of_a_few_members(self) -> None:
        peers = self.others(*"abcdefgh")
        for _ in range(3):
            self.check.ask(self.told)
        self.scene.run(1)
        self.assertEqual(self.told.all, [(False,)] * 3)
        self.assertEqual(sum(len(peer.messages(PING)) for peer in peers), COUNT)

    def test_the_sender_of_the_last_received_message_is_among_the_pinged_members(self) -> None:
        peers = self.others(*(f"m{number}" for number in range(30)))
        for last in peers[::3]:
            last.say(self.parts.me.address, MessageType.GOSSIP)
            self.check.ask(self.told)
            self.scene.run(1)
            self.assertEqual(len(last.messages(PING)), 1, last.claim.name)
            for peer in peers:
                peer.heard.clear()

    def test_suspects_are_pinged_only_when_too_few_members_are_alive(self) -> None:
        suspects = self.others(*"abcdef")
        for peer in suspects:
            self.parts.knows(peer.claim.suspected("x"))
        alive = self.others("g", "h")
        self.check.ask(self.told)
        self.scene.run(0.01)
        self.assertEqual([len(peer.messages(PING)) for peer in alive], [1, 1])
        self.assertEqual(sum(len(peer.messages(PING)) for peer in suspects), 1)

    def test_after_a_callback_stops_the_check_no_other_callback_is_called(self) -> None:
        self.others("a", answering=True)
        self.check.ask(lambda answered: self.check.stop())
        self.check.ask(self.told)
        self.scene.run(2)
        self.assertEqual(self.told.all, [])

    def test_a_stopped_check_calls_no_callback(self) -> None:
        self.others("a", answering=True)
        self.check.ask(self.told)
        self.check.stop()
        self.scene.run(2)
        self.assertEqual(self.told.all, [])
