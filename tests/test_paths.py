"""Whom datagrams do not reach gets its news by stream."""

from __future__ import annotations

from swimtx.messages import MessageType
from swimtx.paths import Paths
from swimtx.probe_round import Way
from tests.scene import Calls, RoomTests

GOSSIP = MessageType.GOSSIP


class PathsTests(RoomTests):
    def setUp(self) -> None:
        super().setUp()
        self.paths = Paths(self.desk.protocol, self.desk.streams, self.desk.config)
        self.detour = self.paths.detour = Calls()
        (self.peer,) = self.others("a")
        self.peer.accept_streams()
        self.there = self.peer.claim.address

    def by_stream(self) -> bool:
        """Whether news arrives by stream."""
        self.peer.heard.clear()
        self.desk.protocol.spread(self.there, GOSSIP)
        self.scene.run(0.1)
        (heard,) = self.peer.heard
        return bool(heard.peer != self.desk.me.address)

    def test_news_goes_by_datagram_at_first(self) -> None:
        self.assertFalse(self.by_stream())

    def test_after_an_answer_by_stream_news_goes_by_stream(self) -> None:
        self.paths.reached(self.there, Way.STREAM)
        self.assertTrue(self.by_stream())
        self.assertTrue(self.by_stream())
        self.assertEqual(self.desk.streams._open, {}, "each is closed once it has been told")

    def test_after_an_answer_by_datagram_it_goes_by_datagram_again(self) -> None:
        self.paths.reached(self.there, Way.STREAM)
        self.paths.reached(self.there, Way.DATAGRAM)
        self.assertFalse(self.by_stream())

    def test_an_answer_through_a_relay_says_nothing_about_the_way(self) -> None:
        self.paths.reached(self.there, Way.RELAY)
        self.assertFalse(self.by_stream())
        self.paths.reached(self.there, Way.STREAM)
        self.paths.reached(self.there, Way.RELAY)
        self.assertTrue(self.by_stream())

    def test_that_datagrams_are_lost_there_is_told_once(self) -> None:
        for _ in range(3):
            self.paths.reached(self.there, Way.STREAM)
        self.assertEqual(self.detour.all, [(self.there,)])
        self.paths.reached(self.there, Way.DATAGRAM)
        self.paths.reached(self.there, Way.STREAM)
        self.assertEqual(len(self.detour), 2)

    def test_others_are_not_concerned(self) -> None:
        (other,) = self.others("b")
        self.paths.reached(self.there, Way.STREAM)
        self.desk.protocol.spread(other.claim.address, GOSSIP)
        self.scene.run(0.1)
        self.assertEqual(other.heard[0].peer, self.desk.me.address)
