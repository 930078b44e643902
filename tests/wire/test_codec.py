"""Encoding and decoding of messages, and every refusal of the decoder."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from fuzz.mutations import split, varint
from swimtx.addresses import Address
from swimtx.errors import Malformed
from swimtx.limits import (
    MAX_AGE,
    MAX_CLUSTER_BYTES,
    MAX_EPOCH,
    MAX_EVIDENCE,
    MAX_INCARNATION,
    MAX_NAME_BYTES,
    MAX_TAGS,
    MAX_TAGS_BYTES,
    check_tags,
)
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.wire import swim_pb2
from swimtx.wire.codec import (
    DIGEST_PARTS,
    MAX_AHEAD,
    MAX_LISTED,
    MAX_UPDATE_BYTES,
    Codec,
    check_cluster,
    encode,
    encode_update,
    fields,
    framed,
    header,
    listed_entry,
    sequence_field,
    target_fields,
)
from swimtx.wire.messages import Contact, Message, MessageType
from tests.messages import message_of
from tests.strategies import EPOCH, NOW, claims, epochs, messages

CAPACITY = 1400  # bytes of the largest datagram, by default
ENVELOPE = 64  # bytes that an envelope may add
ENTRIES = 4096  # of each of the decoder's caches
HERE = Address("127.0.0.1", 7946)
ME = Claim("n1", HERE, EPOCH, 3)
LARGEST_NAME = "x" * MAX_NAME_BYTES
LARGEST_ADDRESS = Address("2001:db8:1111:2222:3333:4444:5555:6666", 65535)
_SIZES = (127, 128, 16383, 16384, 70000)  # around the lengths where a varint grows
LAST_EPOCH = EPOCH + int(MAX_AHEAD * 1000)


def update(**changed: Any) -> bytes:
    """The bytes of a valid update with some fields changed, encoded without a claim."""
    usual: dict[str, Any] = {
        "name": "n2",
        "address": b"\x7f\x00\x00\x01",
        "port": 7946,
        "epoch": EPOCH,
    }
    return swim_pb2.Update(**{**usual, **changed}).SerializeToString()


def ping(**changed: Any) -> bytes:
    """The bytes of a PING with some fields changed."""
    return header(ME, MessageType.PING, "default", 1) + fields(**changed)


class CodecTestCase(SynchronousTestCase):
    """A decoder whose clock shows C{NOW}."""

    def setUp(self) -> None:
        self.codec = Codec(lambda: NOW)

    def assert_refused(self, reason: str, data: bytes) -> None:
        """Check that the datagram C{data} is refused with this C{reason}."""
        refused = self.assertRaises(Malformed, self.codec.decode, data)
        self.assertEqual(refused.reason, reason)

    def assert_update_refused(self, reason: str, data: bytes) -> None:
        """Check that an update is refused with this C{reason}, alone and in a datagram."""
        refused = self.assertRaises(Malformed, self.codec.decode_update, data)
        self.assertEqual(refused.reason, reason)
        self.assert_refused(reason, ping() + framed(data))


class RoundTrips(CodecTestCase):
    """An encoded value is decoded to the same value."""

    @given(messages())
    def test_every_message_is_decoded_to_the_same_value(self, message: Message) -> None:
        decoded = self.codec.decode(encode(message))
        self.assertEqual(decoded, message)
        ages = [claim.age for claim in decoded.updates]
        self.assertEqual(ages, [claim.age for claim in message.updates])

    @given(claims())
    def test_every_claim_is_decoded_to_the_same_value(self, claim: Claim) -> None:
        decoded = self.codec.decode_update(encode_update(claim, claim.age))
        self.assertEqual((decoded, decoded.age), (claim, claim.age))

    @given(claims())
    def test_equal_claims_have_equal_bytes(self, claim: Claim) -> None:
        self.assertEqual(encode_update(claim), encode_update(replace(claim)))

    @given(messages())
    def test_the_same_bytes_are_decoded_alike_a_second_time(self, message: Message) -> None:
        data = encode(message)
        self.assertEqual(self.codec.decode(data), self.codec.decode(data))

    @given(st.integers(0, 2**32 - 1), claims(), st.lists(claims(), max_size=3))
    def test_parts_that_are_encoded_separately_make_one_message(
        self, sequence: int, target: Claim, updates: list[Claim]
    ) -> None:
        parts = [header(ME, MessageType.PING, "default", 1), target_fields(target)]
        parts += [sequence_field(sequence), *(framed(encode_update(claim)) for claim in updates)]
        expected = message_of(
            MessageType.PING,
            ME.name,
            ME.address,
            ME.incarnation,
            ME.epoch,
            cluster="default",
            sequence=sequence,
            target=target.name,
            target_epoch=target.epoch,
            target_incarnation=target.incarnation,
            updates=tuple(updates),
        )
        self.assertEqual(self.codec.decode(b"".join(parts)), expected)

    @given(messages(), st.randoms(use_true_random=False))
    def test_the_order_of_the_fields_does_not_change_the_message(
        self, message: Message, chance: random.Random
    ) -> None:
        parts = split(encode(message))
        repeated = [part for part in parts if part[:1] in (b"\x52", b"\x5a", b"\xa2")]
        single = [part for part in parts if part not in repeated]
        chance.shuffle(single)
        mixed = single[: len(single) // 2] + repeated + single[len(single) // 2 :]
        self.assertEqual(self.codec.decode(b"".join(mixed)), message)

    @given(st.binary(min_size=0, max_size=300) | st.sampled_from([bytes(size) for size in _SIZES]))
    def test_a_framed_update_is_field_ten(self, content: bytes) -> None:
        self.assertEqual(framed(content), fields(updates=[content]))

    def test_a_ping_contains_its_type_although_it_is_zero(self) -> None:
        data = header(ME, MessageType.PING, "default", 1)
        self.assertIn(b"\x28\x00", split(data), "proto3 would leave a zero out")

    def test_a_header_for_a_seven_field_peer_has_only_fields_of_the_original_schema(self) -> None:
        data = header(ME, MessageType.FAIL, "", 0)
        self.assertEqual([part[0] >> 3 for part in split(data)], [1, 2, 3, 4, 5])

    def test_fields_that_a_type_does_not_use_are_ignored(self) -> None:
        odd = ping(digest=[1, 2, 3], observed=77, dest_addr="nowhere")
        self.assertEqual(self.codec.decode(odd), self.codec.decode(ping()))
        gossip = header(ME, MessageType.GOSSIP, "default", 1) + fields(target="n2")
        self.assertEqual(self.codec.decode(gossip).target, "")

    def test_the_ack_of_a_relay_names_its_target(self) -> None:
        ack = header(ME, MessageType.ACK, "default", 1) + fields(target="n2", target_epoch=EPOCH)
        self.assertEqual(self.codec.decode(ack).target, "n2")

    def test_equal_updates_are_decoded_to_one_cached_claim(self) -> None:
        data = encode_update(ME)
        self.assertIdentical(self.codec.decode_update(data), self.codec.decode_update(data))

    def test_ages_are_rounded_up_so_that_a_forwarded_record_grows_old(self) -> None:
        failed = ME.failed("n2")
        for age, encoded in (
            (0.0, 0.0),
            (0.2, 1.0),
            (60.0, 60.0),
            (60.0000001, 60.0),
            (3e9, MAX_AGE),
        ):
            decoded = self.codec.decode_update(encode_update(failed, age))
            self.assertEqual(decoded.age, encoded)

    def test_the_age_of_a_living_member_is_not_encoded(self) -> None:
        self.assertEqual(encode_update(ME, 55.0), encode_update(ME))
        self.assertEqual(self.codec.decode_update(update(age=55)).age, 0.0)

    def test_a_negative_budget_is_encoded_as_zero(self) -> None:
        request = message_of(MessageType.PING_REQ, "n1", HERE, epoch=EPOCH, budget=-0.1)
        self.assertEqual(self.codec.decode(encode(request)).budget, 0.0)

    def test_decoded_evidence_is_sorted_by_witness_with_one_entry_each(self) -> None:
        seen = [swim_pb2.Evidence(witness=name, counter=2) for name in ("w2", "w1", "w2")]
        decoded = self.codec.decode_update(update(state=1, evidence=seen))
        self.assertEqual([entry.witness for entry in decoded.evidence], ["w1", "w2"])


class Sizes(CodecTestCase):
    """Every claim within the limits fits a datagram."""

    def largest(self, tags: int) -> Claim:
        """The claim with the most bytes and C{tags} tags."""
        keys = [f"{number:02}" for number in range(tags)]
        room = MAX_TAGS_BYTES - sum(map(len, keys))
        values = ["v" * (room // tags)] * tags
        values[0] += "v" * (room % tags)
        return Claim(
            LARGEST_NAME,
            LARGEST_ADDRESS,
            LAST_EPOCH,
            MAX_INCARNATION,
            State.FAILED,
            check_tags(zip(keys, values, strict=True)),
            tuple(
                Evidence(f"{number:02}".ljust(MAX_NAME_BYTES, "w"), Observation.BROKEN, 2**32 - 1)
                for number in range(MAX_EVIDENCE)
            ),
            LARGEST_NAME,
            legacy=True,
            streams=True,
            age=MAX_AGE,
        )

    def test_the_largest_claim_fits_a_gossip_with_the_largest_header(self) -> None:
        sender = Claim(LARGEST_NAME, LARGEST_ADDRESS, MAX_EPOCH, MAX_INCARNATION)
        longest = header(sender, MessageType.GOSSIP, "c" * MAX_CLUSTER_BYTES, 2**32 - 1)
        longest += sequence_field(2**32 - 1)
        for tags in (1, 2, 4, 8, 16, MAX_TAGS):
            encoded = encode_update(self.largest(tags), MAX_AGE)
            self.assertLessEqual(len(encoded), MAX_UPDATE_BYTES)
            self.assertLessEqual(len(longest + framed(encoded)), CAPACITY - ENVELOPE)

    @given(claims())
    def test_no_encoded_claim_exceeds_max_update_bytes(self, claim: Claim) -> None:
        self.assertLessEqual(len(encode_update(claim, claim.age)), MAX_UPDATE_BYTES)

    def test_evidence_is_cut_when_the_other_fields_need_the_room(self) -> None:
        largest = self.largest(MAX_TAGS)
        decoded = self.codec.decode_update(encode_update(largest, largest.age))
        self.assertEqual(replace(decoded, evidence=()), replace(largest, evidence=()))
        few = replace(largest, tags=())
        encoded = self.codec.decode_update(encode_update(few)).evidence
        self.assertEqual(encoded, few.evidence[:1])
        self.assertGreater(len(encoded), len(decoded.evidence))


class Refusals(CodecTestCase):
    """Invalid bytes are refused, each kind with its own reason."""

    def test_an_empty_datagram_is_refused_for_its_name(self) -> None:
        self.assert_refused("name", b"")

    def test_bytes_that_are_no_protobuf_are_refused(self) -> None:
        self.assert_refused("protobuf", b"\xff")
        self.assert_refused("protobuf", b"GET / HTTP/1.1\r\n\r\n")
        self.assert_refused("protobuf", ping() + b"\x0a\x02\xc3\x28")  # no UTF-8

    def test_unknown_types_are_refused(self) -> None:
        for number in (len(MessageType), 12, 2**31 - 1, -1, -(2**31)):
            again = b"\x28" + varint(number % 2**64)  # of two values the later counts
            self.assert_refused("type", ping() + again)
            self.assert_refused("type", header(ME, MessageType.PING, "", 0) + again)

    def test_names_beyond_the_limits_are_refused(self) -> None:
        for name in ("", "x" * (MAX_NAME_BYTES + 1), "ñ" * 65, "a\nb", "\x00", "\x7f", "a\x85"):
            sender = replace(ME, name=name)
            self.assert_refused("name", header(sender, MessageType.ACK, "default", 1))
            self.assert_refused("name", header(sender, MessageType.PING, "", 0))
            self.assert_update_refused("name", update(name=name))
            entry = swim_pb2.Evidence(witness=name)
            self.assert_update_refused("name", update(state=1, evidence=[entry]))
            if name:
                self.assert_refused("name", ping(target=name))
                self.assert_update_refused("name", update(by=name))

    def test_cluster_names_beyond_the_limits_are_refused(self) -> None:
        for cluster in ("x" * (MAX_CLUSTER_BYTES + 1), "a\tb"):
            self.assertRaises(ValueError, check_cluster, cluster)
            self.assert_refused("cluster", header(ME, MessageType.PING, cluster, 1))

    def test_addresses_that_are_no_ip_literal_of_a_single_host_are_refused(self) -> None:
        for host in ("", "localhost", "1.2.3", "1.2.3.4.5", "01.2.3.4", "::1%lo", "fe80::1"):
            self.assert_sender_refused(host)
        for host in ("224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:224.0.0.1"):
            self.assert_sender_refused(host)

    def assert_sender_refused(self, host: str) -> None:
        sender = replace(ME, address=Address(host, 7946))
        self.assert_refused("address", header(sender, MessageType.PING, "default", 1))
        if host:
            request = header(ME, MessageType.PING_REQ, "default", 1)
            self.assert_refused("address", request + fields(dest_addr=host, dest_port=1))

    def test_addresses_of_updates_that_are_not_four_or_sixteen_bytes_of_a_host_are_refused(
        self,
    ) -> None:
        packed = [ipaddress.ip_address(host).packed for host in ("fe80::1", "ff02::1", "224.1.1.1")]
        for address in (b"", b"abc", b"abcde", bytes(17), *packed):
            self.assert_update_refused("address", update(address=address))

    def test_ports_out_of_range_are_refused(self) -> None:
        for port in (0, 65536, -1, 2**31 - 1):
            sender = replace(ME, address=Address("127.0.0.1", port))
            self.assert_refused("address", header(sender, MessageType.PING, "default", 1))
            request = header(ME, MessageType.PING_REQ, "default", 1)
            self.assert_refused("address", request + fields(dest_addr="::1", dest_port=port))
            if port >= 0:
                self.assert_update_refused("address", update(port=port))

    def test_epochs_more_than_a_day_ahead_of_our_clock_are_refused(self) -> None:
        self.assert_epochs_refused("future", LAST_EPOCH + 1)
        self.codec.decode(ping(target="n2", target_epoch=LAST_EPOCH))
        self.codec.decode_update(update(epoch=LAST_EPOCH))

    def test_epochs_that_a_json_reader_would_round_are_refused(self) -> None:
        self.assert_epochs_refused("epoch", MAX_EPOCH + 1)
        self.assert_epochs_refused("epoch", 2**64 - 1)

    def assert_epochs_refused(self, reason: str, epoch: int) -> None:
        self.assert_refused(reason, header(replace(ME, epoch=epoch), MessageType.ACK, "c", 1))
        self.assert_refused(reason, ping(target="n2", target_epoch=epoch))
        self.assert_update_refused(reason, update(epoch=epoch))
        self.assert_listed_refused(reason, epoch=epoch)

    def test_incarnations_beyond_the_limit_are_refused(self) -> None:
        for wrong in (MAX_INCARNATION + 1, 2**31 - 1, -1):
            sender = replace(ME, incarnation=wrong)
            self.assert_refused("incarnation", header(sender, MessageType.ACK, "default", 1))
            self.assert_listed_refused("incarnation", incarnation=wrong)
        for wrong in (MAX_INCARNATION + 1, 2**32 - 1):
            self.assert_refused("incarnation", ping(target="n2", target_incarnation=wrong))
            self.assert_update_refused("incarnation", update(incarnation=wrong))

    def test_unknown_states_and_kinds_of_observation_are_refused(self) -> None:
        for number in (4, 99, -1):
            self.assert_update_refused("state", update() + b"\x20" + varint(number % 2**64))
            kind = swim_pb2.Evidence(witness="w").SerializeToString()
            kind += b"\x10" + varint(number % 2**64)
            entry = b"\x42" + varint(len(kind)) + kind
            self.assert_update_refused("evidence", update(state=1) + entry)
            observed = b"\x90\x01" + varint(number % 2**64)
            self.assert_refused("observed", header(ME, MessageType.NACK, "c", 1) + observed)

    def test_tags_beyond_the_limits_are_refused(self) -> None:
        tag = swim_pb2.Tag
        for tags in (
            [tag(key="", value="v")],
            [tag(key="k" * (MAX_NAME_BYTES + 1))],
            [tag(key="a\nb")],
            [tag(key="k", value="1"), tag(key="k", value="2")],
            [tag(key="k", value="v" * MAX_TAGS_BYTES)],
            [tag(key=f"k{number}") for number in range(MAX_TAGS + 1)],
        ):
            self.assert_update_refused("tags", update(tags=tags))

    def test_evidence_about_an_alive_or_left_member_is_refused(self) -> None:
        entry = swim_pb2.Evidence(witness="w")
        for state in (0, 3):
            self.assert_update_refused("evidence", update(state=state, evidence=[entry]))

    def test_too_many_entries_and_too_great_an_age_are_refused(self) -> None:
        entries = [swim_pb2.Evidence(witness=f"w{n}") for n in range(MAX_EVIDENCE + 1)]
        self.assert_update_refused("length", update(state=1, evidence=entries))
        self.assert_update_refused("length", update(state=2, age=MAX_AGE + 1))
        answer = header(ME, MessageType.JOIN_RES, "default", 1)
        listed = [listed_entry(Contact("n2", HERE))]
        self.codec.decode(answer + fields(listed=listed * MAX_LISTED))
        self.assert_refused("length", answer + fields(listed=listed * (MAX_LISTED + 1)))
        for size in (1, DIGEST_PARTS - 1, DIGEST_PARTS + 1):
            table = header(ME, MessageType.TABLE, "default", 1) + fields(digest=[7] * size)
            self.assert_refused("length", table)

    def test_invalid_entries_of_a_join_list_are_refused(self) -> None:
        self.assert_listed_refused("name", name="")
        self.assert_listed_refused("address", address=Address("localhost", 7946))
        self.assert_listed_refused("address", address=Address("127.0.0.1", 0))

    def assert_listed_refused(self, reason: str, **changed: Any) -> None:
        entry = Contact("n2", HERE)._replace(**changed)
        answer = header(ME, MessageType.JOIN_RES, "default", 1)
        self.assert_refused(reason, answer + fields(listed=[listed_entry(entry)]))

    def test_updates_that_are_no_protobuf_are_refused(self) -> None:
        self.assert_update_refused("update", b"\xff")
        self.assert_update_refused("name", b"")

    @given(messages())
    def test_every_truncation_is_refused_or_ends_between_two_fields(self, message: Message) -> None:
        data = encode(message)
        between = {0}
        for part in split(data):
            between.add(max(between) + len(part))
        named = len(split(data)[0])
        for size in range(len(data)):
            try:
                self.codec.decode(data[:size])
            except Malformed:
                continue
            self.assertIn(size, between)
            self.assertGreaterEqual(size, named)

    @given(st.binary(max_size=64))
    def test_random_bytes_raise_no_error_but_malformed(self, data: bytes) -> None:
        for read in (self.codec.decode, self.codec.decode_update):
            attempt: Callable[[bytes], object] = read
            try:
                attempt(data)
            except Malformed as refused:
                self.assertTrue(refused.reason.isalpha())


class OtherVersions(CodecTestCase):
    """Messages of peers with a later version or with the original schema."""

    @given(messages(), st.integers(100, 2**20), st.binary(max_size=20))
    def test_unknown_fields_are_skipped(
        self, message: Message, number: int, content: bytes
    ) -> None:
        unknown = varint(number << 3 | 2) + varint(len(content)) + content
        for data in (unknown + encode(message), encode(message) + unknown):
            self.assertEqual(self.codec.decode(data), message)

    @given(claims(), st.binary(max_size=20))
    def test_unknown_fields_of_updates_are_skipped(self, claim: Claim, content: bytes) -> None:
        unknown = b"\xfa\x01" + varint(len(content)) + content
        self.assertEqual(self.codec.decode_update(encode_update(claim) + unknown), claim)

    def test_the_known_fields_of_a_later_version_are_decoded(self) -> None:
        self.assertEqual(self.codec.decode(header(ME, MessageType.ACK, "default", 7)).version, 7)

    def test_a_message_of_the_original_seven_fields_has_version_zero(self) -> None:
        # By hand, as an encoder of the original schema writes it.
        data = (
            b"\x0a\x03old"  # nodeId
            b"\x12\x0810.1.2.3"  # addr
            b"\x18\xa0\x1f"  # port 4000
            b"\x20\x05"  # heartBeat
            b"\x28\x03"  # type PING_REQ
            b"\x32\x0810.9.8.7"  # destAddr
            b"\x38\x8a\x3e"  # destPort 7946
        )
        self.assertEqual(
            self.codec.decode(data),
            message_of(
                MessageType.PING_REQ,
                "old",
                Address("10.1.2.3", 4000),
                5,
                version=0,
                destination=Address("10.9.8.7", 7946),
            ),
        )

    def test_a_seven_field_peer_may_omit_its_type_and_address(self) -> None:
        self.assertEqual(
            self.codec.decode(b"\x0a\x03old"),
            message_of(MessageType.PING, "old", Address("", 0), version=0),
        )

    def test_an_unreachable_address_of_a_seven_field_peer_is_decoded_without_a_host(self) -> None:
        for host in ("0.0.0.0", "::", "localhost", "224.0.0.1", "fe80::1"):
            data = fields(node_id="old", addr=host, port=4000)
            self.assertEqual(self.codec.decode(data).address, Address("", 4000))
        self.assertEqual(
            self.codec.decode(fields(node_id="old", addr="10.0.0.1")).address, Address("", 0)
        )

    def test_the_heart_beat_of_a_seven_field_peer_is_clamped_to_the_limits(self) -> None:
        for sent, decoded in ((-5, 0), (2**31 - 1, MAX_INCARNATION), (7, 7)):
            data = fields(node_id="old", heart_beat=sent)
            self.assertEqual(self.codec.decode(data).incarnation, decoded)

    def test_types_that_the_original_schema_lacks_are_refused_without_a_version(self) -> None:
        for kind in range(MessageType.LEAVE, len(MessageType)):
            self.assert_refused("version", fields(node_id="old", type=kind))

    def test_updates_in_a_message_of_a_seven_field_peer_are_ignored(self) -> None:
        data = fields(node_id="old", updates=[encode_update(ME)])
        self.assertEqual(self.codec.decode(data).updates, ())

    def test_an_ipv4_mapped_ipv6_address_is_decoded_to_ipv4(self) -> None:
        sender = replace(ME, address=Address("::ffff:10.0.0.1", 7946))
        decoded = self.codec.decode(header(sender, MessageType.PING, "default", 1))
        self.assertEqual(decoded.address, Address("10.0.0.1", 7946))
        mapped = ipaddress.ip_address("::ffff:10.0.0.1").packed
        self.assertEqual(self.codec.decode_update(update(address=mapped)).address.host, "10.0.0.1")


class Caches(CodecTestCase):
    """The decoder's caches are bounded for any input."""

    def sizes(self) -> dict[str, int]:
        held = {**vars(self.codec), **vars(vars(self.codec)["_claims"])}
        return {name: len(cache) for name, cache in held.items() if isinstance(cache, dict)}

    def test_every_cache_is_bounded_in_entries(self) -> None:
        for number in range(ENTRIES + 100):
            sender = replace(ME, name=f"n{number}", address=Address("10.0.0.1", number + 1))
            target = Claim(f"t{number}", HERE, number)
            head, tail = header(sender, MessageType.PING, "default", 1), target_fields(target)
            self.codec.decode(head + sequence_field(1) + tail)
            self.codec.decode(head + tail + framed(encode_update(target)))
        sizes = self.sizes()
        self.assertEqual(len(sizes), 6)
        for size in sizes.values():
            self.assertLessEqual(size, ENTRIES)
            self.assertGreater(size, 0)

    def test_a_probe_between_two_known_members_is_decoded_by_its_head_and_tail(self) -> None:
        target = Claim("n2", HERE, EPOCH, 5)
        for kind, tail in (
            (MessageType.PING, target_fields(target)),
            (MessageType.ACK, b""),
            (MessageType.ACK, target_fields(target)),
        ):
            head = header(ME, kind, "default", 1)
            before = self.codec.decode(head + sequence_field(7) + tail)
            self.patch(self.codec, "_decode_fully", self.fail)
            again = self.codec.decode(head + sequence_field(2**32 - 1) + tail)
            self.assertEqual(again, Message(before.header, 2**32 - 1, aim=before.aim))
            self.codec = Codec(lambda: NOW)

    def test_heads_and_tails_in_another_layout_than_the_encoders_are_not_cached(self) -> None:
        head, target = header(ME, MessageType.ACK, "default", 1), target_fields(ME)
        more = fields(budget=7)
        for data in (
            head + more + sequence_field(1),
            head + sequence_field(1) + more,
            head + sequence_field(1) + target + target,
            head + sequence_field(1) + fields(target_epoch=5),
            head + sequence_field(1) + sequence_field(2),
            head + head + sequence_field(1),
            head + framed(encode_update(ME)) + sequence_field(1),
            head,
        ):
            self.codec.decode(data)
        self.assertEqual(self.sizes()["_heads"], 0)

    def test_updates_longer_than_max_update_bytes_are_not_cached(self) -> None:
        padded = update() + b"\xfa\x01" + varint(60000) + bytes(60000)
        self.assertEqual(self.codec.decode_update(padded).name, "n2")
        self.assertNotIn(padded, vars(vars(self.codec)["_claims"])["_known"])

    def test_a_refused_update_is_not_cached(self) -> None:
        before = self.sizes()
        for _ in range(2):
            self.assert_refused("name", header(replace(ME, name=""), MessageType.PING, "c", 1))
            self.assert_update_refused("incarnation", update(incarnation=2**31))
        after = self.sizes()
        self.assertEqual(after["_known"], before["_known"])

    @given(epochs)
    def test_a_known_sender_is_checked_again_when_its_header_changes(self, epoch: int) -> None:
        self.codec.decode(header(replace(ME, epoch=epoch), MessageType.PING, "default", 1))
        later = replace(ME, epoch=LAST_EPOCH + 1 + epoch)
        self.assertRaises(
            Malformed, self.codec.decode, header(later, MessageType.PING, "default", 1)
        )
