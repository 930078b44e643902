"""Mutated datagrams: the decoder returns a message or raises Malformed, and nothing else."""

from __future__ import annotations

import random
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from fuzz.corpus import CORPUS, NOW
from fuzz.mutations import MUTATIONS, mutate, split, varint
from swimtx.addresses import Address
from swimtx.errors import Malformed
from swimtx.membership.claim import Claim
from swimtx.wire.codec import Codec, encode, header, sequence_field, target_fields
from swimtx.wire.messages import Message, MessageType

TRIES = 20_000
PING, ACK = MessageType.PING, MessageType.ACK


class MutatedDatagrams(SynchronousTestCase):
    """The decoder on bytes that are nearly a message."""

    def setUp(self) -> None:
        self.codec = Codec(self._now)

    def test_the_decoder_raises_no_error_but_malformed(self) -> None:
        chance = random.Random(1)
        outcomes: Counter[str] = Counter()
        for _ in range(TRIES):
            data = mutate(chance, chance.choice(CORPUS), CORPUS)
            try:
                message = self.codec.decode(data)
            except Malformed as refused:
                outcomes[refused.reason] += 1
            except Exception as escaped:
                self.fail(f"{escaped!r} at {data.hex()}")
            else:
                outcomes["decoded"] += 1
                self.assertIsInstance(message, Message)
        self.assertGreater(outcomes["decoded"], TRIES // 10, "the test would be vacuous")
        self.assertGreater(len(outcomes), 12, f"too few kinds of refusal: {outcomes}")

    def test_a_decoded_message_can_be_encoded_and_decoded_again(self) -> None:
        chance = random.Random(2)
        for _ in range(TRIES // 10):
            data = mutate(chance, chance.choice(CORPUS), CORPUS)
            try:
                message = self.codec.decode(data)
            except Malformed:
                continue
            if message.version:
                self.assertEqual(self.codec.decode(encode(message)), message)

    def test_a_decoder_with_filled_caches_decodes_like_a_new_one(self) -> None:
        chance = random.Random(6)
        senders = [Claim(f"n{n}", Address("10.0.0.1", 7946), int(NOW * 1000) + n) for n in range(9)]
        heads = [header(one, kind, "c", 1) for one in senders for kind in (PING, ACK)]
        tails = [b"", *map(target_fields, senders)]
        for data in (*CORPUS, *(h + sequence_field(1) + t for h in heads for t in tails)):
            self.codec.decode(data)
        parts = [field for data in CORPUS for field in split(data)]
        decode_fully = self.codec._decode_fully
        fully_decoded: list[bytes] = []

        def recorded(data: bytes) -> Message:
            fully_decoded.append(data)
            return decode_fully(data)

        self.patch(self.codec, "_decode_fully", recorded)
        for _ in range(TRIES // 4):
            known = [chance.choice(heads), sequence_field(chance.getrandbits(32))]
            known.append(chance.choice(tails))
            if chance.random() < 0.3:
                known.insert(chance.randint(0, 3), chance.choice(parts))
            data = b"".join(known)
            if chance.random() < 0.5:
                data = mutate(chance, data, CORPUS)
            self.assertEqual(
                *(self._message_or_reason(codec, data) for codec in (Codec(self._now), self.codec))
            )
        self.assertGreater(len(fully_decoded), TRIES // 20)
        self.assertLess(len(fully_decoded), TRIES // 4 - TRIES // 20)

    def _now(self) -> float:
        return NOW

    def _message_or_reason(self, codec: Codec, data: bytes) -> Message | str:
        try:
            return codec.decode(data)
        except Malformed as refused:
            return refused.reason


class MutationsTestCase(SynchronousTestCase):
    """The corpus and the mutations of the fuzzer."""

    def test_the_corpus_is_valid_and_has_every_type(self) -> None:
        codec = Codec(lambda: NOW)
        decoded = [codec.decode(data) for data in CORPUS]
        self.assertEqual({message.type for message in decoded}, set(MessageType))
        self.assertEqual({message.version for message in decoded}, {0, 1})

    def test_each_mutation_changes_a_datagram(self) -> None:
        chance = random.Random(3)
        for mutation in MUTATIONS:
            tries = [(data, mutation(chance, data, CORPUS)) for data in CORPUS * 4]
            self.assertTrue(any(before != after for before, after in tries), mutation.__name__)

    def test_each_mutation_accepts_any_short_bytes(self) -> None:
        chance = random.Random(4)
        for mutation in MUTATIONS:
            for size in range(12):
                mutation(chance, chance.randbytes(size), CORPUS)

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        first, second = (mutate(random.Random(5), CORPUS[0], CORPUS) for _ in range(2))
        self.assertEqual(first, second)

    def test_a_datagram_is_split_into_fields_without_loss(self) -> None:
        for data in CORPUS:
            self.assertEqual(b"".join(split(data)), data)
            self.assertGreater(len(split(data)), 3)

    def test_varints_are_encoded_as_in_protobuf(self) -> None:
        for number, written in ((0, "00"), (127, "7f"), (128, "8001"), (2**32 - 1, "ffffffff0f")):
            self.assertEqual(varint(number).hex(), written)
