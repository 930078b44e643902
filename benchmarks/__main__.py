"""Runs all benchmarks, simulated and real, as ``python -m benchmarks``, against their budgets."""

from __future__ import annotations

import argparse
import sys

from benchmarks import real, simulated
from benchmarks.report import as_json, as_table


def main() -> int:
    """Print all figures; 0 if every budget is kept, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures everything. python -m benchmarks.simulated and "
        "python -m benchmarks.real measure a part.",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    figures = simulated.measure() + real.measure()
    print(as_json(figures) if options.format == "json" else as_table(figures))
    missed = [figure for figure in figures if figure.holds is False]
    held = sum(figure.holds is True for figure in figures)
    print(f"{held} budgets kept, {len(missed)} missed", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
