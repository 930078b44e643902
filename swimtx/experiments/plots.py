"""Plots of the charts of a record, by matplotlib: the extra C{plots}."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from swimtx.experiments.records import Record
from swimtx.experiments.results import Chart, Line

MISSING = "plots need matplotlib: pip install 'swimtx[plots]'"


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def save_plots(record: Record, folder: Path) -> list[Path]:
    """Draw each chart of a record to a file in that folder.

    @return: the paths of the files.
    @raise ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    paths = []
    for chart in record.summary.charts:
        figure = Figure(figsize=(7.0, 5.5), layout="constrained")
        _draw(chart, figure.add_subplot())
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        path = folder / f"{record.description.id}-{chart.name}.png"
        figure.savefig(path, dpi=110)
        paths.append(path)
    return paths


def _draw(chart: Chart, axes: Any) -> None:
    for number, line in enumerate(chart.lines):
        _draw_line(line, axes, f"C{number % 10}", chart.logarithmic)
    axes.set_title(chart.title, fontsize=10)
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.y)
    if chart.logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)


def _draw_line(line: Line, axes: Any, colour: str, logarithmic: bool) -> None:
    points = line.points
    spread = line.spread or tuple((y, y) for _, y in points)
    shown = [
        (x, y, low, high)
        for (x, y), (low, high) in zip(points, spread, strict=True)
        if not logarithmic or y > 0
    ]
    if not shown:
        axes.plot([], [], color=colour, label=f"{line.name}: none seen")
        return
    xs, ys, lows, highs = zip(*shown, strict=True)
    style = "--" if line.reference else "-"
    steps = "steps-post" if line.steps else "default"
    marker = "" if line.steps or len(points) > 40 else "s" if line.reference else "o"
    axes.plot(xs, ys, style, marker=marker, ms=4, color=colour, label=line.name, drawstyle=steps)
    if line.spread:
        axes.fill_between(
            xs, lows, highs, color=colour, alpha=0.15, step="post" if line.steps else None
        )
