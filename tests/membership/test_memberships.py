"""What holds for each member list that programs see, that of swimtx and those of experiments."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.errors import NotRunning
from swimtx.experiments.memberlist_baseline import FirstHeard
from swimtx.experiments.swim_baseline import Final, Unaware
from swimtx.interfaces import IMembership
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from tests.strategies import EPOCH, NOW

ME = Claim("me", Address("10.0.0.1", 7946), EPOCH, tags=(("role", "web"),), by="me")


def claim(name: str) -> Claim:
    """The claim of an alive member."""
    return Claim(name, Address("10.0.0.2", 7946), EPOCH, by=name)


class MembershipTestsMixin:
    """Tests for every C{IMembership}, to be mixed in with a C{TestCase}."""

    def make(self) -> Any:
        """A member list before its node has started."""
        raise NotImplementedError

    def start(self, membership: Any) -> None:
        """Have C{ME} become the local member."""
        membership.become(ME)

    def change(self, membership: Any, claim: Claim) -> None:
        """Have the list learn a claim."""
        membership.apply(claim)

    def started(self) -> Any:
        """A member list with the local member, the alive b and a, the suspect s, the failed f."""
        membership = self.make()
        self.start(membership)
        for each in (claim("b"), claim("s"), claim("f"), claim("a")):
            self.change(membership, each)
        self.change(membership, claim("s").suspected("me"))
        self.change(membership, claim("f").failed("me"))
        return membership

    def test_the_list_provides_its_interface(self: Any) -> None:
        verifyObject(IMembership, self.started())

    def test_a_list_before_the_start_is_empty_and_has_no_local_member(self: Any) -> None:
        membership = self.make()
        self.assertEqual((len(membership), membership.living, membership.members()), (0, 0, ()))
        self.assertIsNone(membership.name)
        self.assertRaises(NotRunning, lambda: membership.me)
        self.assertIsNone(membership.get("me"))

    def test_the_local_member_is_listed_as_others_list_it(self: Any) -> None:
        membership = self.started()
        self.assertEqual(membership.name, "me")
        self.assertEqual(membership.me, membership.get("me"))
        self.assertEqual((membership.me.port, dict(membership.me.tags)), (7946, {"role": "web"}))

    def test_members_of_all_states_are_counted_and_only_some_are_living(self: Any) -> None:
        membership = self.started()
        self.assertEqual((len(membership), membership.living), (5, 4))
        self.assertTrue(all(name in membership for name in ("me", "a", "s", "f")))
        self.assertFalse("unknown" in membership or None in membership or 7 in membership)

    def test_members_are_given_in_the_order_of_their_names(self: Any) -> None:
        membership = self.started()
        members = membership.members()
        self.assertIs(type(members), tuple)
        self.assertEqual([member.name for member in members], ["a", "b", "f", "me", "s"])
        for state, names in (
            (State.ALIVE, ["a", "b", "me"]),
            (State.SUSPECT, ["s"]),
            (State.FAILED, ["f"]),
            (State.LEFT, []),
        ):
            self.assertEqual([member.name for member in membership.members(state)], names)

    def test_a_member_cannot_be_changed_by_a_program(self: Any) -> None:
        member = self.started().get("a")
        with self.assertRaises(FrozenInstanceError):
            member.state = State.FAILED
        with self.assertRaises(TypeError):
            member.tags["role"] = "db"

    def test_a_tuple_of_members_does_not_change_with_the_list(self: Any) -> None:
        membership = self.started()
        before = membership.members()
        self.change(membership, claim("a").failed("me"))
        self.assertIs(before[0].state, State.ALIVE)
        self.assertIs(membership.get("a").state, State.FAILED)

    def test_a_listener_gets_each_change_in_order_until_its_subscription_ends(self: Any) -> None:
        membership = self.started()
        heard: list[tuple[str, str]] = []

        def listen(change: Any) -> None:
            heard.append((str(change.event), change.member.name))

        stop = membership.subscribe(listen)
        self.change(membership, claim("c"))
        self.change(membership, claim("a").suspected("me"))
        self.change(membership, claim("a").failed("me"))
        self.change(membership, claim("a").failed("me"))
        self.assertEqual(heard, [("joined", "c"), ("suspected", "a"), ("failed", "a")])
        stop()
        stop()
        self.change(membership, claim("d"))
        self.assertEqual(len(heard), 3)

    def test_a_listener_may_subscribe_before_the_start(self: Any) -> None:
        membership = self.make()
        heard: list[str] = []
        membership.subscribe(lambda change: heard.append(change.member.name))
        self.start(membership)
        self.change(membership, claim("c"))
        self.assertEqual(heard, ["c"])

    def test_changes_that_a_listener_causes_are_told_after_those_before(self: Any) -> None:
        membership = self.started()
        heard: list[str] = []

        def cause(change: Any) -> None:
            if change.member.name == "c":
                self.change(membership, claim("d"))

        membership.subscribe(cause)
        membership.subscribe(lambda change: heard.append(change.member.name))
        self.change(membership, claim("c"))
        self.assertEqual(heard, ["c", "d"])

    def test_a_listener_that_raises_is_logged_and_stays_subscribed(self: Any) -> None:
        membership = self.started()
        heard: list[str] = []

        def fail(change: Any) -> None:
            heard.append(change.member.name)
            raise RuntimeError("a listener of a program")

        membership.subscribe(fail)
        for name in ("c", "d"):
            self.change(membership, claim(name))
        self.assertEqual(heard, ["c", "d"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_a_listener_that_cannot_be_called_is_refused(self: Any) -> None:
        self.assertRaises(TypeError, self.make().subscribe, None)


class TableTests(MembershipTestsMixin, SynchronousTestCase):
    kind: type[Membership] = Membership

    def make(self) -> Membership:
        return self.kind(lambda: NOW)


class FinalTests(TableTests):
    kind = Final


class UnawareTests(TableTests):
    kind = Unaware


class FirstHeardTests(TableTests):
    kind = FirstHeard
