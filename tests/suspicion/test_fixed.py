"""How long a suspect may take to refute (SWIM §4.2)."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.suspicion.fixed import Suspicion
from tests.parts import EPOCH, Calls, ComponentTestCase

A = Claim("a", Address("10.1.0.1", 7946), EPOCH)
OURS, THEIRS = Evidence("me", Observation.SILENT), Evidence("b", Observation.SILENT)


class SuspicionTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.due = Calls()
        parts = self.parts
        self.suspicion = parts.use(
            Suspicion(parts.reactor, parts.membership, parts.config, self.due)
        )
        parts.knows(A)

    def due_after(self) -> float:
        """Seconds until the suspect's time runs out."""
        began = self.scene.now
        while not self.due.all and self.scene.now < began + 100:
            self.scene.run(1 / 16)
        return self.scene.now - began

    def grow(self, size: int) -> None:
        """Make the group so large."""
        for number in range(size - self.parts.membership.living):
            address = Address(f"10.2.{number // 250}.{number % 250 + 1}", 7946)
            self.parts.knows(Claim(f"m{number}", address, EPOCH))

    def test_a_suspect_that_we_saw_silent_has_three_periods(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.assertEqual(self.due_after(), 3.0)
        self.assertEqual(self.due.all, [(A.suspected("me", [OURS]),)])

    def test_who_only_heard_of_it_waits_two_periods_longer(self) -> None:
        self.parts.knows(A.suspected("b", [THEIRS]))
        self.assertEqual(self.due_after(), 5.0)

    def test_in_large_groups_it_has_longer_by_the_logarithm(self) -> None:
        self.grow(100)
        self.parts.knows(A.suspected("me", [OURS]))
        self.assertEqual(self.due_after(), 6.0)

    def test_small_groups_are_no_quicker_than_ten(self) -> None:
        self.grow(10)
        self.parts.knows(A.suspected("me", [OURS]))
        self.assertEqual(self.due_after(), 3.0)

    def test_a_suspect_that_refutes_is_left_alone(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.scene.run(2.9)
        self.parts.knows(A.alive(1))
        self.scene.run(10)
        self.assertEqual(self.due.all, [])
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_one_that_is_declared_or_leaves_meanwhile_is_not_due(self) -> None:
        for end in (A.failed("b"), A.departed()):
            self.parts.knows(A.suspected("me", [OURS]))
            self.parts.knows(end)
            self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_more_evidence_does_not_start_its_time_anew(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.scene.run(2)
        self.parts.knows(A.suspected("b", [THEIRS]))
        self.assertEqual(self.due_after(), 1.0)

    def test_a_later_incarnation_that_is_suspected_has_all_its_time(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.scene.run(2)
        self.parts.knows(A.alive(1).suspected("me", [OURS]))
        self.assertEqual(self.due_after(), 3.0)

    def test_one_that_was_forgotten_is_not_due(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.parts.membership.forget("a")
        self.scene.run(10)
        self.assertEqual(self.due.all, [])

    def test_we_do_not_wait_for_ourselves(self) -> None:
        self.parts.knows(self.parts.me.suspected("b", [THEIRS]))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_who_has_left_the_group_waits_for_nobody(self) -> None:
        self.parts.membership.depart()
        self.parts.knows(A.suspected("b", [THEIRS]))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_stopping_ends_all_waiting(self) -> None:
        self.parts.knows(A.suspected("me", [OURS]))
        self.suspicion.stop()
        self.scene.run(10)
        self.assertEqual(self.due.all, [])
