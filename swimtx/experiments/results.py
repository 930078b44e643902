"""The results of an experiment: rows and lines of estimates, beside values to compare with."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from swimtx.experiments.estimates import Estimate

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Reference:
    """A value to compare with.

    @ivar source: where it comes from: C{paper}, C{theory}, C{measured}.
    @ivar high: the upper end of a range; C{None} for a single value.
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

    @ivar points: x and y of each.
    @ivar spread: the lower and the upper end at each point; empty if unknown.
    @ivar reference: whether its values are ones to compare with.
    @ivar steps: whether each value holds until the next point.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    spread: tuple[tuple[float, float], ...] = ()
    reference: bool = False
    steps: bool = False


@dataclass(frozen=True)
class Chart:
    """Several lines in one plot.

    @ivar name: part of the name of its file.
    @ivar logarithmic: whether the y axis is logarithmic; zeros are left out then.
    """

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    logarithmic: bool = False


@dataclass(frozen=True)
class Summary:
    """The results of an experiment.

    @ivar notes: sentences that help to read the rows.
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
