"""The counters of a node."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from swimtx.counters import Counters


class CountersTests(SynchronousTestCase):
    def test_all_counters_begin_at_0(self) -> None:
        counters = Counters().as_dict()
        self.assertEqual(set(counters), set(Counters.__slots__))
        self.assertEqual(counters.pop("malformed"), {})
        self.assertEqual(set(counters.values()), {0})

    def test_a_counter_that_does_not_exist_cannot_be_counted(self) -> None:
        with self.assertRaises(AttributeError):
            Counters().unknown += 1  # type: ignore[attr-defined]

    def test_a_dict_of_the_counters_does_not_change_with_them(self) -> None:
        counters = Counters()
        counters.probes += 1
        counters.malformed["claim"] = 1
        taken = counters.as_dict()
        counters.probes += 1
        counters.malformed["claim"] += 1
        self.assertEqual((taken["probes"], taken["malformed"]), (1, {"claim": 1}))

    def test_the_names_of_counters_are_sorted_words(self) -> None:
        names = list(Counters().as_dict())
        self.assertEqual(names, sorted(names))
        self.assertTrue(all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names))
