"""Sending by the route that reaches a member."""

from __future__ import annotations

from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase
from tests.transport.test_protocol import RecordingStream

PING, GOSSIP = MessageType.PING, MessageType.GOSSIP


class MessengerTests(ComponentTestCase):
    def test_a_message_goes_by_stream_where_datagrams_do_not_arrive(self) -> None:
        (peer,) = self.others("a")
        there = peer.claim.address
        stream = RecordingStream()
        self.parts.routes.use_stream(there, stream)
        self.parts.messenger.send(there, GOSSIP)
        self.parts.protocol.send(there, PING)
        self.scene.run(0.1)
        self.assertEqual([self.scene.codec.decode(data).type for data in stream.sent], [GOSSIP])
        self.assertEqual([message.type for message in peer.messages()], [PING])
        self.parts.routes.use_datagrams(there)
        self.parts.messenger.send(there, GOSSIP)
        self.scene.run(0.1)
        self.assertIs(peer.messages()[-1].type, GOSSIP)

    def test_messages_that_arrive_on_an_opened_stream_are_handled(self) -> None:
        (peer,) = self.others("a")
        peer.accept_streams()
        connecting = self.parts.messenger.connect(peer.claim.address, 1.0)
        self.scene.run(0.1)
        stream = self.successResultOf(connecting)
        self.parts.protocol.send(stream, PING)
        self.scene.run(0.1)
        heard = peer.heard[-1]
        peer.say(heard.peer, GOSSIP)
        self.assertEqual(self.parts.counters.frames_received, 1)
