"""What is piggybacked: the news, least told first, each so many times (SWIM §4.1)."""

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
    """Somebody alive; C{tags}: bytes of them."""
    pairs = (("t", "x" * tags),) if tags else ()
    return Claim(name, Address("10.1.0.1", 7946), EPOCH, tags=pairs)


class DisseminationTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.news = self.parts.news

    def hear(self, *those: Claim) -> None:
        for each in those:
            self.parts.membership.apply(each)

    def fill(self, room: int = 1400) -> list[str]:
        """The names of whom the next datagram tells."""
        return [c.name for c in self.claims_of(self.news.fill(room))]

    def claims_of(self, data: bytes) -> list[Claim]:
        wire = swim_pb2.Datagram.FromString(data)
        return [self.scene.codec.decode_update(update) for update in wire.updates]

    def told(self) -> Counter[str]:
        """How often each is told until nothing is news."""
        told: Counter[str] = Counter()
        while self.news.pending:
            told.update(self.fill())
        return told

    def test_it_is_a_source_of_news(self) -> None:
        verifyObject(IUpdateSource, self.news)

    def test_without_news_there_is_nothing_to_tell(self) -> None:
        self.assertFalse(self.news.pending)
        self.assertEqual(self.news.fill(1400), b"")

    def test_a_change_is_news_as_it_was_heard(self) -> None:
        suspect = claim("a", 20).suspected("b")
        self.hear(suspect)
        self.assertTrue(self.news.pending)
        self.assertEqual(self.claims_of(self.news.fill(1400)), [suspect])

    def test_what_others_need_not_hear_from_us_is_no_news(self) -> None:
        self.parts.knows(claim("a"))
        self.assertFalse(self.news.pending)

    def test_what_is_overtaken_by_something_quiet_is_not_told_any_more(self) -> None:
        self.hear(claim("a"))
        self.parts.knows(claim("a").suspected("b"))
        self.assertEqual((self.news.pending, self.fill()), (False, []))

    def test_an_update_is_told_three_times_the_logarithm_of_the_group(self) -> None:
        for size, times in ((2, 6), (6, 6), (7, 9), (19, 9), (20, 12), (54, 15)):
            scene = Scene()
            self.scene, self.parts = scene, scene.member("me")
            self.news = self.parts.news
            self.parts.knows(*(claim(f"m{number}") for number in range(size - 2)))
            self.hear(claim("new"))
            self.assertEqual(self.parts.membership.living, size)
            self.assertEqual(self.told(), {"new": times})
            self.assertEqual(times, 3 * math.ceil(math.log(size + 1)))

    def test_a_newer_update_of_a_member_takes_the_place_of_the_older(self) -> None:
        self.hear(claim("a"))
        self.fill()
        self.hear(claim("a").suspected("b"))
        self.assertEqual(
            self.claims_of(self.news.fill(1400)), [claim("a").suspected("b")], "and only that"
        )
        self.assertEqual(self.told()["a"], transmit_limit(self.parts.config.transmissions, 2) - 1)

    def test_the_least_told_go_first(self) -> None:
        self.hear(claim("a"), claim("b"))
        self.fill()
        self.hear(claim("c"))
        room = len(framed(encode_update(claim("c"))))
        self.assertEqual(self.fill(room), ["c"])
        self.assertEqual(self.fill(room), ["a"], "all were told once, and a waits the longest")
        self.assertEqual(self.fill(2 * room), ["b", "c"])

    def test_what_does_not_fit_waits_and_smaller_news_goes(self) -> None:
        self.hear(claim("large", 500), claim("small"))
        self.assertEqual(self.fill(200), ["small"])
        self.assertEqual(self.fill(), ["large", "small"])

    def test_what_happens_without_a_change_of_a_record_is_no_news(self) -> None:
        self.hear(claim("a"))
        told = self.told()
        self.assertEqual(told["a"], transmit_limit(self.parts.config.transmissions, 2))
        self.parts.membership.announce(Event.STALLED, "a", "its host accepts for it")
        self.assertFalse(self.news.pending)
        self.hear(claim("b"))
        self.parts.membership.announce(Event.CONFLICT, "b", "two are called b")
        self.assertTrue(self.news.pending, "and what was news still is")

    def test_whoever_wants_to_know_is_told_that_there_is_news(self) -> None:
        heard = Calls()
        self.news.on_update(heard)
        self.hear(claim("a"))
        self.assertEqual(len(heard), 1)
        self.parts.knows(claim("b"))
        self.assertEqual(len(heard), 1)

    def test_updates_told_are_counted(self) -> None:
        self.hear(claim("a"), claim("b"))
        self.fill()
        self.assertEqual(self.parts.counters.updates_sent, 2)

    def test_cleared_nothing_is_news(self) -> None:
        self.hear(claim("a"))
        self.fill()
        self.hear(claim("b"))
        self.news.clear()
        self.assertEqual((self.news.pending, self.fill()), (False, []))
        self.hear(claim("c"))
        self.assertEqual(self.fill(), ["c"])

    @given(st.lists(claims(), max_size=40), st.lists(st.integers(-50, 1400), max_size=60))
    def test_no_mix_of_news_is_larger_than_the_room(
        self, those: list[Claim], rooms: list[int]
    ) -> None:
        parts = Scene().member("me")
        for each in those:
            parts.membership.apply(each)
        for room in rooms:
            self.assertLessEqual(len(parts.news.fill(room)), max(0, room))

    @given(st.lists(claims(), max_size=30), st.lists(st.integers(0, 1400), max_size=200))
    def test_no_update_is_told_more_often_than_the_limit(
        self, those: list[Claim], rooms: list[int]
    ) -> None:
        parts = Scene().member("me")
        told: Counter[bytes] = Counter()
        for number, room in enumerate(rooms):
            if number < len(those):
                parts.membership.apply(those[number])
            told.update(swim_pb2.Datagram.FromString(parts.news.fill(room)).updates)
        limit = transmit_limit(parts.config.transmissions, len(those) + 1)
        self.assertLessEqual(max(told.values(), default=0), limit)

    @given(st.lists(claims(), max_size=30))
    def test_all_news_is_told_sooner_or_later_and_then_it_is_none(self, those: list[Claim]) -> None:
        parts = Scene().member("me")
        for each in those:
            parts.membership.apply(each)
        told: set[str] = set()
        for _ in range(2000):
            if not parts.news.pending:
                break
            data = parts.news.fill(1400)
            told.update(c.name for c in self.claims_of(data))
        self.assertFalse(parts.news.pending)
        spread = {m.name for m in parts.membership.members()}
        self.assertLessEqual(spread - {"me"}, told)


class TransmitLimits(SynchronousTestCase):
    def test_an_update_is_told_lambda_log_n_times(self) -> None:
        for members, times in ((1, 3), (2, 6), (7, 9), (8, 9), (100, 15), (1000, 21)):
            self.assertEqual(transmit_limit(3.0, members), times)

    @given(st.floats(0.5, 9), st.integers(1, 20000))
    def test_the_limit_never_shrinks_as_the_group_grows(self, factor: float, members: int) -> None:
        self.assertLessEqual(transmit_limit(factor, members), transmit_limit(factor, members + 1))
