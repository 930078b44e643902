"""Sources of updates to piggyback: what holds for each of them (SWIM §4.1)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx import Config
from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.dissemination.update_queue import UpdateQueue, transmit_limit
from swimtx.experiments.swim_piggyback import NoUpdates, OfTheFailed, OfTheLiving, TwoLists
from swimtx.interfaces import IUpdateSource
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.wire import swim_pb2
from tests.strategies import EPOCH, NOW, claims, mixed_in

ROOM = 1400  # bytes

rooms = st.lists(st.integers(-50, ROOM) | st.integers(0, 60), max_size=40)


class UpdateSourceTestsMixin:
    """Tests for every C{IUpdateSource} that tells of changes, to be mixed in with a C{TestCase}."""

    membership: Membership
    counters: Counters
    config: Config
    source: Any
    gone = False
    """Whether the source tells of members that have failed, and of no others."""

    def make(self) -> Any:
        """A source that watches C{self.membership}, and counts in C{self.counters}."""
        raise NotImplementedError

    def setUp(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin with an empty member list, and a new source."""
        self.config = Config.lan(name="me", insecure=True)
        self.counters = Counters()
        self.membership = Membership(lambda: NOW, 1000)
        self.source = self.make()
        self.membership.become(Claim("me", Address("10.0.0.1", 7946), EPOCH, by="me"))
        self.source.clear()

    def change(self, *numbers: int) -> None:
        """Make a change about each of these members, which the source tells."""
        for number in numbers:
            claim = Claim(f"m{number}", Address("10.1.0.1", 1 + number), EPOCH)
            if self.gone:
                self.membership.apply(claim, spread=False)
                claim = claim.failed("me")
            self.membership.apply(claim)

    def names(self, data: bytes) -> list[str]:
        """The names of the members that framed updates are about."""
        return [
            swim_pb2.Update.FromString(update).name
            for update in swim_pb2.Datagram.FromString(data).updates
        ]

    def told(self: Any) -> Counter[str]:
        """How often each update is told until nothing is left."""
        told: Counter[str] = Counter()
        for _ in range(1000):
            if self.source.pending:
                told.update(self.names(self.source.fill(ROOM)))
        self.assertFalse(self.source.pending, "the source always has something left to tell")
        return told

    def test_the_source_provides_its_interface(self: Any) -> None:
        verifyObject(IUpdateSource, self.source)

    def test_a_new_source_has_nothing_to_tell(self: Any) -> None:
        self.assertFalse(self.source.pending)
        self.assertEqual(self.source.fill(ROOM), b"")

    def test_a_change_is_told_with_the_next_message(self: Any) -> None:
        self.change(1)
        self.assertTrue(self.source.pending)
        self.assertEqual(self.names(self.source.fill(ROOM)), ["m1"])

    def test_each_fill_counts_as_told_once_more_up_to_the_limit(self: Any) -> None:
        for number in range(20):
            self.renew()
            self.change(*range(number + 1))
            limit = transmit_limit(self.config.transmissions, self.membership.living)
            told = self.told()
            self.assertEqual(told, {f"m{each}": limit for each in range(number + 1)})
            self.assertEqual(self.counters.updates_sent, told.total())

    def test_nothing_is_pending_when_everything_was_told(self: Any) -> None:
        self.change(1, 2)
        self.told()
        self.assertFalse(self.source.pending)
        self.assertEqual(self.source.fill(ROOM), b"")
        self.change(3)
        self.assertTrue(self.source.pending)

    def test_an_update_that_finds_no_room_is_not_counted_and_stays_pending(self: Any) -> None:
        self.change(1)
        for room in (-1, 0, 1, 15):
            self.assertEqual(self.source.fill(room), b"")
        self.assertEqual(self.counters.updates_sent, 0)
        self.assertTrue(self.source.pending)
        limit = transmit_limit(self.config.transmissions, self.membership.living)
        self.assertEqual(self.told(), {"m1": limit})

    def test_an_update_fits_a_room_of_exactly_its_size(self: Any) -> None:
        self.change(1)
        size = len(self.source.fill(ROOM))
        self.assertEqual(self.source.fill(size - 1), b"")
        self.assertEqual(len(self.source.fill(size)), size)

    def test_the_callback_is_called_for_each_new_update(self: Any) -> None:
        calls: list[int] = []
        self.source.on_update(lambda: calls.append(1))
        self.change(1, 2)
        self.assertEqual(len(calls), 2)
        self.told()
        self.assertEqual(len(calls), 2)

    def test_a_cleared_source_has_nothing_to_tell(self: Any) -> None:
        self.change(1, 2)
        self.source.clear()
        self.assertFalse(self.source.pending)
        self.assertEqual(self.source.fill(ROOM), b"")

    @settings(mixed_in, max_examples=25)
    @given(st.lists(claims(), max_size=20), rooms)
    def test_no_fill_exceeds_its_room_and_each_is_of_whole_updates(
        self: Any, those: list[Claim], rooms: list[int]
    ) -> None:
        self.renew()
        for claim in those:
            self.membership.apply(claim)
        known = {claim.name for claim in those}
        for room in rooms:
            data = self.source.fill(room)
            self.assertLessEqual(len(data), max(0, room))
            names = self.names(data)
            self.assertEqual(len(names), len(set(names)), "a member is named once in a message")
            self.assertLessEqual(set(names), known | {"me"})

    @settings(mixed_in, max_examples=25)
    @given(st.lists(claims(), max_size=20))
    def test_all_updates_were_told_when_nothing_is_pending(self: Any, those: list[Claim]) -> None:
        self.renew()
        for claim in those:
            self.membership.apply(claim)
            self.assertEqual(bool(self.source.pending), bool(self.waiting()))
        self.told()
        self.assertEqual(self.waiting(), [])

    def waiting(self) -> list[str]:
        """The members whose updates are to be told, by the books of the source."""
        raise NotImplementedError


class UpdateQueueTests(UpdateSourceTestsMixin, SynchronousTestCase):
    source: UpdateQueue

    def make(self) -> UpdateQueue:
        return UpdateQueue(self.membership, self.config, self.counters)

    def waiting(self) -> list[str]:
        return list(self.source._told)


class OfTheLivingTests(UpdateQueueTests):
    def make(self) -> UpdateQueue:
        return OfTheLiving(self.membership, self.config, self.counters)

    def test_no_message_carries_more_than_three_updates(self) -> None:
        self.change(*range(9))
        self.assertEqual(len(self.names(self.source.fill(ROOM))), 3)


class OfTheFailedTests(UpdateQueueTests):
    gone = True

    def make(self) -> UpdateQueue:
        return OfTheFailed(self.membership, self.config, self.counters)


class TwoListsOfTheLivingTests(UpdateSourceTestsMixin, SynchronousTestCase):
    source: TwoLists

    def make(self) -> TwoLists:
        return TwoLists(self.membership, self.config, self.counters)

    def waiting(self) -> list[str]:
        return [name for each in self.source._lists for name in each._told]


class TwoListsOfTheFailedTests(TwoListsOfTheLivingTests):
    gone = True


class NoUpdatesTests(SynchronousTestCase):
    """The source that never has anything to tell."""

    def test_nothing_is_told_of_any_change(self) -> None:
        membership = Membership(lambda: NOW, 1000)
        source = NoUpdates(membership, Config.lan(name="me", insecure=True), Counters())
        verifyObject(IUpdateSource, source)
        membership.become(Claim("me", Address("10.0.0.1", 7946), EPOCH, by="me"))
        membership.apply(Claim("m1", Address("10.1.0.1", 1), EPOCH))
        self.assertFalse(source.pending)
        self.assertEqual(source.fill(ROOM), b"")
