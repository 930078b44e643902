"""Figures of real processes on real sockets, expected against measured.

::

    python -m benchmarks.real [echo|idle|import|group|split|loss|one-transport ...] [--format json]

Without a name all parts are measured, one after the other: about fifteen minutes. All processes
run on loopback or in network namespaces of their own, and end with the benchmark. The last three
need root, ip and nft.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import real_echo, real_group, real_idle, real_import, real_networks
from benchmarks.command_line import Parser, end_when_told, measured, printed
from benchmarks.report import Figure

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
    """The figures of the parts."""
    return [figure for part in parts for figure in measured(part, PARTS[part])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if every budget is kept, else 1."""
    parser = Parser("real", "Measures real processes against budgets.", PARTS)
    options = parser.options(arguments)
    end_when_told()
    return printed(measure(options.part), options.format)


if __name__ == "__main__":
    sys.exit(main())
