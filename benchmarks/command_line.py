"""The command line that the benchmarks share: parts to choose from, and the output of figures."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Collection, Sequence

from benchmarks.report import CannotMeasure, Figure, as_json, as_table


class Parser(argparse.ArgumentParser):
    """Parses C{--format} and the names of the parts to measure, by default all."""

    def __init__(self, name: str, description: str, parts: Collection[str]) -> None:
        super().__init__(prog=f"python -m benchmarks.{name}", description=description)
        self._parts = parts
        self.add_argument("part", nargs="*", help=f"of {', '.join(parts)}; by default all")
        self.add_argument("--format", choices=("table", "json"), default="table")

    def options(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Parse the arguments.

        @raise SystemExit: an argument is wrong.
        """
        options = self.parse_args(arguments)
        for part in options.part:
            if part not in self._parts:
                self.error(f"there is no part {part!r}; there are {', '.join(self._parts)}")
        options.part = options.part or list(self._parts)
        return options


def measured(name: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    """The figures of one part.

    @return: a single figure with the reason if the part cannot be measured, or if an expected
        outcome is missing.
    """
    print(f"measuring: {name}", file=sys.stderr, flush=True)
    try:
        return measure()
    except CannotMeasure as reason:
        return [Figure(name, f"not measured: {reason}", "", "")]
    except AssertionError as missed:
        first, *more = str(missed).splitlines() or ["an outcome"]
        print("\n".join(more), file=sys.stderr)
        return [Figure(name, first, "it happens", "it did not", False)]


def end_when_told() -> None:
    """Raise C{SystemExit} at SIGTERM, so that processes and namespaces are cleaned up."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def printed(figures: Sequence[Figure], form: str) -> int:
    """Print the figures.

    @return: the exit status: 0 if every budget is kept, else 1.
    """
    print(as_json(figures) if form == "json" else as_table(figures))
    return int(any(figure.holds is False for figure in figures))
