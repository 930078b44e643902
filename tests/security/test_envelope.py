"""Envelopes: each message comes out as it was put in, and a sealed one only unchanged."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.errors import Malformed
from swimtx.interfaces import IEnvelope
from swimtx.security.envelope import PlainEnvelope
from swimtx.transport.tcp import MAX_FRAME
from tests.security.doubles import CountingEnvelope, TaggedEnvelope
from tests.strategies import mixed_in


class EnvelopeTestsMixin:
    """Tests for every C{IEnvelope}, to be mixed in with a C{TestCase}."""

    def make(self) -> Any:
        """An envelope; all that this returns have the same key."""
        raise NotImplementedError

    def test_the_envelope_provides_its_interface(self: Any) -> None:
        verifyObject(IEnvelope, self.make())

    @mixed_in
    @given(st.binary(max_size=2000))
    @example(b"")
    @example(bytes(MAX_FRAME))
    def test_another_member_of_the_group_opens_the_bytes_that_were_sealed(
        self: Any, data: bytes
    ) -> None:
        self.assertEqual(self.make().open(self.make().seal(data)), data)

    @mixed_in
    @given(st.binary(max_size=2000))
    @example(b"")
    def test_sealing_adds_at_most_the_overhead(self: Any, data: bytes) -> None:
        envelope = self.make()
        self.assertLessEqual(len(envelope.seal(data)) - len(data), envelope.overhead)

    def test_the_overhead_is_reached_by_some_message(self: Any) -> None:
        envelope = self.make()
        added = [len(envelope.seal(bytes(size))) - size for size in range(100)]
        self.assertEqual(max(added), envelope.overhead)

    @mixed_in
    @given(st.binary(max_size=200))
    @example(b"")
    def test_opening_any_bytes_gives_bytes_or_raises_malformed(self: Any, data: bytes) -> None:
        try:
            opened = self.make().open(data)
        except Malformed as error:
            self.assertTrue(error.reason)
        else:
            self.assertIs(type(opened), bytes)


class SealingEnvelopeTestsMixin(EnvelopeTestsMixin):
    """Tests for every C{IEnvelope} with a key."""

    def make_stranger(self) -> Any:
        """An envelope of the same kind, with another key."""
        raise NotImplementedError

    @mixed_in
    @given(st.binary(max_size=200))
    @example(b"")
    def test_bytes_that_were_not_sealed_are_malformed(self: Any, data: bytes) -> None:
        self.assertRaises(Malformed, self.make().open, data)

    @mixed_in
    @given(st.binary(max_size=200))
    def test_bytes_that_were_sealed_with_another_key_are_malformed(self: Any, data: bytes) -> None:
        self.assertRaises(Malformed, self.make().open, self.make_stranger().seal(data))

    @mixed_in
    @given(st.binary(max_size=200), st.data())
    def test_sealed_bytes_with_one_bit_changed_are_malformed(
        self: Any, data: bytes, draw: st.DataObject
    ) -> None:
        sealed = bytearray(self.make().seal(data))
        bit = draw.draw(st.integers(0, 8 * len(sealed) - 1))
        sealed[bit // 8] ^= 1 << bit % 8
        self.assertRaises(Malformed, self.make().open, bytes(sealed))

    @mixed_in
    @given(st.binary(max_size=200), st.data())
    def test_sealed_bytes_that_were_cut_or_extended_are_malformed(
        self: Any, data: bytes, draw: st.DataObject
    ) -> None:
        sealed = self.make().seal(data)
        cut = draw.draw(st.integers(0, len(sealed) - 1))
        for changed in (sealed[:cut], sealed[len(sealed) - cut :], sealed + b"\x00"):
            self.assertRaises(Malformed, self.make().open, changed)


class PlainEnvelopeTests(EnvelopeTestsMixin, SynchronousTestCase):
    def make(self) -> PlainEnvelope:
        return PlainEnvelope()

    def test_a_plain_envelope_leaves_the_bytes_unchanged(self) -> None:
        self.assertEqual(self.make().seal(b"data"), b"data")
        self.assertEqual(self.make().overhead, 0)


class CountingEnvelopeTests(EnvelopeTestsMixin, SynchronousTestCase):
    """The double of other tests."""

    def make(self) -> CountingEnvelope:
        return CountingEnvelope()


class TaggedEnvelopeTests(SealingEnvelopeTestsMixin, SynchronousTestCase):
    """The double of other tests."""

    def make(self) -> TaggedEnvelope:
        return TaggedEnvelope()

    def make_stranger(self) -> TaggedEnvelope:
        return TaggedEnvelope(b"another key")
