"""Peers at link-local addresses, which are not supported."""

from __future__ import annotations

import random

from twisted.internet.address import IPv6Address
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Config, Node
from swimtx.counters import Counters
from swimtx.journal import NullJournal
from swimtx.security.admission import AdmitAll
from swimtx.testing import MemoryReactorClock
from swimtx.transport.tcp import TcpStream, TcpStreams

LINK_LOCAL = "fe80::1"


class LinkLocalPeerTests(SynchronousTestCase):
    """A socket drops the zone of a link-local address, so no datagram can be sent there."""

    def test_a_datagram_from_a_link_local_address_is_counted_and_dropped(self) -> None:
        node = Node(MemoryReactorClock(), Config(name="n1"), chance=random.Random(1))
        node.protocol.datagramReceived(b"whatever", (LINK_LOCAL, 7946))
        self.assertEqual(node.counters.malformed, {"address": 1})

    def test_a_stream_from_a_link_local_address_is_closed_at_once(self) -> None:
        clock = MemoryReactorClock()
        streams = TcpStreams(clock, AdmitAll(NullJournal()), Counters())
        stream = TcpStream(streams, lambda frame, stream: None, accepted=True)
        peer = IPv6Address("TCP", f"{LINK_LOCAL}%eth0", 50000)
        transport = StringTransport(peerAddress=peer)
        stream.makeConnection(transport)
        self.assertTrue(transport.disconnected)
        stream.connectionLost(Failure(connectionDone.value))
        self.assertEqual((streams.accepted, clock.getDelayedCalls()), (0, []))
