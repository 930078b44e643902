"""SWIM as published: what its member list makes of verdicts."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swimtx.member import Address, Claim, State
from swimtx.membership import Membership
from swimtx.simulation.baselines import BASIC, INFECTION, Final, Unaware, Unspoken, crowded

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


class RoomForUpdates(SynchronousTestCase):
    def test_means_nothing_where_nothing_is_piggybacked(self) -> None:
        self.assertIs(crowded(BASIC, 2).news, Unspoken)
        self.assertIsNot(crowded(INFECTION, 2).news, INFECTION.news)
