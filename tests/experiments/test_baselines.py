"""SWIM as published: what its member list makes of verdicts."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.experiments.swim_baseline import Final, Unaware, as_in_the_paper
from swimtx.experiments.swim_piggyback import TwoLists
from swimtx.interfaces import IUpdateSource
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.wire.codec import Codec, header
from swimtx.wire.messages import VERSION, MessageType

ME = Claim("me", Address("10.0.0.1", 1), 100)
OTHER = Claim("other", Address("10.0.0.2", 1), 100)


def listing(kind: type[Membership]) -> Membership:
    """Me and one other."""
    membership = kind(now=lambda: 1000.0)
    membership.become(ME)
    membership.apply(OTHER)
    return membership


class AVerdict(SynchronousTestCase):
    def test_is_final_whatever_its_member_says_later_in_the_same_run(self) -> None:
        for kind in (Final, Unaware):
            membership = listing(kind)
            membership.apply(OTHER.failed("me"))
            self.assertIsNone(membership.apply(replace(OTHER, incarnation=9)))
            self.assertEqual(membership.members(State.FAILED)[0].name, "other")

    def test_about_oneself_is_heard_by_who_is_to_end_and_not_by_who_goes_on(self) -> None:
        for kind, state in ((Final, State.FAILED), (Unaware, State.ALIVE)):
            membership = listing(kind)
            membership.apply(ME.failed("other"))
            me = membership.get("me")
            assert me is not None
            self.assertIs(me.state, state)


class TwoListsOfNews(SynchronousTestCase):
    def setUp(self) -> None:
        self.membership = listing(Final)
        self.news = TwoLists(self.membership, as_in_the_paper(), Counters())
        self.told: list[int] = []
        self.news.on_update(lambda: self.told.append(1))

    def others(self, count: int) -> list[Claim]:
        """So many that have just come."""
        come = [
            replace(OTHER, name=f"n{n}", address=Address("10.0.1.1", n + 1)) for n in range(count)
        ]
        for claim in come:
            self.membership.apply(claim)
        return come

    def filled(self, room: int = 1400) -> list[bool]:
        """Of each update in a datagram: whether it is of a living member."""
        codec = Codec(lambda: 1000.0)
        head = header(ME, MessageType.GOSSIP, "", VERSION)
        return [claim.state.living for claim in codec.decode(head + self.news.fill(room)).updates]

    def test_have_an_equal_share_each_of_six_updates(self) -> None:
        for claim in self.others(20)[:10]:
            self.membership.apply(claim.failed("me"))
        self.assertEqual(self.filled(), [True] * 3 + [False] * 3)
        self.assertLessEqual(len(self.news.fill(60)), 60)

    def test_do_not_lend_each_other_room(self) -> None:
        self.others(20)
        self.assertEqual(self.filled(), [True] * 3)

    def test_a_member_is_in_one_of_them_and_then_in_none(self) -> None:
        (one,) = self.others(1)
        self.assertEqual(self.filled(), [True])
        self.membership.apply(one.failed("me"))
        self.assertEqual(self.filled(), [False])
        self.assertTrue(self.news.pending)
        self.assertEqual(len(self.told), 2)
        self.news.clear()
        self.assertFalse(self.news.pending)

    def test_are_news(self) -> None:
        self.assertTrue(verifyObject(IUpdateSource, self.news))
