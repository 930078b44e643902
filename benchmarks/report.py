"""The figures that the benchmarks report, expected against measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


class CannotMeasure(Exception):
    """This machine lacks something that a benchmark needs; the text says what."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    @ivar part: the subcommand that measured it.
    @ivar what: the quantity in words, with its unit.
    @ivar expected: the budget in words; empty where the value is only for comparison.
    @ivar measured: the value in words.
    @ivar holds: whether the budget is kept; C{None} where there is none.
    """

    part: str
    what: str
    expected: str
    measured: str
    holds: bool | None = None


def at_most(part: str, what: str, measured: float, most: float, form: str = ".2f") -> Figure:
    """A figure that must not be above C{most}."""
    return Figure(part, what, f"<= {most:g}", format(measured, form), measured <= most)


def at_least(part: str, what: str, measured: float, least: float, form: str = ".2f") -> Figure:
    """A figure that must not be below C{least}."""
    return Figure(part, what, f">= {least:g}", format(measured, form), measured >= least)


def exactly(part: str, what: str, measured: object, expected: object) -> Figure:
    """A figure that must equal the expected value."""
    return Figure(part, what, str(expected), str(measured), measured == expected)


def shown(part: str, what: str, measured: object) -> Figure:
    """A figure for comparison, without a budget."""
    return Figure(part, what, "", str(measured))


def as_table(figures: Iterable[Figure]) -> str:
    """The figures as an aligned table."""
    rows = [("", "what", "expected", "measured", "")]
    for figure in figures:
        verdict = {True: "ok", False: "MISSED", None: ""}[figure.holds]
        rows.append((figure.part, figure.what, figure.expected, figure.measured, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def as_json(figures: Iterable[Figure]) -> str:
    """The figures as a JSON list."""
    return json.dumps([asdict(figure) for figure in figures], indent=2)
