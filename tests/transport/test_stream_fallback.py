"""The choice between datagrams and a stream for the messages to a member."""

from __future__ import annotations

from swimtx.transport.route import Route
from swimtx.transport.stream_fallback import StreamFallback
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase

GOSSIP = MessageType.GOSSIP


class StreamFallbackTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.fell_back = Calls()
        self.fallback = StreamFallback(self.parts.messenger, self.parts.config, self.fell_back)
        (self.peer,) = self.others("a")
        self.peer.accept_streams()
        self.there = self.peer.claim.address

    def by_stream(self) -> bool:
        """Whether a message to the peer arrives by stream."""
        self.peer.heard.clear()
        self.parts.messenger.send(self.there, GOSSIP)
        self.scene.run(0.1)
        (heard,) = self.peer.heard
        return bool(heard.peer != self.parts.me.address)

    def test_messages_go_by_datagram_at_first(self) -> None:
        self.assertFalse(self.by_stream())

    def test_after_an_ack_by_stream_messages_go_by_one_kept_stream(self) -> None:
        self.fallback.reached(self.there, Route.STREAM)
        self.assertTrue(self.by_stream())
        self.assertTrue(self.by_stream())
        self.assertEqual(len(self.parts.streams._open), 1, "one stream is kept for all")

    def test_after_an_ack_by_datagram_messages_go_by_datagram_again(self) -> None:
        self.fallback.reached(self.there, Route.STREAM)
        self.assertTrue(self.by_stream())
        self.fallback.reached(self.there, Route.DATAGRAM)
        self.assertFalse(self.by_stream())
        self.assertEqual(self.parts.streams._open, {}, "the stream is not needed any more")

    def test_a_broken_stream_is_opened_again_by_the_next_message(self) -> None:
        self.fallback.reached(self.there, Route.STREAM)
        self.assertTrue(self.by_stream())
        (stream,) = self.parts.streams._open
        stream.close()
        self.scene.run(0.1)
        self.assertEqual(self.parts.streams._open, {})
        self.assertTrue(self.by_stream())

    def test_a_message_that_cannot_be_sent_is_lost_and_the_next_opens_a_new_stream(self) -> None:
        self.peer.die()
        self.fallback.reached(self.there, Route.STREAM)
        for _ in range(2):
            self.parts.messenger.send(self.there, GOSSIP)
            self.scene.run(2)
        self.assertEqual(self.fallback._kept, {})

    def test_no_more_than_64_streams_are_kept(self) -> None:
        for other in self.others(*(f"o{number}" for number in range(70))):
            other.accept_streams()
            self.fallback.reached(other.claim.address, Route.STREAM)
            self.parts.messenger.send(other.claim.address, GOSSIP)
            self.scene.run(0.1)
        self.assertEqual(len(self.parts.streams._open), 64)

    def test_an_ack_through_a_relay_does_not_change_the_route(self) -> None:
        self.fallback.reached(self.there, Route.RELAY)
        self.assertFalse(self.by_stream())
        self.fallback.reached(self.there, Route.STREAM)
        self.fallback.reached(self.there, Route.RELAY)
        self.assertTrue(self.by_stream())

    def test_each_change_to_the_stream_route_calls_fell_back_once(self) -> None:
        for _ in range(3):
            self.fallback.reached(self.there, Route.STREAM)
        self.assertEqual(self.fell_back.all, [(self.there,)])
        self.fallback.reached(self.there, Route.DATAGRAM)
        self.fallback.reached(self.there, Route.STREAM)
        self.assertEqual(len(self.fell_back), 2)

    def test_the_route_to_other_members_does_not_change(self) -> None:
        (other,) = self.others("b")
        self.fallback.reached(self.there, Route.STREAM)
        self.parts.messenger.send(other.claim.address, GOSSIP)
        self.scene.run(0.1)
        self.assertEqual(other.heard[0].peer, self.parts.me.address)
