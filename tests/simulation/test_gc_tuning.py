"""Python looks for cyclic garbage less often while a group is simulated."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from swimtx.simulation import Group
from swimtx.simulation.gc_tuning import seldom_searched


class SeldomTests(SynchronousTestCase):
    def test_it_does_while_that_lasts_and_as_before_afterwards(self) -> None:
        before = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *before)
        with self.assertRaises(ZeroDivisionError), seldom_searched():
            self.assertGreater(gc.get_threshold()[0], before[0])
            1 / 0  # noqa: B018
        self.assertEqual(gc.get_threshold(), before)

    def test_a_group_leaves_little_to_be_searched_for(self) -> None:
        with seldom_searched():
            group = Group(4, 1)
            group.start()
            group.run_for(5)
            gc.collect()
            group.run_for(60)
            self.assertLess(gc.collect(), 2000)
