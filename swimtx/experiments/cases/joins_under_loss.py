"""E5: members that join one after the other while packets are lost (SWIM §5, Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import mean_of, median_of, quantile
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, by_case, pooled
from swimtx.experiments.results import Chart, Line, Reference, Row, Summary
from swimtx.experiments.scenes import LATENCY
from swimtx.experiments.swim_baseline import VARIANTS, as_in_the_paper, unaware
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.simulation.history import Announced
from swimtx.wiring import Wiring

_FIRST = (0.0, 3.6, 8.6, 14.1)  # seconds of the first joins; then evenly
JOINS = (*_FIRST, *(18.7 + (79.0 - 18.7) / 12 * number for number in range(13)))
_END = 175  # seconds
_SWIMTX = "swimtx"
_GO_ON, _END_TOO = "go on", "end"
#: The final size, the largest size, the members that left the list.
_PAPER = {"basic": (2, 8, 15), "infection": (4, 5, 12), "suspicion": (12, 14, 4)}
_TRACES = {  # seconds and size, read off the paper's figure
    "basic": ((150.0, 2.0), (175.0, 2.0)),
    "infection": ((150.0, 4.0), (175.0, 4.0)),
    "suspicion": ((89.7, 14.0), (109.7, 13.0), (122.2, 12.0), (175.0, 12.0)),
}
_FIGURES = {"final": "final size", "largest": "largest size", "drops": "drops from the list"}

DESCRIPTION = Description(
    "E5",
    "17 joins while each receiver loses 10 %",
    "SWIM, Figure 4, one run each: of 17 that join within 79 s, 2 are left after 175 s with "
    "multicast alone, 4 with infection, 12 with suspicion too; at most 8, 5 and 14 at a time.",
    {"seeds": 20, "loss": [0.1], "expelled": [_GO_ON, _END_TOO]},
    {"seeds": 200},
    {"expelled": (_GO_ON, _END_TOO)},
)


def cells(scale: Scale) -> list[Cell]:
    """The three variants, by the fate of members that are wrongly expelled; and swimtx."""
    kinds = [(variant, fate) for fate in scale["expelled"] for variant in _PAPER]
    return [
        Cell(
            "E5",
            f"{wiring}{fate and f', expelled {fate}'}, loss {loss:.0%}",
            seed,
            {"wiring": wiring, "expelled": fate, "loss": loss},
        )
        for loss in scale["loss"]
        for wiring, fate in (*kinds, (_SWIMTX, ""))
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """The size of the group in each second, by the list of its oldest member.

    All newcomers join through that member, so that its list has contained all of them. So has the
    list that the paper shows: there, final size and members that left add up to 16 or 17.
    """
    settings = cell.settings
    config, wiring = _wired(settings)
    group = Group(
        0,
        cell.chance,
        config,
        loss=settings["loss"],
        latency=LATENCY,
        events=(Event.FAILED, Event.RECOVERED),
        wiring=wiring,
    )
    for number, moment in enumerate(JOINS, 1):
        group.clock.callLater(moment, _join, group, f"n{number}")
    sizes: list[int] = []
    read = 0
    for _ in range(_END):
        group.run_for(1.0)
        if settings["expelled"] == _END_TOO:
            for announced in group.history[read:]:
                _expel(group, announced)
        read = len(group.history)
        sizes.append(_size(group))
    return {
        "sizes": sizes,
        "final": sizes[-1],
        "largest": max(sizes),
        "drops": sum(max(0, before - now) for before, now in pairwise(sizes)),
        "verdicts": sum(announced.event is Event.FAILED for announced in group.history),
    }


def _wired(settings: Mapping[str, Any]) -> tuple[Config, type[Wiring]]:
    if settings["wiring"] == _SWIMTX:
        return Config.lan(), Wiring
    wiring = VARIANTS[settings["wiring"]]
    return as_in_the_paper(), unaware(wiring) if settings["expelled"] == _GO_ON else wiring


def _join(group: Group, key: str) -> None:
    """Start a member that joins through the oldest member."""
    running = group.running
    group.seeds = [group.address(running[0])] if running else []
    group.add(key)


def _expel(group: Group, announced: Announced) -> None:
    """End a member that announces the verdict about itself."""
    own = announced.event is Event.FAILED and announced.by == announced.about
    if own and announced.about in group.running:
        group.kill(announced.about)


def _size(group: Group) -> int:
    """The number of members that the oldest lists as alive or suspect, itself included."""
    return group.nodes[group.running[0]].membership.living if group.running else 0


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Distributions over runs, beside the single run of the paper."""
    rows: list[Row] = []
    lines: list[Line] = []
    for case, found in by_case(outcomes).items():
        rows.extend(_rows(case, found))
        if found[0].cell.settings["expelled"] != _END_TOO:
            lines.append(_line(case, found))
    lines.extend(
        Line(f"{variant}, paper", points, reference=True) for variant, points in _TRACES.items()
    )
    chart = Chart("joins", "17 joins, 10 % lost", "s", "members listed by the eldest", (*lines,))
    return Summary.of(
        rows,
        (chart,),
        "The paper shows one run of each; here is a distribution.",
        "Intervals are of the mean; what 90 % and all of the runs gave stands beside the "
        "paper's run.",
        "A newcomer fetches its first list by a stream, as ours do, and asks the oldest "
        "member. A member that hears its own final verdict goes on unaware, or ends. The "
        "paper says neither, nor whose list it shows.",
    )


def _rows(case: str, found: Sequence[Outcome]) -> list[Row]:
    in_paper = _PAPER.get(found[0].cell.settings["wiring"])
    rows = []
    for number, (figure, name) in enumerate(_FIGURES.items()):
        numbers = sorted(pooled(found, figure))
        references = [] if in_paper is None else [Reference("paper", in_paper[number])]
        low, high = quantile(numbers, 0.05), quantile(numbers, 0.95)
        references.append(Reference("90 % of runs here", low, high))
        references.append(Reference("all runs here", numbers[0], numbers[-1]))
        rows.append(Row(case, name, "members", mean_of(numbers), tuple(references)))
    rows.append(Row(case, "verdicts", "per run", median_of(pooled(found, "verdicts"))))
    return rows


def _line(case: str, found: Sequence[Outcome]) -> Line:
    several = [outcome.figures["sizes"] for outcome in found]
    points, spread = [], []
    for second in range(_END):
        now = sorted(float(sizes[second]) for sizes in several)
        points.append((float(second + 1), fmean(now)))
        spread.append((quantile(now, 0.05), quantile(now, 0.95)))
    return Line(f"{case}: mean, 90 % of runs", tuple(points), tuple(spread))
