"""Lifeguard's counter, 0 to 7."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.probing.local_health import WORST, LocalHealth


class LocalHealthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.health = LocalHealth()

    def test_it_begins_at_best_and_gets_no_better(self) -> None:
        self.health.succeeded()
        self.assertEqual((self.health.score, self.health.probe_factor), (0, 1))

    def test_each_sign_of_trouble_counts_and_each_success_takes_one_back(self) -> None:
        self.health.worsen()
        self.health.worsen(3)
        self.health.succeeded()
        self.assertEqual(self.health.score, 3)

    def test_it_saturates(self) -> None:
        for _ in range(20):
            self.health.worsen(3)
        self.assertEqual((self.health.score, self.health.probe_factor), (WORST, 8))

    def test_suspicions_are_stretched_less_than_probes(self) -> None:
        factors = []
        for _ in range(WORST + 1):
            factors.append(self.health.suspicion_factor)
            self.health.worsen()
        self.assertEqual(factors, [1, 2, 3, 4, 4, 4, 4, 4])
