"""Tables of figures, and the lines of charts through the estimates of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from swimtx.experiments.estimates import Estimate, median_of, rate_of, share_of
from swimtx.experiments.experiment import Cell, Outcome, grouped, pooled
from swimtx.experiments.results import Line, Reference, Row, line_of

Settings = Mapping[str, Any]


class Column(NamedTuple):
    """How one figure of the runs is shown.

    @ivar figure: its name in the outcomes.
    @ivar words: its name in the table.
    @ivar estimate: of all numbers of a case, by default their median. With C{per}: of the pairs of
        each run, by default L{share_of} if the unit is C{share}, else L{rate_of}.
    @ivar per: the figure to divide by, or a function that computes it from all figures of a run.
    @ivar references: values to compare the estimate with.
    """

    figure: str
    words: str
    unit: str
    estimate: Callable[[Sequence[Any]], Estimate] | None = None
    per: str | Callable[[Mapping[str, Any]], float] | None = None
    references: tuple[Reference, ...] = ()

    def estimated(self, outcomes: Sequence[Outcome]) -> Estimate:
        """The estimate of this figure from the outcomes of one case."""
        if self.per is None:
            return (self.estimate or median_of)(pooled(outcomes, self.figure))
        per = self.per
        pairs: list[tuple[Any, Any]] = []
        for figures in (outcome.figures for outcome in outcomes):
            pairs.append((figures[self.figure], per(figures) if callable(per) else figures[per]))
        if self.unit == "share" and self.estimate is None:
            return share_of(sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))
        return (self.estimate or rate_of)(pairs)


def rows_of(
    outcomes: Sequence[Outcome],
    columns: Sequence[Column] | Callable[[Settings], Sequence[Column]],
    case: Callable[[Cell], str] = lambda cell: cell.case,
) -> list[Row]:
    """One row for each case and column, from the runs that have its figure, if there are any.

    @param columns: the same for all cases, or a function of the settings of a case.
    @param case: gives the name of the case that a cell belongs to.
    """
    rows = []
    for name, found in grouped(outcomes, case).items():
        for column in columns(found[0].cell.settings) if callable(columns) else columns:
            some = [outcome for outcome in found if column.figure in outcome.figures]
            if some:
                estimate = column.estimated(some)
                rows.append(Row(name, column.words, column.unit, estimate, column.references))
    return rows


def lines_of(
    outcomes: Sequence[Outcome],
    rows: Sequence[Row],
    words: str,
    name: str,
    x: Callable[[Settings], float] = lambda settings: settings["members"],
) -> list[Line]:
    """Lines by C{x} through the estimates of one figure: the first of that name in each case.

    @param name: the name of a line; may have settings as C{{members}}.
    @param x: gives the x of a case from its settings, by default the size of the group.
    """
    settings = {outcome.cell.case: outcome.cell.settings for outcome in outcomes}
    lines: dict[str, dict[float, Estimate]] = {}
    for row in rows:
        if row.figure == words:
            case = settings[row.case]
            lines.setdefault(name.format(**case), {}).setdefault(x(case), row.estimate)
    return [line_of(name, estimates) for name, estimates in lines.items()]
