"""SWIM as published: the verdicts in its member list, and its lists of updates."""

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
    """A member list with C{ME} and C{OTHER}."""
    membership = kind(now=lambda: 1000.0)
    membership.become(ME)
    membership.apply(OTHER)
    return membership


class BaselineVerdictTests(SynchronousTestCase):
    def test_a_verdict_is_final_for_the_run_of_its_member(self) -> None:
        for kind in (Final, Unaware):
            membership = listing(kind)
            membership.apply(OTHER.failed("me"))
            self.assertIsNone(membership.apply(replace(OTHER, incarnation=9)))
            self.assertEqual(membership.members(State.FAILED)[0].name, "other")

    def test_a_verdict_about_itself_ends_a_final_member_and_not_an_unaware_one(self) -> None:
        for kind, state in ((Final, State.FAILED), (Unaware, State.ALIVE)):
            membership = listing(kind)
            membership.apply(ME.failed("other"))
            me = membership.get("me")
            assert me is not None
            self.assertIs(me.state, state)


class TwoListsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.membership = listing(Final)
        self.updates = TwoLists(self.membership, as_in_the_paper(), Counters())
        self.calls: list[int] = []
        self.updates.on_update(lambda: self.calls.append(1))

    def others(self, count: int) -> list[Claim]:
        """Add C{count} members, and return their claims."""
        joined = [
            replace(OTHER, name=f"n{n}", address=Address("10.0.1.1", n + 1)) for n in range(count)
        ]
        for claim in joined:
            self.membership.apply(claim)
        return joined

    def filled(self, size: int = 1400) -> list[bool]:
        """For each update in a datagram, whether its member is living."""
        codec = Codec(lambda: 1000.0)
        head = header(ME, MessageType.GOSSIP, "", VERSION)
        return [
            claim.state.living for claim in codec.decode(head + self.updates.fill(size)).updates
        ]

    def test_each_list_has_an_equal_share_of_six_updates(self) -> None:
        for claim in self.others(20)[:10]:
            self.membership.apply(claim.failed("me"))
        self.assertEqual(self.filled(), [True] * 3 + [False] * 3)
        self.assertLessEqual(len(self.updates.fill(60)), 60)

    def test_the_lists_do_not_lend_each_other_their_share(self) -> None:
        self.others(20)
        self.assertEqual(self.filled(), [True] * 3)

    def test_a_member_is_in_one_list_and_after_a_clear_in_none(self) -> None:
        (one,) = self.others(1)
        self.assertEqual(self.filled(), [True])
        self.membership.apply(one.failed("me"))
        self.assertEqual(self.filled(), [False])
        self.assertTrue(self.updates.pending)
        self.assertEqual(len(self.calls), 2)
        self.updates.clear()
        self.assertFalse(self.updates.pending)

    def test_the_two_lists_are_an_update_source(self) -> None:
        self.assertTrue(verifyObject(IUpdateSource, self.updates))
