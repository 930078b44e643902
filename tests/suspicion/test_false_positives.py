"""Suspicion timeouts grow after false positives, and shrink again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.suspicion.false_positives import FalsePositiveBackoff


class FalsePositiveBackoffTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.backoff = FalsePositiveBackoff(lambda: self.now)

    def test_the_factor_is_1_without_false_positives(self) -> None:
        self.assertEqual(self.backoff.factor, 1.0)

    def test_each_false_positive_multiplies_the_factor_by_1_5_up_to_4(self) -> None:
        factors = []
        for _ in range(5):
            self.backoff.record()
            factors.append(round(self.backoff.factor, 2))
            self.now += 2
        self.assertEqual(factors[0], 1.5)
        self.assertApproximates(factors[1], 2.25, 0.01)
        self.assertEqual(factors[-1], 4.0)

    def test_false_positives_within_a_second_count_once(self) -> None:
        for _ in range(99):
            self.backoff.record()
        self.assertEqual(self.backoff.factor, 1.5)

    def test_the_excess_of_the_factor_halves_every_hour(self) -> None:
        self.backoff.record()
        self.now += 3600
        self.assertApproximates(self.backoff.factor, 1.25, 1e-9)
        self.now += 36000
        self.assertApproximates(self.backoff.factor, 1.0, 0.001)
