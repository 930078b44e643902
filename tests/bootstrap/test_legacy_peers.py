"""The bootstrap node and peers that know only the original seven fields."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from tests.bootstrap.doubles import Newcomer, Scene

JOIN_REQ, JOIN_RES, FAIL = 1, 2, 5


def varint(number: int) -> bytes:
    """The varint of a number."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def text(field: int, value: str) -> bytes:
    """An encoded string field."""
    return varint(field << 3 | 2) + varint(len(value.encode())) + value.encode()


def number(field: int, value: int) -> bytes:
    """An encoded int32 field."""
    return varint(field << 3) + varint(value)


def read(data: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message, as a decoder of the original schema finds them."""
    found: dict[int, list[int | bytes]] = {}
    at = 0

    def take() -> int:
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
        tag = take()
        if tag & 7 == 0:
            found.setdefault(tag >> 3, []).append(take())
        elif tag & 7 == 2:
            size = take()
            found.setdefault(tag >> 3, []).append(data[at : at + size])
            at += size
        else:
            raise AssertionError(f"wire type {tag & 7}")
    return found


class LegacyPeerTests(SynchronousTestCase):
    """Peers that know only the original seven fields; their bytes are not encoded by swimtx."""

    def setUp(self) -> None:
        self.scene = Scene()
        self.peer = self.scene.newcomer(1, port=9000)

    def legacy(self, kind: int, name: str = "old", addr: str = "", port: int = 9000) -> bytes:
        data = text(1, name)
        if addr:
            data += text(2, addr)
        return data + number(3, port) + number(4, 3) + number(5, kind)

    def addresses(self) -> list[Address]:
        return [entry.address for entry in self.scene.bootstrap.members()]

    def test_the_join_of_a_legacy_peer_gets_an_answer_of_seven_fields(self) -> None:
        self.peer.send(self.legacy(JOIN_REQ))
        (data,) = self.peer.heard
        answer = read(data)
        self.assertEqual(answer[1], [b"bootstrap-10000"])
        self.assertEqual((answer[2], answer[3]), ([b"10.0.0.100"], [10000]))
        self.assertEqual(answer[5], [JOIN_RES])
        self.assertEqual((answer[6], answer[7]), ([b"10.0.0.1"], [9000]))

    def test_a_legacy_peer_is_listed_under_the_source_of_its_datagram(self) -> None:
        self.peer.send(self.legacy(JOIN_REQ, addr="192.0.2.1", port=9001))
        (entry,) = self.scene.bootstrap.members()
        self.assertEqual((entry.name, entry.incarnation), ("old", 3))
        self.assertEqual(entry.address, ("10.0.0.1", 9001))
        self.assertEqual(entry.epoch, int(self.scene.clock.seconds()) * 1000)

    def test_a_missing_port_is_taken_from_the_source(self) -> None:
        self.peer.send(text(1, "old") + number(5, JOIN_REQ))
        self.assertEqual(self.addresses(), [("10.0.0.1", 9000)])

    def test_an_ipv4_mapped_source_is_listed_as_an_ipv4_address(self) -> None:
        self.scene.bootstrap.heard(self.legacy(JOIN_REQ), ("::ffff:10.0.0.1", 9000))
        self.assertEqual(self.addresses(), [("10.0.0.1", 9000)])

    def test_a_link_local_source_is_malformed(self) -> None:
        self.scene.bootstrap.heard(self.legacy(JOIN_REQ), ("fe80::1", 9000))
        self.assertEqual((self.scene.bootstrap.malformed, self.addresses()), (1, []))

    def test_a_small_join_request_gets_at_most_128_bytes(self) -> None:
        self.scene.joined(20)
        peer = Newcomer(self.scene.network, "10.0.0.50", 9000)
        peer.send(self.legacy(JOIN_REQ))
        (data,) = peer.heard
        self.assertLess(len(self.legacy(JOIN_REQ)), 20)
        self.assertLessEqual(len(data), 128)

    def test_a_renewal_of_a_legacy_peer_is_the_same_run(self) -> None:
        self.peer.send(self.legacy(JOIN_REQ))
        first = self.scene.bootstrap.members()
        self.scene.clock.advance(10)
        self.scene.newcomer(2).join()
        self.peer.send(self.legacy(JOIN_REQ))
        self.assertEqual(self.scene.names(), ["n2", "old"])
        self.assertEqual(self.scene.bootstrap.members()[1:], first)

    def test_a_join_after_a_fail_about_a_legacy_peer_is_a_new_run(self) -> None:
        self.peer.send(self.legacy(JOIN_REQ))
        (first,) = self.scene.bootstrap.members()
        self.peer.send(self.legacy(FAIL, addr="10.0.0.1"))
        self.assertEqual(self.addresses(), [])
        self.peer.send(self.legacy(JOIN_REQ))
        (second,) = self.scene.bootstrap.members()
        self.assertGreater(second.epoch, first.epoch)

    def test_a_legacy_fail_drops_the_member_in_its_header_whatever_its_source(self) -> None:
        _, other = self.scene.joined(2)[0], self.scene.newcomer(3)
        other.send(self.legacy(FAIL, name="n1", addr="10.0.0.1", port=9000))
        self.assertEqual(self.scene.names(), ["n2", "n1"])
        other.send(self.legacy(FAIL, name="n1", addr="10.0.0.1", port=7946))
        self.assertEqual(self.scene.names(), ["n2"])

    @settings(max_examples=100, deadline=None)
    @given(
        name=st.text(max_size=200),
        addr=st.sampled_from(["", "10.0.0.1", "0.0.0.0", "nowhere"]),
        port=st.integers(0, 70_000),
        kind=st.integers(0, 6),
        padding=st.integers(0, 300),
    )
    def test_no_answer_has_more_bytes_than_the_request_or_128(
        self, name: str, addr: str, port: int, kind: int, padding: int
    ) -> None:
        self.peer.heard.clear()
        self.peer.send(self.legacy(kind, name, addr, port) + text(24, "x" * padding))
        most = max(128, self.peer.sent)
        self.assertLessEqual(sum(map(len, self.peer.heard)), most)
