"""Figures of simulated groups in virtual time, expected against measured.

::

    python -m benchmarks.simulated [first-ping|load|infection|thousand|mutations|cpu ...]
        [--format json]

Without a name all of them are measured, one after the other: some minutes of CPU. The same seeds
every time: all figures but those of CPU come out the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    simulated_cpu,
    simulated_first_ping,
    simulated_infection,
    simulated_load,
    simulated_mutations,
    simulated_thousand,
)
from benchmarks.real_report import Figure, as_json, as_table
from swimtx.simulation.garbage import seldom_searched

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "first-ping": simulated_first_ping.measure,
    "load": simulated_load.measure,
    "infection": simulated_infection.measure,
    "thousand": simulated_thousand.measure,
    "mutations": simulated_mutations.measure,
    "cpu": simulated_cpu.measure,
}


def measure(parts: Sequence[str] = tuple(PARTS)) -> list[Figure]:
    """The figures of these parts."""
    figures: list[Figure] = []
    for part in parts:
        print(f"measuring: {part}", file=sys.stderr, flush=True)
        figures += PARTS[part]()
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if every budget is kept, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulated", description="Measures simulated groups."
    )
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.part if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    with seldom_searched():
        figures = measure(options.part or tuple(PARTS))
    print(as_json(figures) if options.format == "json" else as_table(figures))
    return int(any(figure.holds is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
