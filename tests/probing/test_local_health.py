"""Local health, the counter from 0 to 7 (Lifeguard §IV-A)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.probing.local_health import WORST, LocalHealth


class LocalHealthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.health = LocalHealth()

    def test_the_score_begins_at_0_and_never_falls_below(self) -> None:
        self.health.probe_succeeded()
        self.assertEqual((self.health.score, self.health.probe_factor), (0, 1))

    def test_each_event_adds_its_weight_to_the_score(self) -> None:
        for event, weight in (
            (self.health.refuted, 1),
            (self.health.nack_missed, 1),
            (self.health.probe_failed, 1),
            (self.health.reconnected, 1),
            (lambda: self.health.stalled(0.2), 1),
            (lambda: self.health.stalled(1.0), 3),
        ):
            before = self.health.score = 2
            event()
            self.assertEqual(self.health.score - before, weight)
            self.health.probe_succeeded()
            self.assertEqual(self.health.score - before, weight - 1)

    def test_the_score_never_rises_above_7(self) -> None:
        for _ in range(20):
            self.health.stalled(5.0)
        self.assertEqual((self.health.score, self.health.probe_factor), (WORST, 8))

    def test_the_factor_of_suspicion_timeouts_never_rises_above_4(self) -> None:
        factors = []
        for _ in range(WORST + 1):
            factors.append(self.health.suspicion_factor)
            self.health.refuted()
        self.assertEqual(factors, [1, 2, 3, 4, 4, 4, 4, 4])
