"""Figures of real processes on real sockets, expected against measured.

::

    python -m benchmarks.real [echo|idle|import|group|split|loss|one-transport ...] [--format json]

Without a name all of them are measured, one after the other: about fifteen minutes. Everything
that is started is on loopback or in network namespaces of its own, and gone at the end. The last
three need root, ip and nft.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from benchmarks import real_echo, real_group, real_idle, real_import, real_networks
from benchmarks.real_report import Figure, as_json, as_table

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "echo": real_echo.measure,
    "idle": real_idle.measure,
    "import": real_import.measure,
    "group": real_group.measure,
    "split": real_networks.split,
    "loss": real_networks.loss,
    "one-transport": real_networks.one_transport,
}


def measure(parts: Sequence[str] = tuple(PARTS)) -> list[Figure]:
    """The figures of these parts. What cannot be measured here is said instead."""
    figures: list[Figure] = []
    for part in parts:
        print(f"measuring: {part}", file=sys.stderr, flush=True)
        try:
            figures += PARTS[part]()
        except real_networks.CannotMeasure as reason:
            figures.append(Figure(part, f"not measured: {reason}", "", ""))
        except AssertionError as missed:
            first, *more = str(missed).splitlines()
            print("\n".join(more), file=sys.stderr)
            figures.append(Figure(part, first, "it happens", "it did not", False))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if every budget is kept, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real", description="Measures real processes against budgets."
    )
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.part if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    # Being told to end is no reason to leave anything behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    figures = measure(options.part or tuple(PARTS))
    print(as_json(figures) if options.format == "json" else as_table(figures))
    return int(any(figure.holds is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
