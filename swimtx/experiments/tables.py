"""Rows for experiments whose figures need nothing but an estimate each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from swimtx.experiments.estimates import Estimate, mean_of, median_of, rate_of, share_of
from swimtx.experiments.experiment import Outcome, by_case, pooled
from swimtx.experiments.results import Reference, Row


class Column(NamedTuple):
    """How one figure of the runs is told.

    @ivar words: what it is called.
    @ivar estimate: of all numbers that the runs of a case give; or, with C{per}, nothing.
    @ivar per: the figure that it is divided by, for rates and shares.
    """

    words: str
    unit: str
    estimate: Callable[[Sequence[float]], Estimate] = median_of
    per: str = ""


def rows_of(
    outcomes: Sequence[Outcome],
    columns: Mapping[str, Column],
    references: Mapping[tuple[str, str], tuple[Reference, ...]] | None = None,
) -> list[Row]:
    """One row for each case and figure; figures that a case does not give are left out.

    @param references: by case and figure.
    """
    rows = []
    for case, found in by_case(outcomes).items():
        for figure, column in columns.items():
            if any(figure not in outcome.figures for outcome in found):
                continue
            if column.per:
                pairs = [(o.figures[figure], o.figures[column.per]) for o in found]
                if column.unit == "share":
                    estimate = share_of(sum(p[0] for p in pairs), sum(p[1] for p in pairs))
                else:
                    estimate = rate_of(pairs)
            else:
                estimate = column.estimate(pooled(found, figure))
            beside = (references or {}).get((case, figure), ())
            rows.append(Row(case, column.words, column.unit, estimate, beside))
    return rows


MEAN = mean_of
"""For figures whose median says little."""
