"""Determinism: the same seed gives the same trace, to the last byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from swimtx.simulation import Group
from tests.stories.scenes import Story

ROOT = Path(__file__).resolve().parent.parent.parent


def trace(seed: int) -> str:
    """A hash of all datagrams and announcements of a group with many faults."""
    group = Group(12, seed, loss=0.1, bootstrap=True)
    digest = hashlib.sha256()
    group.network.trace = lambda *sent: digest.update(repr(sent).encode())
    group.start()
    group.run_for(10)
    group.kill("n3")
    group.stall("n4", 8)
    group.leave("n5")
    group.run_for(20)
    group.restart("n3", skew=-60.0)
    group.partition(["n6", "n7"])
    group.run_for(20)
    group.heal()
    group.run_for(20)
    digest.update(repr(group.history).encode())
    return digest.hexdigest()


class DeterminismStories(Story):
    def test_the_same_seed_gives_the_same_trace(self) -> None:
        self.assertEqual(trace(7), trace(7))

    def test_another_seed_gives_another_trace(self) -> None:
        self.assertNotEqual(trace(7), trace(8))

    def test_the_trace_does_not_depend_on_the_hash_seed_of_the_process(self) -> None:
        script = "from tests.stories.test_determinism import trace; print(trace(7))"
        for hash_seed in ("1", "2"):
            done = subprocess.run(
                [sys.executable, "-c", script],
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed},
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
            self.assertEqual(done.stdout.strip(), trace(7))
