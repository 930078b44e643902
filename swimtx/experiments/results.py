"""What an experiment found: rows for people, lines for plots, each beside what was expected."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from swimtx.experiments.estimates import Estimate

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Reference:
    """A value to compare with.

    @ivar source: whose it is: C{paper}, C{theory}, C{measured}.
    @ivar high: the other end, if it is a range.
    """

    source: str
    value: float
    high: float | None = None

    def __str__(self) -> str:
        text = f"{self.value:.4g}"
        if self.high is not None:
            text += f" to {self.high:.4g}"
        return f"{text} ({self.source})"


def references_in(
    values: Mapping[Key, float], key: Key, source: str = "paper"
) -> tuple[Reference, ...]:
    """The reference of that key, or none if the source has no value for it."""
    return (Reference(source, values[key]),) if key in values else ()


@dataclass(frozen=True)
class Row:
    """One figure of one case.

    @ivar unit: of the estimate and of the references.
    """

    case: str
    figure: str
    unit: str
    estimate: Estimate
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    @ivar points: x and y.
    @ivar spread: of each point the lower and the upper end, if known.
    @ivar reference: whether it is something to compare with.
    @ivar steps: whether a value holds until the next one.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    spread: tuple[tuple[float, float], ...] = ()
    reference: bool = False
    steps: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over one another.

    @ivar name: of its file.
    @ivar logarithmic: whether the y axis is; zeros are left out then.
    """

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    logarithmic: bool = False


@dataclass(frozen=True)
class Summary:
    """All that an experiment found.

    @ivar notes: what a reader of the rows has to know.
    """

    rows: tuple[Row, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Row], charts: Iterable[Chart] = (), *notes: str) -> Summary:
        """A summary of these rows, charts and notes."""
        return cls(tuple(rows), tuple(charts), notes)


def line_of(name: str, estimates: dict[float, Estimate]) -> Line:
    """A line through estimates by x, with their confidence intervals."""
    points = tuple((x, e.value) for x, e in estimates.items())
    return Line(name, points, tuple((e.low, e.high) for e in estimates.values()))


def reference_line(name: str, values: dict[float, float], steps: bool = False) -> Line:
    """A line through values to compare with."""
    return Line(name, tuple(values.items()), reference=True, steps=steps)
