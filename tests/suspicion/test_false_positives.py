"""Hasty verdicts make the next one slower, for a while."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.suspicion.false_positives import FalsePositiveBackoff


class RegretTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.regret = FalsePositiveBackoff(lambda: self.now)

    def test_without_regret_nothing_is_stretched(self) -> None:
        self.assertEqual(self.regret.factor, 1.0)

    def test_each_hasty_verdict_adds_half_up_to_four_times(self) -> None:
        factors = []
        for _ in range(5):
            self.regret.record()
            factors.append(round(self.regret.factor, 2))
            self.now += 2
        self.assertEqual(factors[0], 1.5)
        self.assertApproximates(factors[1], 2.25, 0.01)
        self.assertEqual(factors[-1], 4.0)

    def test_one_incident_counts_once(self) -> None:
        for _ in range(99):
            self.regret.record()
        self.assertEqual(self.regret.factor, 1.5)

    def test_it_is_half_forgotten_after_an_hour(self) -> None:
        self.regret.record()
        self.now += 3600
        self.assertApproximates(self.regret.factor, 1.25, 1e-9)
        self.now += 36000
        self.assertApproximates(self.regret.factor, 1.0, 0.001)
