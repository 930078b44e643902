"""Whether we are heard at all."""

from __future__ import annotations

from swimtx.probing.reachability import COUNT, ReachabilityCheck
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase

PING = MessageType.PING


class CanaryTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.canaries = parts.use(
            ReachabilityCheck(parts.chance, parts.membership, parts.messenger, parts.config)
        )
        self.told = Calls()

    def test_the_first_answer_is_enough(self) -> None:
        self.others("a", "b")
        self.others("c", answering=True)
        self.canaries.ask(self.told)
        self.scene.run(0.01)
        self.assertEqual(self.told.all, [(True,)])
        self.scene.run(2)
        self.assertEqual(len(self.told), 1)

    def test_half_a_period_without_any_is_an_answer_too(self) -> None:
        self.others("a", "b", "c")
        self.canaries.ask(self.told)
        self.scene.run(0.49)
        self.assertEqual(self.told.all, [])
        self.scene.run(0.02)
        self.assertEqual(self.told.all, [(False,)])

    def test_where_there_is_nobody_to_ask_nobody_hears_us(self) -> None:
        self.canaries.ask(self.told)
        self.assertEqual(self.told.all, [(False,)])

    def test_all_who_want_to_know_at_the_time_are_told_and_a_few_are_asked(self) -> None:
        peers = self.others(*"abcdefgh")
        for _ in range(3):
            self.canaries.ask(self.told)
        self.scene.run(1)
        self.assertEqual(self.told.all, [(False,)] * 3)
        self.assertEqual(sum(len(peer.messages(PING)) for peer in peers), COUNT)

    def test_whoever_was_heard_from_last_is_among_them(self) -> None:
        peers = self.others(*(f"m{number}" for number in range(30)))
        for last in peers[::3]:
            last.say(self.parts.me.address, MessageType.GOSSIP)
            self.canaries.ask(self.told)
            self.scene.run(1)
            self.assertEqual(len(last.messages(PING)), 1, last.claim.name)
            for peer in peers:
                peer.heard.clear()

    def test_suspects_are_asked_only_where_there_are_no_others(self) -> None:
        suspects = self.others(*"abcdef")
        for peer in suspects:
            self.parts.knows(peer.claim.suspected("x"))
        alive = self.others("g", "h")
        self.canaries.ask(self.told)
        self.scene.run(0.01)
        self.assertEqual([len(peer.messages(PING)) for peer in alive], [1, 1])
        self.assertEqual(sum(len(peer.messages(PING)) for peer in suspects), 1)

    def test_whoever_is_told_may_stop_them_and_the_others_hear_no_more(self) -> None:
        self.others("a", answering=True)
        self.canaries.ask(lambda answered: self.canaries.stop())
        self.canaries.ask(self.told)
        self.scene.run(2)
        self.assertEqual(self.told.all, [])

    def test_stopped_they_tell_nobody(self) -> None:
        self.others("a", answering=True)
        self.canaries.ask(self.told)
        self.canaries.stop()
        self.scene.run(2)
        self.assertEqual(self.told.all, [])
