"""The consequences of a stall of this process: local health, and a refutation."""

from __future__ import annotations

from swimtx.probing.local_health import LocalHealth
from swimtx.probing.stall_clock import StallClock
from swimtx.probing.stall_recovery import StallRecovery
from tests.parts import ComponentTestCase


class StallRecoveryTests(ComponentTestCase):
    settings = {"protocol_period": 1.0}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.clock = StallClock(parts.reactor, parts.journal)
        self.health = LocalHealth()
        StallRecovery(self.clock, parts.membership, self.health, parts.config)

    def stall(self, seconds: float) -> None:
        """Let a timer be so many seconds late."""
        call = self.clock.callLater(0.1, lambda: None)
        self.parts.reactor.stall()
        self.scene.run(0.1 + seconds)
        self.parts.reactor.resume()
        self.scene.run(0.1)
        self.assertFalse(call.active())

    @property
    def incarnation(self) -> int:
        return self.parts.me.incarnation

    def test_each_stall_counts_in_the_local_health(self) -> None:
        self.stall(0.5)
        self.assertEqual((self.health.score, self.incarnation), (1, 0))
        self.stall(1.5)
        self.assertEqual((self.health.score, self.incarnation), (4, 0))

    def test_a_stall_of_two_periods_is_followed_by_a_refutation_that_is_spread(self) -> None:
        self.stall(2.0)
        self.assertEqual(self.incarnation, 1)
        self.assertTrue(self.parts.news.pending)

    def test_two_refutations_are_at_least_five_seconds_apart(self) -> None:
        self.stall(2.0)
        self.stall(2.0)
        self.assertEqual(self.incarnation, 1)
        self.scene.run(3)
        self.stall(2.0)
        self.assertEqual(self.incarnation, 2)

    def test_a_member_that_has_left_refutes_nothing(self) -> None:
        self.parts.membership.depart()
        left = self.parts.me
        self.stall(10)
        self.assertIs(self.parts.me, left)
