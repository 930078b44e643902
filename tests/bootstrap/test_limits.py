"""The bootstrap node: messages that it refuses, the size of its answers, and its options."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.errors import Malformed
from swimtx.interfaces import IEnvelope
from swimtx.membership.claim import Claim
from swimtx.wire.codec import encode, fields
from swimtx.wire.messages import MessageType
from tests.bootstrap.doubles import WELL_KNOWN, Newcomer, Scene
from tests.messages import message_of


class RefusalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.bootstrap = self.scene.bootstrap
        self.newcomer = self.scene.newcomer(1)

    def test_a_ping_and_a_ping_req_get_no_answer(self) -> None:
        self.newcomer.tell(MessageType.PING)
        self.newcomer.tell(MessageType.PING_REQ, destination=Address("10.0.0.2", 7946))
        self.assertEqual((self.bootstrap.ignored, self.newcomer.heard), (2, []))
        self.assertEqual(self.bootstrap.members(), ())

    def test_answers_get_no_answer_so_two_bootstrap_nodes_cannot_loop(self) -> None:
        for kind in (MessageType.ACK, MessageType.JOIN_RES):
            self.newcomer.tell(kind)
        self.assertEqual((self.bootstrap.ignored, self.newcomer.heard), (2, []))

    def test_a_message_of_another_cluster_is_counted_and_dropped(self) -> None:
        self.newcomer.send(self.newcomer.join_req(cluster="other"))
        self.newcomer.tell(MessageType.LEAVE, cluster="")
        self.assertEqual((self.bootstrap.other_cluster, self.newcomer.heard), (2, []))
        self.assertEqual(self.bootstrap.members(), ())

    def test_a_malformed_datagram_is_counted_and_dropped(self) -> None:
        whole = self.newcomer.join_req(padding=0)
        for data in (b"", b"\xff" * 9, whole[:-1], whole + fields(node_id="\x00")):
            self.newcomer.send(data)
        self.assertEqual((self.bootstrap.malformed, self.newcomer.heard), (4, []))
        self.assertEqual(self.bootstrap.received, 4)

    def test_an_answer_that_the_socket_refuses_counts_as_lost(self) -> None:
        data = self.newcomer.join_req()
        for source in (("10.0.0.1", 0), ("2001:db8::1", 7946), ("localhost", 7946)):
            self.bootstrap.heard(data, source)
        self.assertEqual((self.bootstrap.lost, self.bootstrap.answered), (3, 0))

    def test_sealed_requests_get_sealed_answers(self) -> None:
        verifyObject(IEnvelope, OpenEnvelope())
        scene = Scene(envelope=OpenEnvelope())
        a, b = scene.newcomer(1), scene.newcomer(2)
        for newcomer in (a, b):
            newcomer.send(newcomer.join_req())  # not sealed
            self.assertEqual(newcomer.heard, [])
            newcomer.send(OpenEnvelope().seal(newcomer.join_req()))
        self.assertEqual(scene.bootstrap.malformed, 2)
        (answer,) = b.heard
        b.heard[:] = [OpenEnvelope().open(answer)]
        self.assertEqual([entry.name for entry in b.answer().listed], ["n1"])

    def test_an_ipv6_socket_lists_sources_of_both_families(self) -> None:
        scene = Scene("2001:db8::1", type="udp6", interface="::")
        other = Newcomer(scene.network, "2001:db8::2")
        other.claim = replace(other.claim, name="six", address=Address("::", 7946))
        other.send(other.join_req(), ("2001:db8::1", 10000))
        self.assertEqual(other.answer().listed, ())
        mapped = Claim("four", Address("0.0.0.0", 7946), 1000)
        other.claim = mapped
        scene.bootstrap.heard(other.join_req(), ("::ffff:10.0.0.4", 7946))
        self.assertEqual(
            [entry.address for entry in scene.bootstrap.members()],
            [("10.0.0.4", 7946), ("2001:db8::2", 7946)],
        )


@implementer(IEnvelope)
class OpenEnvelope:
    """An envelope of 20 bytes without a key."""

    overhead = 20

    def seal(self, data: bytes) -> bytes:
        return b"<" * 10 + data + b">" * 10

    def open(self, data: bytes) -> bytes:
        if data[:10] != b"<" * 10:
            raise Malformed("envelope")
        return data[10:-10]


class AnswerSizeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.scene.joined(40)
        self.newcomer = self.scene.newcomer(200)

    def test_a_padded_request_is_answered_with_as_many_members_as_fit(self) -> None:
        answer = self.newcomer.join(padding=500)
        self.assertTrue(10 < len(answer.listed) < 32, len(answer.listed))
        self.assertEqual(answer.listed[0].name, "n40")
        (data,) = self.newcomer.heard
        self.assertTrue(self.newcomer.sent - 40 < len(data) <= self.newcomer.sent)

    def test_a_huge_request_gets_at_most_1400_bytes(self) -> None:
        self.assertEqual(len(self.newcomer.join(padding=60_000).listed), 32)
        (data,) = self.newcomer.heard
        self.assertLessEqual(len(data), 1400)

    def test_an_answer_larger_than_its_request_is_not_sent(self) -> None:
        scene = Scene(name="b" * 128)
        newcomer = scene.newcomer(1)
        newcomer.send(newcomer.join_req(padding=0))
        newcomer.tell(MessageType.LEAVE)
        self.assertEqual((scene.bootstrap.unanswered, newcomer.heard), (2, []))

    @settings(max_examples=200, deadline=None)
    @given(
        name=st.text(min_size=1, max_size=40),
        epoch=st.integers(0, 2**40),
        updates=st.booleans(),
        padding=st.integers(0, 2000),
        kind=st.sampled_from(MessageType),
        sequence=st.integers(0, 2**32 - 1),
    )
    def test_no_answer_has_more_bytes_than_its_request(
        self, name: str, epoch: int, updates: bool, padding: int, kind: MessageType, sequence: int
    ) -> None:
        claim = Claim(name, self.newcomer.claim.address, epoch)
        told = (claim,) if updates else ()
        message = message_of(
            kind, name, claim.address, 0, epoch, 1, "default", sequence=sequence, updates=told
        )
        self.newcomer.heard.clear()
        self.newcomer.send(encode(message) + fields(padding=bytes(padding)))
        self.assertLessEqual(sum(map(len, self.newcomer.heard)), self.newcomer.sent)


class OptionTests(SynchronousTestCase):
    def test_the_address_has_the_port_that_the_system_picked(self) -> None:
        scene = Scene(port=0)
        self.assertEqual(scene.bootstrap.address.host, WELL_KNOWN)
        self.assertNotEqual(scene.bootstrap.address.port, 0)

    def test_an_option_out_of_its_limits_raises_an_error(self) -> None:
        for options in (
            {"port": 65536},
            {"port": -1},
            {"type": "tcp4"},
            {"type": "udp6"},
            {"interface": "localhost"},
            {"interface": "fe80::1", "type": "udp6"},
            {"recent": 0},
            {"recent": 257},
            {"cluster": ""},
            {"name": "a\nb"},
        ):
            with self.assertRaises(ValueError, msg=str(options)):
                Scene(**options)
