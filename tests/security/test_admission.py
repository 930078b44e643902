"""Admission: datagrams and streams of an address that is refused are not read."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx import Node
from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.errors import JoinFailed
from swimtx.interfaces import IAdmission, IEnvelope, IStream
from swimtx.journal import NullJournal
from swimtx.security.admission import AdmitAll
from swimtx.transport import tcp
from swimtx.transport.tcp import TcpStreams
from swimtx.wire.messages import MessageType
from swimtx.wiring import Wiring
from tests.parts import LATENCY, Calls, Peer, Scene
from tests.security.doubles import AdmitAllBut, CountingEnvelope

REFUSED = "10.9.9.9"


class AdmissionTestsMixin:
    """Tests for every C{IAdmission}, to be mixed in with a C{TestCase}."""

    def make(self) -> Any:
        """An admission that admits 10.0.0.1."""
        raise NotImplementedError

    def test_the_admission_provides_its_interface(self: Any) -> None:
        verifyObject(IAdmission, self.make())

    def test_the_answer_is_true_or_false_for_addresses_of_both_families(self: Any) -> None:
        for host in ("10.0.0.1", "2001:db8::1", REFUSED, "127.0.0.1", "::1"):
            for port in (1, 65535):
                self.assertIn(self.make().admits(Address(host, port)), (True, False))

    def test_the_answer_is_the_same_when_an_address_is_asked_about_again(self: Any) -> None:
        admission = self.make()
        self.assertTrue(all(admission.admits(Address("10.0.0.1", 7946)) for _ in range(3)))


class AdmitAllTests(AdmissionTestsMixin, SynchronousTestCase):
    def make(self) -> AdmitAll:
        return AdmitAll(NullJournal())

    def test_every_address_is_admitted(self) -> None:
        for host in ("10.0.0.1", "2001:db8::1", REFUSED):
            self.assertIs(self.make().admits(Address(host, 7946)), True)


class AdmitAllButTests(AdmissionTestsMixin, SynchronousTestCase):
    """The double of other tests."""

    def make(self) -> AdmitAllBut:
        return AdmitAllBut([REFUSED])


class RefusingTestCase(SynchronousTestCase):
    """A whole member that refuses the host 10.9.9.9.

    @ivar made: number of admissions that its wiring has made.
    """

    def setUp(self) -> None:
        self.scene = Scene()
        self.admission = AdmitAllBut([REFUSED])
        self.envelope = CountingEnvelope()
        self.made = 0
        self.node = self.scene.node("guarded", self.wiring(), tripwires=False)
        self.node.start()
        self.addCleanup(self.scene.run, 1)
        self.addCleanup(self.node.stop)

    def wiring(self) -> type[Wiring]:
        case = self

        class Guarded(Wiring):
            def make_admission(self) -> IAdmission:
                case.made += 1
                return case.admission

            def make_envelope(self) -> IEnvelope:
                return case.envelope

        return Guarded

    def peer(self, name: str, host: str = "") -> Peer:
        """A peer; nobody has asked about its address yet."""
        peer = self.scene.peer(name, host)
        self.admission.asked.clear()
        return peer


class DatagramTests(RefusingTestCase):
    def test_a_datagram_of_a_refused_address_is_dropped_before_the_envelope_opens_it(self) -> None:
        peer = self.peer("stranger", REFUSED)
        peer.say(self.node.address, MessageType.PING, target="guarded")
        peer.send(self.node.address, b"no message of ours")
        self.scene.run(1)
        self.assertEqual(self.envelope.opened, 0)
        counters = self.node.counters
        self.assertEqual((counters.not_admitted, counters.datagrams_received), (2, 2))
        self.assertEqual((counters.malformed, counters.pings_answered), ({}, 0))
        self.assertEqual(peer.heard, [])

    def test_the_updates_of_a_refused_datagram_are_not_applied(self) -> None:
        peer = self.peer("stranger", REFUSED)
        known = self.scene.peer("known").claim
        peer.say(self.node.address, MessageType.GOSSIP, updates=(peer.claim, known))
        self.assertEqual(len(self.node.membership), 1)
        self.assertIsNone(self.node.protocol.last_received_from)

    def test_an_admitted_address_is_answered_while_another_is_refused(self) -> None:
        stranger, peer = self.peer("stranger", REFUSED), self.peer("peer")
        for each in (stranger, peer):
            each.say(self.node.address, MessageType.PING, target="guarded", sequence=7)
        self.scene.run(0.01)
        (ack,) = peer.messages(MessageType.ACK)
        self.assertEqual((ack.name, ack.sequence), ("guarded", 7))
        self.assertEqual((self.node.counters.not_admitted, self.envelope.opened), (1, 1))
        self.assertEqual(stranger.heard, [])

    def test_an_address_that_is_refused_later_is_refused_from_then_on(self) -> None:
        peer = self.peer("peer")
        peer.say(self.node.address, MessageType.PING, target="guarded")
        self.admission.refused.add(peer.claim.address.host)
        peer.say(self.node.address, MessageType.PING, target="guarded")
        self.assertEqual((self.node.counters.not_admitted, self.envelope.opened), (1, 1))

    def test_the_source_of_a_datagram_at_an_ipv6_socket_is_asked_about_in_normal_form(self) -> None:
        for given, asked in (
            (("::ffff:10.9.9.9", 5), (REFUSED, 5)),
            (("2001:DB8:0::1", 5), ("2001:db8::1", 5)),
        ):
            self.admission.asked.clear()
            self.node.protocol.datagramReceived(b"", given)
            self.assertEqual(self.admission.asked, [asked])
        self.assertEqual(self.node.counters.not_admitted, 1, "a mapped address is the same host")

    def test_a_datagram_of_a_link_local_address_is_malformed_and_not_asked_about(self) -> None:
        self.admission.asked.clear()
        self.node.protocol.datagramReceived(b"", ("fe80::1", 5))
        self.assertEqual(self.admission.asked, [])
        self.assertEqual(self.node.counters.malformed, {"address": 1})
        self.assertEqual(self.envelope.opened, 0)


class StreamTests(RefusingTestCase):
    def connect(self, peer: Peer) -> tuple[Any, Calls]:
        """A stream of that peer to the node, and the calls that its end makes."""
        streams = TcpStreams(peer.reactor, AdmitAll(NullJournal()), Counters())
        self.addCleanup(streams.stop)
        closed = Calls()

        def opened(stream: IStream) -> IStream:
            stream.on_close(closed)
            return stream

        opening = streams.connect(self.node.address, 1.0, peer._take).addCallback(opened)
        self.scene.run(3 * LATENCY)
        return self.successResultOf(opening), closed

    def test_a_stream_of_a_refused_address_is_closed_at_once_and_not_read(self) -> None:
        peer = self.peer("stranger", REFUSED)
        stream, closed = self.connect(peer)
        stream.send(peer.bytes_of(MessageType.PING, target="guarded"))
        self.scene.run(10 * LATENCY)
        self.assertEqual(len(closed), 1)
        self.assertEqual(self.envelope.opened, 0)
        counters = self.node.counters
        self.assertEqual((counters.not_admitted, counters.frames_received), (1, 0))
        self.assertEqual(self.node._parts.streams.accepted, 0)
        self.assertEqual(peer.heard, [])

    def test_a_frame_that_is_sent_as_the_stream_opens_is_not_read_either(self) -> None:
        peer = self.peer("stranger", REFUSED)
        streams = TcpStreams(peer.reactor, AdmitAll(NullJournal()), Counters())
        self.addCleanup(streams.stop)
        data = peer.bytes_of(MessageType.PING, target="guarded")
        opening = streams.connect(self.node.address, 1.0, peer._take)
        opening.addCallback(lambda stream: stream.send(data))
        self.scene.run(1)
        self.successResultOf(opening)
        self.assertEqual((self.node.counters.frames_received, self.envelope.opened), (0, 0))

    def test_a_stream_of_an_admitted_address_is_read_while_another_is_refused(self) -> None:
        _, closed = self.connect(self.peer("stranger", REFUSED))
        peer = self.peer("peer")
        stream, still_open = self.connect(peer)
        stream.send(peer.bytes_of(MessageType.PING, target="guarded", sequence=7))
        self.scene.run(10 * LATENCY)
        self.assertEqual((len(closed), len(still_open)), (1, 0))
        self.assertEqual([ack.sequence for ack in peer.messages(MessageType.ACK)], [7])
        self.assertEqual(self.node.counters.not_admitted, 1)

    def test_a_refused_stream_is_no_sign_that_the_stream_port_can_be_reached(self) -> None:
        self.connect(self.peer("stranger", REFUSED))
        self.assertFalse(self.node._parts.membership.local.streams)
        peer = self.peer("peer")
        stream, _ = self.connect(peer)
        stream.send(peer.bytes_of(MessageType.GOSSIP))
        self.scene.run(LATENCY)
        self.assertTrue(self.node._parts.membership.local.streams)

    def test_refused_streams_take_no_place_of_accepted_streams(self) -> None:
        self.patch(tcp, "MAX_ACCEPTED", 1)
        stranger = self.peer("stranger", REFUSED)
        for _ in range(3):
            self.connect(stranger)
        _, closed = self.connect(self.peer("peer"))
        self.scene.run(1)
        self.assertEqual(len(closed), 0)


class OneAdmissionTests(RefusingTestCase):
    def test_a_wiring_makes_one_admission_for_datagrams_and_streams(self) -> None:
        self.assertEqual(self.made, 1)
        parts: Any = self.node._parts
        self.assertIs(parts.protocol._admission, self.admission)
        self.assertIs(parts.streams._admission, self.admission)

    def test_the_admission_is_asked_once_for_each_datagram_and_each_stream(self) -> None:
        peer = self.peer("peer")
        peer.say(self.node.address, MessageType.GOSSIP)
        streams = TcpStreams(peer.reactor, AdmitAll(NullJournal()), Counters())
        self.addCleanup(streams.stop)
        opening = streams.connect(self.node.address, 1.0, peer._take)
        self.scene.run(1)
        stream = self.successResultOf(opening)
        for _ in range(2):
            stream.send(peer.bytes_of(MessageType.GOSSIP))
            self.scene.run(1)
        asked = self.admission.asked
        self.assertEqual([address.host for address in asked], [peer.claim.address.host] * 2)
        self.assertEqual(asked[0], peer.claim.address)
        self.assertEqual(self.node.counters.frames_received, 2)


class RefusedMemberTests(RefusingTestCase):
    """A whole member that the guarded one refuses."""

    def member(self, name: str, host: str = "", **settings: Any) -> Node:
        if host:
            self.patch(self.scene, "next_host", lambda: host)
        node = self.scene.node(name, tripwires=False, **settings)
        node.start()
        self.addCleanup(node.stop)
        return node

    def test_a_refused_member_cannot_join_and_learns_nothing(self) -> None:
        stranger = self.member("stranger", REFUSED, join_timeout=5.0)
        joining = stranger.join([self.node.address])
        self.scene.run(6)
        self.failureResultOf(joining, JoinFailed)
        self.assertEqual((len(stranger.membership), len(self.node.membership)), (1, 1))
        self.assertEqual(stranger.counters.datagrams_received, 0)
        self.assertEqual(stranger.counters.frames_received, 0)
        counters = self.node.counters
        self.assertGreater(counters.not_admitted, 0)
        self.assertGreaterEqual(counters.not_admitted, counters.datagrams_received)
        self.assertEqual((counters.datagrams_sent, counters.frames_sent), (0, 0))
        self.assertEqual(self.node.info().counters["not_admitted"], counters.not_admitted)

    def test_a_group_goes_on_while_a_refused_member_tries_to_join(self) -> None:
        peer = self.member("peer")
        joining = peer.join([self.node.address])
        self.scene.run(2)
        self.successResultOf(joining)
        stranger = self.member("stranger", REFUSED, join_timeout=5.0)
        joining = stranger.join([self.node.address])
        self.scene.run(10)
        self.failureResultOf(joining, JoinFailed)
        for node in (self.node, peer):
            self.assertEqual(node.membership.living, 2)
        self.assertEqual(peer.counters.not_admitted, 0)
