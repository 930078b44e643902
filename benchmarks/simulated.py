"""Figures of simulated groups in virtual time, expected against measured.

::

    python -m benchmarks.simulated [thousand|mutations|cpu ...] [--format json]

Without a name all parts are measured, one after the other: some minutes of CPU. The seeds are
fixed: all figures but those of CPU are the same in each run and on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    simulated_cpu,
    simulated_mutations,
    simulated_thousand,
)
from benchmarks.command_line import Parser, measured, printed
from benchmarks.report import Figure
from swimtx.simulation.gc_tuning import seldom_searched

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "thousand": simulated_thousand.measure,
    "mutations": simulated_mutations.measure,
    "cpu": simulated_cpu.measure,
}


def measure(parts: Sequence[str] = tuple(PARTS)) -> list[Figure]:
    """The figures of the parts."""
    with seldom_searched():
        return [figure for part in parts for figure in measured(part, PARTS[part])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if every budget is kept, else 1."""
    options = Parser("simulated", "Measures simulated groups.", PARTS).options(arguments)
    return printed(measure(options.part), options.format)


if __name__ == "__main__":
    sys.exit(main())
