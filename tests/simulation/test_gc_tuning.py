"""Python's cyclic garbage collector runs less often while a group is simulated."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from swimtx.simulation import Group
from swimtx.simulation.gc_tuning import seldom_searched


class GarbageCollectionTests(SynchronousTestCase):
    def test_python_collects_seldom_within_the_context_and_as_before_after_it(self) -> None:
        before = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *before)
        with self.assertRaises(ZeroDivisionError), seldom_searched():
            self.assertGreater(gc.get_threshold()[0], before[0])
            1 / 0  # noqa: B018
        self.assertEqual(gc.get_threshold(), before)

    def test_a_running_group_leaves_little_cyclic_garbage(self) -> None:
        with seldom_searched():
            group = Group(4, 1)
            group.start()
            group.run_for(5)
            gc.collect()
            group.run_for(60)
            self.assertLess(gc.collect(), 2000)
