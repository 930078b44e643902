"""Peers that know only the original seven fields: a double on raw bytes, without our codec."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Node
from swimtx.bootstrap import Bootstrap
from swimtx.membership.member import Member
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, LATENCY, Calls, Scene
from tests.transport.test_protocol import RecordingStream

PING, JOIN_REQ, JOIN_RES, PING_REQ, ACK, FAIL = range(6)


def varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def written(**values: Any) -> bytes:
    """A message as the original encoder makes it: fields 1 to 7 by number."""
    data = b""
    for field, name in enumerate(
        ["node_id", "addr", "port", "heart_beat", "type", "dest_addr", "dest_port"], start=1
    ):
        value = values.get(name)
        if isinstance(value, str):
            data += varint(field << 3 | 2) + varint(len(value.encode())) + value.encode()
        elif value is not None:
            data += varint(field << 3) + varint(value)
    return data


def read(data: bytes) -> dict[int, Any]:
    """The fields that the original decoder finds; it skips unknown fields."""
    found: dict[int, Any] = {}
    at = 0

    def take_varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        field, wire_type = divmod(take_varint(), 8)
        value: Any
        if wire_type == 0:
            value = take_varint()
        elif wire_type == 2:
            size = take_varint()
            value, at = data[at : at + size], at + size
        else:
            value, at = None, at + {1: 8, 5: 4}[wire_type]
        if field <= 7:
            found[field] = value.decode() if isinstance(value, bytes) else value
    if found.get(5, 0) > FAIL:
        raise ValueError(f"no such type: {found[5]}")
    return found


class LegacyPeer(DatagramProtocol):
    """A peer of the original schema, which answers PINGs and sends what a test tells it to.

    @ivar delay: seconds until it answers a PING.
    @ivar heard: the fields by number, and the size in bytes, of each received message.
    @ivar streams: a call for each stream that was opened to it.
    """

    noisy = False
    transport: Any

    def __init__(self, scene: Scene, name: str = "old", host: str = "", port: int = 9000) -> None:
        self.scene = scene
        self.name = name
        self.host = host or scene.next_host()
        self.port = port
        self.answering = True
        self.delay = 0.0
        self.heart_beat = 0
        self.heard: list[tuple[dict[int, Any], int]] = []
        self.errors: list[ValueError] = []
        self.streams = Calls(result=Protocol())
        self.reactor = scene.network.host(self.host)
        self.reactor.listenUDP(port, self, self.host)
        opened = Factory.forProtocol(self.streams)
        opened.noisy = False
        self.reactor.listenTCP(port, opened, interface=self.host)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        try:
            message = read(datagram)
        except ValueError as error:
            self.errors.append(error)
            return
        self.heard.append((message, len(datagram)))
        if message.get(5) == PING and self.answering:
            to = {"dest_addr": message[2], "dest_port": message[3]}
            self.reactor.callLater(self.delay, lambda: self.say(addr, ACK, **to))

    def say(self, to: Any, kind: int, **more: Any) -> int:
        """Send a message; return its size in bytes."""
        values = {"node_id": self.name, "addr": self.host, "port": self.port, "type": kind}
        data = written(**{**values, "heart_beat": self.heart_beat or None, **more})
        self.transport.write(data, tuple(to))
        return len(data)

    def messages(self, kind: int) -> list[dict[int, Any]]:
        return [message for message, _ in self.heard if message.get(5) == kind]


class LegacyPeerTestCase(SynchronousTestCase):
    """One legacy peer and a group of members."""

    names: tuple[str, ...] = ("n1", "n2", "n3")
    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.scene = Scene()
        self.nodes = self.scene.group(*self.names, **self.settings)
        self.first = self.nodes[0]
        self.changes = Calls()
        self.first.membership.subscribe(self.changes)
        self.peer = LegacyPeer(self.scene)

    def tearDown(self) -> None:
        for node in self.nodes:
            node.stop()
        self.scene.run(0.1)
        for node in self.nodes:
            self.assertEqual(list(node._reactor.getDelayedCalls()), [])

    def join(self) -> None:
        self.peer.say(self.first.address, JOIN_REQ)
        self.scene.run(2)

    def held(self, node: Node | None = None) -> Member | None:
        return (node or self.first).membership.get("old")

    def kill(self, node: Node) -> None:
        reactor: Any = node._reactor
        reactor.kill()

    def state(self, node: Node | None = None) -> str:
        member = self.held(node)
        return "unknown" if member is None else member.state.value

    def events(self) -> list[tuple[str, str]]:
        return [(str(change.event), change.member.name) for (change,) in self.changes.all]


class JoiningLegacyPeerTests(LegacyPeerTestCase):
    def test_a_legacy_peer_can_decode_the_join_res(self) -> None:
        self.peer.say(self.first.address, JOIN_REQ)
        self.scene.run(2 * LATENCY)
        (message,) = self.peer.messages(JOIN_RES)
        self.assertEqual((message[1], message[2], message[3]), ("n1", *self.first.address))
        self.assertEqual((message[6], message[7]), (self.peer.host, self.peer.port))

    def test_a_legacy_peer_that_joins_is_listed_by_all_members(self) -> None:
        self.join()
        for node in self.nodes:
            member = self.held(node)
            assert member is not None
            self.assertEqual((member.address, member.port), (self.peer.host, self.peer.port))
            self.assertEqual(member.state.value, "alive")

    def test_the_epoch_of_a_legacy_peer_is_the_clock_of_its_first_receiver(self) -> None:
        before = self.scene.now
        self.join()
        for node in self.nodes:
            member = self.held(node)
            assert member is not None
            self.assertEqual(member.epoch, EPOCH + int(1000 * (before + LATENCY)))

    def test_the_heart_beat_of_a_legacy_peer_is_its_incarnation(self) -> None:
        self.peer.heart_beat = 7
        self.join()
        member = self.held()
        assert member is not None
        self.assertEqual(member.incarnation, 7)

    def test_a_legacy_peer_is_listed_at_its_source_address_not_at_a_claimed_host(self) -> None:
        """Otherwise it could direct our PINGs at any host."""
        self.peer.say(self.first.address, JOIN_REQ, addr="10.77.0.1")
        self.scene.run(1)
        member = self.held()
        assert member is not None
        self.assertEqual((member.address, member.port), (self.peer.host, self.peer.port))

    def test_a_legacy_peer_may_leave_out_its_address(self) -> None:
        self.peer.say(self.first.address, JOIN_REQ, addr=None, port=None)
        self.scene.run(1)
        member = self.held()
        assert member is not None
        self.assertEqual((member.address, member.port), (self.peer.host, self.peer.port))

    def test_a_legacy_peer_cannot_take_the_name_of_a_member(self) -> None:
        before = self.first.membership.get("n1")
        for name in ("n1", "n2"):
            self.peer.say(self.first.address, JOIN_REQ, node_id=name)
        self.scene.run(2)
        self.assertEqual(self.first.membership.get("n1"), before)
        second = self.first.membership.get("n2")
        assert second is not None
        self.assertEqual(second.address, self.nodes[1].address.host)

    def test_a_legacy_message_by_stream_is_ignored(self) -> None:
        stream = RecordingStream()
        self.first.protocol.frame_received(written(node_id="old", type=JOIN_REQ), stream)
        self.assertEqual(self.state(), "unknown")


class SmallJoinResTests(LegacyPeerTestCase):
    names = ("n" * 97, "n" * 128)

    def test_a_join_res_to_a_legacy_peer_is_no_longer_than_its_join_req_or_128_bytes(self) -> None:
        """No amplification: otherwise a forged source address would be worth while."""
        sent = self.peer.say(self.first.address, JOIN_REQ)
        self.peer.say(self.nodes[1].address, JOIN_REQ)
        self.scene.run(2 * LATENCY)
        self.assertLess(sent, 128)
        answers = [size for message, size in self.peer.heard if message.get(5) == JOIN_RES]
        self.assertEqual(len(answers), 1, "the other member's name alone is too long")
        self.assertLessEqual(answers[0], 128)
        self.assertEqual(self.peer.messages(JOIN_RES)[0][1], self.names[0])
        self.assertNotIn(6, self.peer.messages(JOIN_RES)[0])


class LegacyPeerTests(LegacyPeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.join()

    def test_a_ping_of_a_legacy_peer_is_answered_by_an_ack_with_its_address(self) -> None:
        self.peer.heard.clear()
        self.peer.say(self.first.address, PING)
        self.scene.run(2 * LATENCY)
        (message,) = self.peer.messages(ACK)
        self.assertEqual((message[1], message[2], message[3]), ("n1", *self.first.address))
        self.assertEqual((message[5], message[6], message[7]), (4, self.peer.host, 9000))

    def test_a_legacy_peer_is_probed_and_stays_alive_while_it_answers(self) -> None:
        self.scene.run(60)
        self.assertGreater(len(self.peer.messages(PING)), 30)
        self.assertEqual([self.state(node) for node in self.nodes], ["alive"] * 3)
        self.assertNotIn(("suspected", "old"), self.events())

    def test_a_ping_to_a_legacy_peer_carries_no_updates(self) -> None:
        self.first.set_tags({"news": "x" * 100})
        self.peer.heard.clear()
        self.scene.run(5)
        self.assertTrue(self.peer.heard)
        self.assertLess(max(size for _, size in self.peer.heard), 150)

    def test_two_probes_of_a_legacy_peer_at_the_same_time_are_both_answered(self) -> None:
        self.peer.delay = 0.1
        for _ in range(100):
            pinged = self.first.ping("old")
            self.scene.run(0.31)
            self.successResultOf(pinged)
        self.scene.run(5)
        self.assertNotIn(("suspected", "old"), self.events())

    def test_a_silent_legacy_peer_is_found_failed(self) -> None:
        self.peer.answering = False
        self.scene.run(60)
        self.assertEqual([self.state(node) for node in self.nodes], ["failed"] * 3)
        self.assertEqual(self.events()[-2:], [("suspected", "old"), ("failed", "old")])

    def test_a_suspected_legacy_peer_recovers_when_it_answers(self) -> None:
        self.peer.answering = False
        while self.state() != "suspect":
            self.scene.run(0.1)
        self.peer.answering = True
        self.scene.run(5)
        self.assertEqual([self.state(node) for node in self.nodes], ["alive"] * 3)
        self.assertEqual(self.events()[-1], ("recovered", "old"))

    def test_a_message_of_a_failed_legacy_peer_starts_a_new_epoch(self) -> None:
        before = self.held()
        self.peer.answering = False
        self.scene.run(60)
        self.assertEqual(self.state(), "failed")
        self.peer.answering = True
        self.peer.say(self.first.address, PING)
        self.scene.run(5)
        after = self.held()
        assert before is not None and after is not None
        self.assertGreater(after.epoch, before.epoch)
        self.assertEqual(self.events()[-1], ("joined", "old"))
        self.assertEqual([self.state(node) for node in self.nodes], ["alive"] * 3)

    def test_a_legacy_peer_gets_a_fail_that_names_a_member_that_left(self) -> None:
        leaving = self.nodes[2]
        address = leaving.address
        leaving.destroy()
        self.scene.run(5)
        message = self.peer.messages(FAIL)[-1]
        self.assertEqual((message[1], message[2], message[3]), ("n3", *address))

    def test_a_legacy_peer_gets_a_fail_that_names_a_member_that_failed(self) -> None:
        address = self.nodes[2].address
        self.kill(self.nodes.pop())
        self.scene.run(60)
        message = self.peer.messages(FAIL)[-1]
        self.assertEqual((message[1], message[2], message[3]), ("n3", *address))

    def test_a_legacy_peer_never_gets_a_ping_req(self) -> None:
        self.scene.network.unplug(self.nodes[2].address.host)
        self.scene.run(30)
        self.assertEqual(self.peer.messages(PING_REQ), [])

    def test_a_legacy_peer_gets_no_type_above_five_and_no_stream_whatever_happens(self) -> None:
        network = self.scene.network
        self.first.set_tags({"role": "web"})
        self.scene.run(70)  # table exchanges
        network.unplug(self.nodes[2].address.host)
        self.scene.run(40)
        network.plug_in(self.nodes[2].address.host)
        self.scene.run(40)
        self.peer.answering = False
        self.scene.run(60)
        self.peer.answering = True
        self.scene.run(40)
        self.assertEqual(self.state(), "alive")
        newcomer = self.scene.node("new")
        self.nodes.append(newcomer)
        newcomer.start()
        newcomer.join([self.first.address])
        self.scene.run(40)
        self.assertEqual(self.state(newcomer), "alive")
        newcomer.leave()
        self.scene.run(10)
        self.assertEqual(self.peer.errors, [])
        self.assertEqual(len(self.peer.streams), 0)

    def test_the_target_of_a_legacy_ping_req_is_looked_up_by_its_address(self) -> None:
        target = self.nodes[1].address
        self.peer.heard.clear()
        self.peer.say(self.first.address, PING_REQ, dest_addr=target.host, dest_port=target.port)
        self.scene.run(0.1)
        (message,) = self.peer.messages(ACK)
        # The original takes the sender of an ACK for the answering member, so it names the target.
        self.assertEqual((message[1], message[2], message[3]), ("n2", *target))
        self.assertEqual((message[6], message[7]), (self.peer.host, 9000))

    def test_a_legacy_ping_req_for_an_unknown_address_is_ignored(self) -> None:
        stranger = self.scene.peer("stranger")
        self.peer.heard.clear()
        self.peer.say(
            self.first.address,
            PING_REQ,
            dest_addr=stranger.claim.address.host,
            dest_port=stranger.claim.address.port,
        )
        self.peer.say(self.first.address, PING_REQ)
        self.scene.run(0.05)
        self.assertEqual((stranger.heard, self.peer.messages(ACK)), ([], []))

    def test_a_legacy_ping_req_for_a_silent_target_gets_no_answer(self) -> None:
        address = self.nodes[2].address
        self.kill(self.nodes.pop())
        self.peer.heard.clear()
        self.peer.say(self.first.address, PING_REQ, dest_addr=address.host, dest_port=address.port)
        self.scene.run(2)
        self.assertEqual((self.peer.messages(ACK), self.peer.errors), ([], []))

    def test_the_fail_of_a_legacy_peer_is_a_suspicion_that_the_accused_refutes(self) -> None:
        accused = self.nodes[1]
        self.peer.say(
            self.first.address,
            FAIL,
            node_id="n2",
            addr=accused.address.host,
            port=accused.address.port,
        )
        self.scene.run(5)
        self.assertEqual(self.events()[-2:], [("suspected", "n2"), ("recovered", "n2")])
        why = next(c.why for (c,) in self.changes.all if c.event == "suspected")
        self.assertIn("old", why)

    def test_the_fail_of_an_unknown_sender_is_no_suspicion(self) -> None:
        stranger = LegacyPeer(self.scene, "stranger")
        self.changes.all.clear()
        accused = self.nodes[1]
        stranger.say(
            self.first.address,
            FAIL,
            node_id="n2",
            addr=accused.address.host,
            port=accused.address.port,
        )
        self.scene.run(5)
        self.assertEqual(self.events(), [])

    def test_a_legacy_fail_of_the_local_member_is_refuted(self) -> None:
        before = self.first._parts.membership.local.incarnation
        self.peer.say(
            self.first.address,
            FAIL,
            node_id="n1",
            addr=self.first.address.host,
            port=self.first.address.port,
        )
        self.scene.run(1)
        self.assertEqual(self.first._parts.membership.local.incarnation, before + 1)

    def test_callbacks_receive_every_message_of_a_legacy_peer(self) -> None:
        for kind in (PING, JOIN_REQ, PING_REQ, ACK, FAIL):
            heard = Calls()
            self.first.on_message(MessageType(kind), heard)
            self.peer.say(self.first.address, kind)
            self.scene.run(LATENCY)
            message, address = heard.all[-1]
            self.assertEqual((message.name, address), ("old", (self.peer.host, 9000)))


class BootstrapListedPeerTests(LegacyPeerTestCase):
    """A bootstrap node lists the legacy peer to newcomers."""

    names = ()

    def setUp(self) -> None:
        self.scene = Scene()
        host = self.scene.next_host()
        self.bootstrap = Bootstrap(self.scene.network.host(host), 10000, host)
        self.bootstrap.start()
        self.nodes: list[Node] = []
        self.peer = LegacyPeer(self.scene)

    def test_a_member_that_joins_by_a_legacy_peer_alone_sends_it_no_type_above_five(self) -> None:
        self.peer.say(self.bootstrap.address, JOIN_REQ)
        self.scene.run(1)
        node = self.scene.node("n1")
        self.nodes.append(node)
        node.start()
        joining = node.join([self.bootstrap.address])
        self.scene.run(20)
        self.successResultOf(joining)
        self.assertEqual(self.state(node), "alive")
        self.assertEqual((self.peer.errors, len(self.peer.streams)), ([], 0))

    def test_a_legacy_peer_that_joins_later_is_found_by_a_renewed_registration(self) -> None:
        node = self.scene.node("n1")
        self.nodes.append(node)
        node.start()
        node.join([self.bootstrap.address])
        self.scene.run(5)
        self.peer.say(self.bootstrap.address, JOIN_REQ)
        self.scene.run(20)
        self.assertEqual(self.state(node), "alive")
        self.assertEqual((self.peer.errors, len(self.peer.streams)), ([], 0))
