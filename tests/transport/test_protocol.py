"""The datagram protocol: updates, dispatch to handlers, and piggybacking (SWIM §4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import InvalidAddressError, MessageLengthError
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.interfaces import IAdmission, IStream, IUpdateSource
from swimtx.membership.claim import Claim
from swimtx.security.envelope import PlainEnvelope
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire import swim_pb2
from swimtx.wire.codec import encode_update, fields, framed, sequence_field
from swimtx.wire.messages import Message, MessageType
from tests.parts import EPOCH, Calls, ComponentTestCase, Peer, Scene
from tests.strategies import claims

PING, ACK, GOSSIP, TABLE = (
    MessageType.PING,
    MessageType.ACK,
    MessageType.GOSSIP,
    MessageType.TABLE,
)
NEWCOMER = Claim("new", Address("10.1.0.1", 7946), EPOCH, by="new")


class FailingTransport:
    """A transport that cannot send."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def write(self, data: bytes, address: Any) -> None:
        raise self.error


@implementer(IStream)
class RecordingStream:
    """A stream that records the messages sent on it."""

    address = Address("10.1.0.9", 7946)
    accepted = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def on_close(self, callback: Callable[[], object] | None) -> None:
        """Ignore the callback: the stream never closes."""

    def close(self) -> None:
        """Leave the stream open."""

    def give_up_after(self, seconds: float) -> None:
        """Set no timeout."""


@implementer(IAdmission)
class AdmitOnly:
    """Admits one host."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.asked: list[Address] = []

    def admits(self, address: Address) -> bool:
        self.asked.append(address)
        return address.host == self.host


@implementer(IUpdateSource)
class SameUpdate:
    """A source that always returns the same bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pending = True
        self.rooms: list[int] = []

    def fill(self, room: int) -> bytes:
        self.rooms.append(room)
        return self.data if len(self.data) <= room else b""


class ProtocolTestCase(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.accepted = Calls()

    def protocol_with(
        self,
        admission: Any = None,
        sources: Sequence[Any] = (),
        legacy: Callable[[Message, Any], Message | None] = lambda message, peer: None,
    ) -> SwimProtocol:
        """A protocol with other components, on the port of the local member."""
        parts = self.parts
        made = SwimProtocol(
            parts.membership,
            self.scene.codec,
            PlainEnvelope(),
            admission or parts.admission,
            sources,
            legacy,
            self.accepted,
            parts.config,
            parts.counters,
            parts.reactor,
        )
        made.transport = parts.protocol.transport
        return made


class ReceivingTests(ProtocolTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.peer = self.scene.peer("a")
        self.protocol = self.parts.protocol
        self.here = self.parts.me.address
        self.handled = Calls()
        self.protocol.handle(GOSSIP, self.handled)

    def test_a_message_goes_to_the_handler_of_its_type_and_no_other(self) -> None:
        self.peer.say(self.here, GOSSIP)
        self.peer.say(self.here, PING)
        ((message, peer),) = self.handled.all
        self.assertEqual((message.type, message.name, peer), (GOSSIP, "a", self.peer.claim.address))
        self.assertEqual(self.parts.counters.datagrams_received, 2)

    def test_the_updates_of_a_message_are_applied_before_its_handler_is_called(self) -> None:
        known: list[str] = []
        self.protocol.handle(GOSSIP, lambda message, peer: known.append(self.parts.state("new")))
        self.peer.say(self.here, GOSSIP, updates=(NEWCOMER,))
        self.assertEqual(known, ["alive"])

    def test_the_claims_of_a_table_are_left_to_its_handler(self) -> None:
        self.peer.say(self.here, TABLE, updates=(NEWCOMER,), pages=1)
        self.assertEqual(self.parts.state("new"), "unknown")

    def test_callbacks_are_called_after_the_updates_and_the_handler(self) -> None:
        heard: list[tuple[Any, ...]] = []
        self.protocol.handle(GOSSIP, lambda message, peer: heard.append(("handler",)))
        self.protocol.on_message(
            GOSSIP,
            lambda message, address: heard.append((message.name, address, self.parts.state("new"))),
        )
        self.peer.say(self.here, GOSSIP, updates=(NEWCOMER,))
        self.assertEqual(heard, [("handler",), ("a", self.peer.claim.address, "alive")])

    def test_a_callback_gets_the_address_at_the_other_end_of_a_stream(self) -> None:
        heard = Calls()
        self.protocol.on_message(GOSSIP, heard)
        self.protocol.frame_received(self.peer.bytes_of(GOSSIP), RecordingStream())
        self.assertEqual(heard.all[0][1], RecordingStream.address)
        self.assertEqual(self.parts.counters.frames_received, 1)

    def test_a_callback_that_has_ended_is_not_called(self) -> None:
        heard, other = Calls(), Calls()
        stop = self.protocol.on_message(GOSSIP, heard)
        again = self.protocol.on_message(GOSSIP, heard)
        self.protocol.on_message(GOSSIP, other)
        stop()
        stop()
        self.peer.say(self.here, GOSSIP)
        self.assertEqual(
            (len(heard), len(other)), (1, 1), "another registration of the same callback stays"
        )
        again()
        self.peer.say(self.here, GOSSIP)
        self.assertEqual((len(heard), len(other)), (1, 2))

    def test_a_callback_may_end_itself_while_it_is_called(self) -> None:
        heard: list[str] = []
        stops: list[Callable[[], None]] = []

        def once(message: Message, address: Address) -> None:
            heard.append("once")
            stops[0]()

        stops.append(self.protocol.on_message(GOSSIP, once))
        self.protocol.on_message(GOSSIP, lambda message, address: heard.append("always"))
        self.peer.say(self.here, GOSSIP)
        self.peer.say(self.here, GOSSIP)
        self.assertEqual(heard, ["once", "always", "always"])

    def test_a_datagram_from_an_address_that_is_not_admitted_is_not_opened(self) -> None:
        admission = AdmitOnly("10.0.0.77")
        protocol = self.protocol_with(admission)
        protocol.datagramReceived(b"\xff\xff\xff", ("10.0.0.66", 7946))
        self.assertEqual(admission.asked, [Address("10.0.0.66", 7946)])
        self.assertEqual((self.parts.counters.not_admitted, self.parts.counters.malformed), (1, {}))
        protocol.datagramReceived(b"\xff\xff\xff", ("::ffff:10.0.0.77", 7946))
        self.assertEqual(admission.asked[-1], Address("10.0.0.77", 7946), "in its canonical form")
        self.assertEqual(sum(self.parts.counters.malformed.values()), 1)

    def test_a_message_by_an_accepted_stream_calls_accepted_stream(self) -> None:
        protocol = self.protocol_with()
        stream = RecordingStream()
        protocol.frame_received(self.peer.bytes_of(GOSSIP, cluster="other"), stream)
        self.assertEqual(len(self.accepted), 0, "the message was of another cluster")
        protocol.frame_received(self.peer.bytes_of(GOSSIP), stream)
        stream.accepted = False
        protocol.frame_received(self.peer.bytes_of(GOSSIP), stream)
        self.assertEqual(len(self.accepted), 1)

    def test_a_message_of_another_cluster_is_counted_and_ignored(self) -> None:
        self.peer.say(self.here, GOSSIP, cluster="other", updates=(NEWCOMER,))
        self.assertEqual((len(self.handled), self.parts.state("new")), (0, "unknown"))
        self.assertEqual(self.parts.counters.other_cluster, 1)

    def test_a_malformed_message_is_counted_by_reason_and_dropped(self) -> None:
        self.peer.send(self.here, b"\xff\xff\xff")
        self.peer.send(self.here, self.peer.bytes_of(GOSSIP)[:20])
        self.peer.send(self.here, b"")
        self.assertEqual(sum(self.parts.counters.malformed.values()), 3)
        self.assertEqual(self.parts.counters.malformed["protobuf"], 2)
        self.assertEqual(len(self.handled), 0)

    def test_a_handler_that_raises_is_logged_and_nothing_reaches_the_reactor(self) -> None:
        self.protocol.handle(GOSSIP, lambda message, peer: 1 // 0)
        self.protocol.datagramReceived(self.peer.bytes_of(GOSSIP), self.peer.claim.address)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.parts.counters.handler_errors, 1)

    def test_ipv4_peers_of_a_dual_stack_port_have_an_ipv4_address(self) -> None:
        self.protocol.datagramReceived(self.peer.bytes_of(GOSSIP), ("::ffff:10.0.0.2", 7946))
        self.assertEqual(self.handled.all[0][1], Address("10.0.0.2", 7946))

    def test_a_message_of_the_original_seven_fields_is_translated_or_dropped(self) -> None:
        data = self.peer.bytes_of(PING, version=0)
        translate = Calls()
        dropping = self.protocol_with(legacy=translate)
        dropping.handle(PING, self.handled)
        dropping.datagramReceived(data, self.peer.claim.address)
        ((message, peer),) = translate.all
        self.assertEqual((message.version, peer), (0, self.peer.claim.address))
        self.assertEqual(len(self.handled), 0)
        translating = self.protocol_with(
            legacy=lambda message, peer: Message(replace(message.header, name="b"))
        )
        translating.handle(PING, self.handled)
        translating.datagramReceived(data, self.peer.claim.address)
        self.assertEqual(self.handled.all[0][0].name, "b")

    def test_the_type_of_the_translated_message_chooses_its_handler(self) -> None:
        protocol = self.protocol_with(
            legacy=lambda message, peer: Message(replace(message.header, type=PING))
        )
        protocol.handle(PING, self.handled)
        data = self.peer.bytes_of(MessageType.JOIN_REQ, version=0)
        protocol.datagramReceived(data, self.peer.claim.address)
        self.assertEqual([message.type for message, _ in self.handled.all], [PING])

    def test_the_time_of_the_last_message_of_this_cluster_is_remembered(self) -> None:
        self.scene.run(5)
        self.peer.say(self.here, GOSSIP)
        at = self.scene.clock.seconds()
        self.scene.run(5)
        self.peer.say(self.here, GOSSIP, cluster="other")
        self.peer.send(self.here, b"\xff")
        self.assertEqual(self.protocol.last_received_at, at)

    def test_a_once_received_callback_is_called_for_one_message_of_this_cluster(self) -> None:
        heard = Calls()
        self.protocol.once_received(heard)
        self.peer.say(self.here, GOSSIP, cluster="other")
        self.assertEqual(len(heard), 0)
        self.peer.say(self.here, GOSSIP)
        self.peer.say(self.here, GOSSIP)
        self.assertEqual(len(heard), 1)

    def test_the_port_reads_no_more_than_16_kilobytes_at_a_time(self) -> None:
        assert self.protocol.transport is not None
        self.assertEqual(self.protocol.transport.maxThroughput, 16 * 1024)  # type: ignore[attr-defined]

    def test_the_unasked_stop_callback_is_called_when_the_port_is_closed(self) -> None:
        stopped = Calls()
        self.protocol.on_unasked_stop(stopped)
        self.parts.close()
        self.assertEqual(len(stopped), 1)


class SendingTests(ProtocolTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.peer = self.scene.peer("a")
        self.there = self.peer.claim.address
        self.protocol = self.parts.protocol

    def got(self, peer: Peer | None = None) -> Message:
        """The last message that the peer received."""
        self.scene.run(0.01)
        return (peer or self.peer).heard[-1].message

    def test_the_header_contains_the_present_record_of_the_local_member(self) -> None:
        self.protocol.send(self.there, ACK, sequence_field(7))
        message = self.got()
        self.assertEqual(
            (message.type, message.name, message.address, message.epoch, message.incarnation),
            (ACK, "me", self.parts.me.address, EPOCH, 0),
        )
        self.assertEqual((message.cluster, message.version, message.sequence), ("default", 1, 7))
        self.parts.membership.update_me({"role": "web"})
        self.protocol.send(self.there, ACK)
        self.assertEqual(self.got().incarnation, 1)

    def test_the_header_may_name_another_sender(self) -> None:
        self.protocol.send(self.there, MessageType.FAIL, sender=NEWCOMER)
        self.assertEqual((self.got().name, self.got().address), ("new", NEWCOMER.address))

    def test_updates_are_piggybacked_unless_that_is_turned_off(self) -> None:
        self.parts.membership.apply(NEWCOMER)
        self.protocol.send(self.there, PING, piggyback=False)
        self.assertEqual(self.got().updates, ())
        self.protocol.send(self.there, PING)
        self.assertEqual(self.got().updates, (NEWCOMER,))

    def test_a_message_by_stream_may_be_larger_than_a_datagram(self) -> None:
        for number in range(40):
            self.parts.membership.apply(
                Claim(f"m{number}", NEWCOMER.address, EPOCH, tags=(("t", "x" * 100),))
            )
        stream = RecordingStream()
        self.protocol.send(stream, PING, room=100_000)
        self.assertEqual(len(self.scene.codec.decode(stream.sent[0]).updates), 40)
        self.assertEqual(self.parts.counters.frames_sent, 1)

    def test_a_legacy_message_has_only_fields_of_the_original_schema(self) -> None:
        self.parts.membership.apply(NEWCOMER)
        self.protocol.send_legacy(self.there, ACK, Address("10.9.9.9", 99))
        self.scene.run(0.01)
        wire = swim_pb2.Datagram.FromString(self.peer.heard[-1].data)
        named = {field.number: value for field, value in wire.ListFields()}
        self.assertEqual(
            named, {1: "me", 2: "10.0.0.1", 3: 7946, 5: 4, 6: "10.9.9.9", 7: 99}, "no others"
        )

    def test_every_error_of_a_send_is_counted_as_a_send_failure(self) -> None:
        for error in (
            BlockingIOError(),
            PermissionError(),
            OSError(101, "unreachable"),
            InvalidAddressError("fe80::1", "no"),
            MessageLengthError("long"),
        ):
            self.protocol.transport = FailingTransport(error)  # type: ignore[assignment]
            self.protocol.send(self.there, PING)
        self.assertEqual(self.parts.counters.send_failures, 5)

    def test_sending_through_a_closed_port_is_counted_as_a_send_failure(self) -> None:
        self.parts.close()
        self.protocol.send(self.there, PING)
        self.assertEqual(self.parts.counters.send_failures, 1)

    def test_update_sources_fill_a_message_in_turn_each_with_the_room_that_is_left(self) -> None:
        update = framed(encode_update(NEWCOMER))
        first, second, third = SameUpdate(update), SameUpdate(b""), SameUpdate(update)
        third.pending = False
        protocol = self.protocol_with(sources=(first, second, third))
        protocol.send(self.there, PING)
        self.assertEqual(self.got().updates, (NEWCOMER,))
        self.assertEqual(first.rooms[0] - second.rooms[0], len(update))
        self.assertEqual(third.rooms, [], "a source without pending updates is not called")

    def test_sent_bytes_and_datagrams_are_counted(self) -> None:
        self.protocol.send(self.there, PING)
        self.scene.run(0.01)
        counters = self.parts.counters
        self.assertEqual(
            (counters.datagrams_sent, counters.bytes_sent), (1, len(self.peer.heard[0].data))
        )

    @given(
        st.lists(claims(), max_size=40),
        st.lists(st.integers(0, 900), min_size=1, max_size=12),
        st.integers(1280, 1500),
    )
    def test_no_datagram_is_larger_than_the_capacity_whatever_updates_are_pending(
        self, those: list[Claim], sizes: list[int], capacity: int
    ) -> None:
        scene = Scene()
        parts = scene.member("me", capacity=capacity)
        peer = scene.peer("a")
        for claim in those:
            parts.membership.apply(claim)
        for size in sizes:
            padding = fields(padding=bytes(min(size, capacity - 200)))
            parts.protocol.send(peer.claim.address, PING, padding)
        scene.run(0.1)
        self.assertEqual(len(peer.heard), len(sizes))
        self.assertLessEqual(max(len(heard.data) for heard in peer.heard), capacity)
        if those and min(sizes) < 100:
            smallest = min(len(framed(encode_update(claim))) for claim in those)
            if smallest < 300 and parts.membership.members()[0].name != "me":
                self.assertTrue(peer.updates(), "there was room for a pending update")
