"""The queue of updates to piggyback: the least sent first, each up to a limit (SWIM §4.1)."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.dissemination.update_queue import transmit_limit
from swimtx.interfaces import IUpdateSource
from swimtx.membership.claim import Claim
from swimtx.membership.events import Event
from swimtx.wire import swim_pb2
from swimtx.wire.codec import encode_update, framed
from tests.parts import EPOCH, Calls, ComponentTestCase, Scene
from tests.strategies import claims


def claim(name: str, tags: int = 0) -> Claim:
    """The claim of an alive member with C{tags} bytes of tags."""
    pairs = (("t", "x" * tags),) if tags else ()
    return Claim(name, Address("10.1.0.1", 7946), EPOCH, tags=pairs)


class UpdateQueueTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.queue = self.parts.news

    def apply(self, *those: Claim) -> None:
        for each in those:
            self.parts.membership.apply(each)

    def fill(self, room: int = 1400) -> list[str]:
        """The names of the members whose updates the next datagram carries."""
        return [c.name for c in self.claims_of(self.queue.fill(room))]

    def claims_of(self, data: bytes) -> list[Claim]:
        wire = swim_pb2.Datagram.FromString(data)
        return [self.scene.codec.decode_update(update) for update in wire.updates]

    def sent(self) -> Counter[str]:
        """How often each update is sent until the queue is empty."""
        sent: Counter[str] = Counter()
        while self.queue.pending:
            sent.update(self.fill())
        return sent

    def test_the_queue_provides_the_interface_of_update_sources(self) -> None:
        verifyObject(IUpdateSource, self.queue)

    def test_a_new_queue_is_empty(self) -> None:
        self.assertFalse(self.queue.pending)
        self.assertEqual(self.queue.fill(1400), b"")

    def test_a_change_is_queued_as_it_was_received(self) -> None:
        suspect = claim("a", 20).suspected("b")
        self.apply(suspect)
        self.assertTrue(self.queue.pending)
        self.assertEqual(self.claims_of(self.queue.fill(1400)), [suspect])

    def test_a_change_that_need_not_spread_is_not_queued(self) -> None:
        self.parts.knows(claim("a"))
        self.assertFalse(self.queue.pending)

    def test_an_update_overtaken_by_a_change_that_need_not_spread_is_dropped(self) -> None:
        self.apply(claim("a"))
        self.parts.knows(claim("a").suspected("b"))
        self.assertEqual((self.queue.pending, self.fill()), (False, []))

    def test_an_update_is_sent_three_times_the_logarithm_of_the_group_size(self) -> None:
        for size, times in ((2, 6), (6, 6), (7, 9), (19, 9), (20, 12), (54, 15)):
            scene = Scene()
            self.scene, self.parts = scene, scene.member("me")
            self.queue = self.parts.news
            self.parts.knows(*(claim(f"m{number}") for number in range(size - 2)))
            self.apply(claim("new"))
            self.assertEqual(self.parts.membership.living, size)
            self.assertEqual(self.sent(), {"new": times})
            self.assertEqual(times, 3 * math.ceil(math.log(size + 1)))

    def test_a_newer_update_of_a_member_replaces_the_older(self) -> None:
        self.apply(claim("a"))
        self.fill()
        self.apply(claim("a").suspected("b"))
        self.assertEqual(
            self.claims_of(self.queue.fill(1400)),
            [claim("a").suspected("b")],
            "only the newer update is sent",
        )
        self.assertEqual(self.sent()["a"], transmit_limit(self.parts.config.transmissions, 2) - 1)

    def test_the_least_sent_updates_go_first(self) -> None:
        self.apply(claim("a"), claim("b"))
        self.fill()
        self.apply(claim("c"))
        room = len(framed(encode_update(claim("c"))))
        self.assertEqual(self.fill(room), ["c"])
        self.assertEqual(self.fill(room), ["a"], "all were sent once, and a waits the longest")
        self.assertEqual(self.fill(2 * room), ["b", "c"])

    def test_an_update_that_does_not_fit_waits_while_smaller_updates_are_sent(self) -> None:
        self.apply(claim("large", 500), claim("small"))
        self.assertEqual(self.fill(200), ["small"])
        self.assertEqual(self.fill(), ["large", "small"])

    def test_an_event_without_a_change_of_a_record_is_not_queued(self) -> None:
        self.apply(claim("a"))
        sent = self.sent()
        self.assertEqual(sent["a"], transmit_limit(self.parts.config.transmissions, 2))
        self.parts.membership.announce(Event.STALLED, "a", "its host accepts for it")
        self.assertFalse(self.queue.pending)
        self.apply(claim("b"))
        self.parts.membership.announce(Event.CONFLICT, "b", "two are called b")
        self.assertTrue(self.queue.pending, "an update that was queued stays")

    def test_update_callbacks_are_called_when_an_update_is_queued(self) -> None:
        calls = Calls()
        self.queue.on_update(calls)
        self.apply(claim("a"))
        self.assertEqual(len(calls), 1)
        self.parts.knows(claim("b"))
        self.assertEqual(len(calls), 1)

    def test_sent_updates_are_counted(self) -> None:
        self.apply(claim("a"), claim("b"))
        self.fill()
        self.assertEqual(self.parts.counters.updates_sent, 2)

    def test_a_cleared_queue_is_empty(self) -> None:
        self.apply(claim("a"))
        self.fill()
        self.apply(claim("b"))
        self.queue.clear()
        self.assertEqual((self.queue.pending, self.fill()), (False, []))
        self.apply(claim("c"))
        self.assertEqual(self.fill(), ["c"])

    @given(st.lists(claims(), max_size=40), st.lists(st.integers(-50, 1400), max_size=60))
    def test_no_choice_of_updates_is_larger_than_the_room(
        self, those: list[Claim], rooms: list[int]
    ) -> None:
        parts = Scene().member("me")
        for each in those:
            parts.membership.apply(each)
        for room in rooms:
            self.assertLessEqual(len(parts.news.fill(room)), max(0, room))

    @given(st.lists(claims(), max_size=30), st.lists(st.integers(0, 1400), max_size=200))
    def test_no_update_is_sent_more_often_than_the_limit(
        self, those: list[Claim], rooms: list[int]
    ) -> None:
        parts = Scene().member("me")
        sent: Counter[bytes] = Counter()
        for number, room in enumerate(rooms):
            if number < len(those):
                parts.membership.apply(those[number])
            sent.update(swim_pb2.Datagram.FromString(parts.news.fill(room)).updates)
        limit = transmit_limit(parts.config.transmissions, len(those) + 1)
        self.assertLessEqual(max(sent.values(), default=0), limit)

    @given(st.lists(claims(), max_size=30))
    def test_every_update_is_sent_until_the_queue_is_empty(self, those: list[Claim]) -> None:
        parts = Scene().member("me")
        for each in those:
            parts.membership.apply(each)
        sent: set[str] = set()
        for _ in range(2000):
            if not parts.news.pending:
                break
            data = parts.news.fill(1400)
            sent.update(c.name for c in self.claims_of(data))
        self.assertFalse(parts.news.pending)
        spread = {m.name for m in parts.membership.members()}
        self.assertLessEqual(spread - {"me"}, sent)


class TransmitLimitTests(SynchronousTestCase):
    def test_the_limit_is_lambda_times_the_logarithm_of_the_group_size(self) -> None:
        for members, times in ((1, 3), (2, 6), (7, 9), (8, 9), (100, 15), (1000, 21)):
            self.assertEqual(transmit_limit(3.0, members), times)

    @given(st.floats(0.5, 9), st.integers(1, 20000))
    def test_the_limit_never_shrinks_as_the_group_grows(self, factor: float, members: int) -> None:
        self.assertLessEqual(transmit_limit(factor, members), transmit_limit(factor, members + 1))
