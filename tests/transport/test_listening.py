"""A member's two sockets, UDP and TCP, on the real network."""

from __future__ import annotations

import socket

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from swimtx import Config, Node
from swimtx.wire.messages import Message, MessageType


class ListeningPortsTests(TestCase):
    async def _start(self) -> Node:
        node = Node(reactor, Config(name="n1", port=0))
        await node.start()
        self.addCleanup(node.stop)
        return node

    async def test_a_port_that_an_error_closed_is_opened_again(self) -> None:
        node = await self._start()
        port = node._parts.ports._udp._port
        port.stopReading()
        port.connectionLost(Failure(OSError("as Twisted does when a read fails")))
        self.assertIsNone(node.protocol.transport)
        await deferLater(reactor, 0.05)
        self.assertIsNotNone(node.protocol.transport)
        heard: Deferred[Message] = Deferred()
        node.on_message(MessageType.ACK, lambda message, address: heard.callback(message))
        node.protocol.send(node.address, MessageType.ACK)
        self.assertEqual((await heard).name, "n1")

    async def test_a_port_that_another_socket_has_taken_is_tried_again(self) -> None:
        node = await self._start()
        port, address = node._parts.ports._udp._port, node.address
        port.stopReading()
        port.connectionLost(Failure(OSError("as Twisted does when a read fails")))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(address)
            await deferLater(reactor, 0.05)
            self.assertIsNone(node.protocol.transport)
        await deferLater(reactor, 1.1)
        self.assertIsNotNone(node.protocol.transport)

    async def test_stopping_while_the_port_is_closed_leaves_no_socket_or_timer(self) -> None:
        node = await self._start()
        port = node._parts.ports._udp._port
        port.stopReading()
        port.connectionLost(Failure(OSError("as Twisted does when a read fails")))
        await node.stop()
        # trial reports every timer and socket that is left.
        await deferLater(reactor, 0.05)
        self.assertIsNone(node.protocol.transport)
