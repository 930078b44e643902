"""E5: members that join one after the other while packets are lost (SWIM §5, Figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from swimtx.config import Config
from swimtx.membership import Event
from swimtx.parts import SHIPPED
from swimtx.simulation.baselines import CROWDED, VARIANTS, as_in_the_paper
from swimtx.simulation.group import Group
from swimtx.simulation.history import Announced
from swimtx.simulation.laboratory.estimates import mean_of, median_of, quantile
from swimtx.simulation.laboratory.experiment import (
    Cell,
    Description,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.simulation.laboratory.figures import Chart, Line, Reference, Row, Summary
from swimtx.simulation.laboratory.scenes import LATENCY

_FIRST = (0.0, 3.6, 8.6, 14.1)  # seconds of the first joins; then evenly
JOINS = (*_FIRST, *(18.7 + (79.0 - 18.7) / 12 * number for number in range(13)))
_END = 175  # seconds
_LOSS = 0.1
_PAPER = {  # final size, largest size, members lost
    "basic": (2, 8, 15),
    "infection": (4, 5, 12),
    "suspicion": (12, 14, 4),
}

_FIGURES = {"final": "final size", "largest": "largest size", "lost": "members lost"}

DESCRIPTION = Description(
    "E5",
    "17 joins while each receiver loses 10 %",
    "SWIM, Figure 4, one run each: of 17 that join within 79 s, 2 are left after 175 s with "
    "multicast alone, 4 with infection, 12 with suspicion too; at most 8, 5 and 14 at a time.",
    {"seeds": 20},
    {"seeds": 200},
)


_FEW = ", 2 updates a datagram"
_WIRINGS = {
    **VARIANTS,
    "swimtx": SHIPPED,
    **{variant + _FEW: parts for variant, parts in CROWDED.items()},
}
_CASES = (
    *((wiring, _LOSS) for wiring in _WIRINGS),
    *((wiring, 0.8 * _LOSS) for wiring in ("basic", *(variant + _FEW for variant in CROWDED))),
)


def cells(scale: Scale) -> list[Cell]:
    """The three variants and swimtx; and what less room and a little less loss change."""
    return [
        Cell("E5", f"{wiring}, loss {loss:.0%}", seed, {"wiring": wiring, "loss": loss})
        for wiring, loss in _CASES
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """The size of the group, second by second."""
    wiring = cell.settings["wiring"]
    published = wiring != "swimtx"
    group = Group(
        0,
        cell.chance,
        as_in_the_paper() if published else Config.lan(),
        loss=cell.settings["loss"],
        latency=LATENCY,
        events=(Event.FAILED, Event.RECOVERED),
        parts=_WIRINGS[wiring],
    )
    lost: dict[str, float] = {}
    for number, moment in enumerate(JOINS, 1):
        group.clock.callLater(moment, _join, group, f"n{number}")
    sizes: list[int] = []
    read = 0
    for _ in range(_END):
        group.run_for(1.0)
        for announced in group.history[read:]:
            if announced.event is Event.FAILED:
                lost.setdefault(announced.about, announced.time)
                if published:
                    _expel(group, announced)
        read = len(group.history)
        sizes.append(_size(group))
    return {
        "sizes": sizes,
        "final": sizes[-1],
        "largest": max(sizes),
        "lost": len(lost),
        "verdicts": sum(announced.event is Event.FAILED for announced in group.history),
    }


def _join(group: Group, key: str) -> None:
    """Come, and ask whoever has been in for longest."""
    running = group.running
    group.seeds = [group.address(running[0])] if running else []
    group.add(key)


def _expel(group: Group, announced: Announced) -> None:
    """As published a verdict is final: a member that hears its own is gone."""
    if announced.by == announced.about and announced.about in group.running:
        group.kill(announced.about)


def _size(group: Group) -> int:
    """How many members those who are in list as alive or suspect, themselves included: the
    median."""
    lists = [group.nodes[key].membership.living for key in group.running]
    return int(median(lists)) if lists else 0


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Distributions over runs, beside the one run of the paper."""
    rows: list[Row] = []
    lines: list[Line] = []
    for case, found in by_case(outcomes).items():
        settings = found[0].cell.settings
        in_paper = _PAPER.get(settings["wiring"].removesuffix(_FEW))
        for number, (figure, name) in enumerate(_FIGURES.items()):
            numbers = sorted(pooled(found, figure))
            references = [] if in_paper is None else [Reference("paper", in_paper[number])]
            low, high = quantile(numbers, 0.05), quantile(numbers, 0.95)
            references.append(Reference("90 % of runs here", low, high))
            references.append(Reference("all runs here", numbers[0], numbers[-1]))
            rows.append(Row(case, name, "members", mean_of(numbers), tuple(references)))
        rows.append(Row(case, "verdicts", "per run", median_of(pooled(found, "verdicts"))))
        several = [outcome.figures["sizes"] for outcome in found]
        points, spread = [], []
        for second in range(_END):
            now = sorted(float(sizes[second]) for sizes in several)
            points.append((float(second + 1), fmean(now)))
            spread.append((quantile(now, 0.05), quantile(now, 0.95)))
        if settings["loss"] == _LOSS and not settings["wiring"].endswith(_FEW):
            lines.append(Line(f"{case}: mean, 90 % of runs", tuple(points), tuple(spread)))
    for variant, (final, _, _) in _PAPER.items():
        points = [(float(_END - 25), float(final)), (float(_END), float(final))]
        lines.append(Line(f"{variant}, paper, final", tuple(points), reference=True))
    chart = Chart("joins", "17 joins, 10 % lost", "s", "members listed, median list", (*lines,))
    return Summary(
        tuple(rows),
        (chart,),
        (
            "The paper shows one run of each; here is a distribution.",
            "Intervals are of the mean; what 90 % and all of the runs gave stands beside the "
            "paper's run.",
            "A newcomer fetches its first list by a stream, as ours do, and asks the oldest "
            "member; a member that hears its own final verdict ends. The paper says neither.",
        ),
    )
