"""Tombstones: how long failed and left members are remembered, and how many of them."""

from __future__ import annotations

from dataclasses import replace

from swimtx.addresses import Address
from swimtx.membership.claim import Claim, State
from swimtx.membership.tombstones import Tombstones
from tests.parts import EPOCH, ComponentTestCase

DAY, HOUR = 24 * 3600.0, 3600.0


def claim(name: str, state: State = State.ALIVE, age: float = 0.0) -> Claim:
    return Claim(name, Address("10.1.0.1", 7946), EPOCH, state=state, age=age)


class TombstonesTests(ComponentTestCase):
    settings = {"max_remembered": 3}

    def setUp(self) -> None:
        super().setUp()
        self.parts.use(
            Tombstones(self.parts.reactor, self.parts.membership, self.parts.config),
        )
        self.members = self.parts.membership

    def names(self) -> list[str]:
        return [member.name for member in self.members.members() if member.name != "me"]

    def test_a_failed_member_is_remembered_for_a_day(self) -> None:
        self.parts.knows(claim("a", State.FAILED))
        self.scene.run(DAY - 1)
        self.assertEqual(self.names(), ["a"])
        self.scene.run(DAY / 20 + 1)
        self.assertEqual(self.names(), [])

    def test_a_member_that_left_is_remembered_for_an_hour(self) -> None:
        self.parts.knows(claim("a", State.LEFT))
        self.scene.run(HOUR - 1)
        self.assertEqual(self.names(), ["a"])
        self.scene.run(HOUR / 20 + 1)
        self.assertEqual(self.names(), [])

    def test_the_age_of_a_received_record_counts_towards_its_memory(self) -> None:
        self.parts.knows(claim("old", State.LEFT, age=HOUR / 2), claim("new", State.LEFT))
        self.scene.run(HOUR / 2 + HOUR / 20)
        self.assertEqual(self.names(), ["new"])

    def test_living_members_are_never_removed(self) -> None:
        self.parts.knows(claim("a"), claim("b", State.SUSPECT), claim("c", State.FAILED))
        self.scene.run(2 * DAY)
        self.assertEqual(self.names(), ["a", "b"])

    def test_a_failed_member_that_recovered_is_not_removed(self) -> None:
        self.parts.knows(claim("a", State.FAILED), claim("b", State.FAILED))
        self.scene.run(HOUR)
        self.parts.knows(replace(claim("a"), incarnation=1))
        self.scene.run(2 * DAY)
        self.assertEqual(self.names(), ["a"])

    def test_the_timer_runs_only_while_a_failed_member_is_listed(self) -> None:
        self.parts.knows(claim("a"))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])
        self.parts.knows(claim("a", State.FAILED))
        self.assertEqual(len(self.parts.reactor.getDelayedCalls()), 1)
        self.scene.run(2 * DAY)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_above_the_limit_left_members_are_removed_before_failed_and_the_oldest_first(
        self,
    ) -> None:
        self.parts.knows(claim("f1", State.FAILED), claim("l1", State.LEFT))
        self.parts.knows(claim("l2", State.LEFT), claim("f2", State.FAILED))
        self.assertEqual(self.names(), ["f1", "f2", "l2"])
        self.parts.knows(claim("f3", State.FAILED))
        self.parts.knows(claim("f4", State.FAILED))
        self.assertEqual(self.names(), ["f2", "f3", "f4"])

    def test_the_local_member_is_not_removed_after_it_left(self) -> None:
        self.members.depart()
        for name in "abcdef":
            self.parts.knows(claim(name, State.LEFT))
        self.assertEqual(self.names(), ["e", "f"], "the local member counts too")
        self.assertEqual(self.parts.state("me"), "left")
        self.scene.run(2 * DAY)
        self.assertEqual((self.names(), self.parts.state("me")), ([], "left"))


class NoMemoryTests(ComponentTestCase):
    settings = {"max_remembered": 0}

    def test_the_local_member_can_leave_when_no_member_is_remembered(self) -> None:
        self.parts.use(
            Tombstones(self.parts.reactor, self.parts.membership, self.parts.config),
        )
        self.parts.knows(claim("a", State.FAILED))
        self.parts.membership.depart()
        self.assertEqual([m.name for m in self.parts.membership.members()], ["me"])
