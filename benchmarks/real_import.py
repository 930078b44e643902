"""The CPU time of importing swimtx into a program that has imported Twisted.

C{import swimtx} defers most imports until a name is used, so the import of a whole member is shown
as well, and protobuf's share of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Figure, at_most, exactly, shown

BUDGET = 0.05  # seconds of CPU time, which does not count other processes
LATER = ("twisted.web", "twisted.names", "rich")
"""Packages that must not be imported before their first use."""

_ROOT = Path(__file__).resolve().parent.parent
_TIMED = """
import json, sys, time
spent_before = time.process_time()
import twisted.application.service, twisted.internet.endpoints, twisted.internet.protocol
import twisted.internet.reactor, twisted.internet.task, twisted.logger, twisted.protocols.basic
twisted_spent = time.process_time() - spent_before
began, spent = time.perf_counter(), time.process_time()
import swimtx
alone = time.process_time() - spent
protobuf = time.process_time()
import google.protobuf.descriptor_pool, google.protobuf.internal.builder
protobuf = time.process_time() - protobuf
from swimtx import Config, Node, SwimService
took, spent = time.perf_counter() - began, time.process_time() - spent
early = [name for name in sys.argv[1:] if name in sys.modules]
print(json.dumps([took, spent, alone, protobuf, twisted_spent, early]))
"""


def measure(repeats: int = 11) -> list[Figure]:
    """The figures, each repeat in an interpreter of its own."""
    with tempfile.TemporaryDirectory(prefix="swimtx-") as folder:
        _once(folder)  # writes the bytecode, and fills the cache of the disk
        *times, early = zip(*(_once(folder) for _ in range(repeats)), strict=True)
    wall, cpu, alone, protobuf, before = (1000 * statistics.median(kind) for kind in times)
    return [
        at_most("import", "import swimtx after Twisted, CPU ms", alone, 1000 * BUDGET, ".1f"),
        shown("import", "and a whole member of it, CPU ms", f"{cpu:.1f}"),
        shown("import", "of which protobuf, CPU ms", f"{protobuf:.1f}"),
        shown("import", "the same by the clock, ms", f"{wall:.1f}"),
        shown("import", "Twisted itself, CPU ms", f"{before:.1f}"),
        exactly(
            "import",
            f"imported too soon, of {', '.join(LATER)}",
            ", ".join(sorted({name for names in early for name in names})) or "none",
            "none",
        ),
    ]


def _once(bytecode: str) -> tuple[float, float, float, float, float, list[str]]:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, *LATER],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    took, spent, alone, protobuf, before, early = json.loads(done.stdout)
    return took, spent, alone, protobuf, before, early
