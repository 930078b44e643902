"""E3: a crash, from the first verdict until everybody knows; memberlist beside swimtx."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import Estimate, median_of, quantile_of
from swimtx.experiments.experiment import (
    Cell,
    Description,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.experiments.memberlist_baseline import as_in_memberlist, lifeguard, memberlist
from swimtx.experiments.results import (
    Chart,
    Reference,
    Row,
    Summary,
    line_of,
    reference_line,
)
from swimtx.experiments.scenes import acquainted, crash
from swimtx.membership.events import Event
from swimtx.wiring import Wiring

DESCRIPTION = Description(
    "E3",
    "a crash, until everybody knows",
    "Lifeguard, Table V, 128 members: SWIM as memberlist has it (alpha 5) first declares after "
    "12.44 s and all know after 12.90 s (medians); 99 %: 16.96 and 16.93 s. Theory: ln 2 + 1 + "
    "alpha log10 N seconds, 12.23 and with alpha 4 10.12; memberlist itself, measured: 12.25 and "
    "10.27.",
    {"seeds": 3, "members": [32, 128], "crashes": {32: 8, 128: 4}},
    {"seeds": 25, "members": [32, 128, 1000], "crashes": {32: 20, 128: 20, 1000: 4}},
)
_SETTLE = 5.0  # seconds
_BOUND = 90.0  # seconds until it is given up
_MEASURED = {("memberlist alpha 5", 128): 12.25, ("memberlist alpha 4", 128): 10.27}
_PAPER = {("memberlist alpha 5", 128): 12.44, ("Lifeguard alpha 5", 128): 12.45}
_PAPER_LAST = {("memberlist alpha 5", 128): 12.90, ("Lifeguard alpha 5", 128): 12.91}
_ALPHA = {"memberlist alpha 4": 4.0, "memberlist alpha 5": 5.0, "Lifeguard alpha 5": 5.0}
_WIRINGS = (*_ALPHA, "swimtx, host gone", "swimtx, killed")


def cells(scale: Scale) -> list[Cell]:
    """Each size with each wiring."""
    return [
        Cell(
            "E3",
            f"{wiring}, N={members}",
            seed,
            {"wiring": wiring, "members": members, "crashes": scale["crashes"][members]},
            members**1.5 * scale["crashes"][members],
        )
        for wiring in _WIRINGS
        for members in scale["members"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Crashes one after the other, each brought back."""
    row, members = cell.settings["wiring"], cell.settings["members"]
    chance = Random(cell.chance)
    config, wiring = _wired(row, members)
    group = acquainted(members, cell.chance, config, wiring)
    first: list[float] = []
    last: list[float] = []
    never = 0
    for _ in range(cell.settings["crashes"]):
        group.run_for(_SETTLE + chance.random())
        vanish = row != "swimtx, killed"
        found = crash(group, chance, _BOUND, Event.FAILED, vanish)
        if found.first is None or found.last is None:
            never += 1
            continue
        first.append(found.first)
        last.append(found.last)
    return {
        "first": first,
        "last": last,
        "spread": [late - early for early, late in zip(first, last, strict=True)],
        "never": never,
        "wrong": len(group.wrongly_failed()),
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians and 99 % of the first and the last to know."""
    rows: list[Row] = []
    lasts: dict[str, dict[float, Estimate]] = {wiring: {} for wiring in _WIRINGS}
    theories: dict[float, float] = {}
    for case, found in by_case(outcomes).items():
        wiring, members = found[0].cell.settings["wiring"], found[0].cell.settings["members"]
        key = wiring, members
        references: list[Reference] = []
        if wiring in _ALPHA:
            expected = math.log(2) + 1.0 + _ALPHA[wiring] * math.log10(members)
            references.append(Reference("theory", round(expected, 2)))
            if wiring == "memberlist alpha 5":
                theories[members] = expected
        if key in _MEASURED:
            references.append(Reference("measured", _MEASURED[key]))
        if key in _PAPER:
            references.append(Reference("paper", _PAPER[key]))
        first, last = pooled(found, "first"), pooled(found, "last")
        rows.append(Row(case, "first verdict, median", "s", median_of(first), tuple(references)))
        late = (Reference("paper", _PAPER_LAST[key]),) if key in _PAPER_LAST else ()
        estimate = lasts[wiring][members] = median_of(last)
        rows.append(Row(case, "all know, median", "s", estimate, late))
        rows.append(Row(case, "all know, 99 %", "s", quantile_of(last, 0.99)))
        rows.append(Row(case, "first to last, median", "s", median_of(pooled(found, "spread"))))
    lines = [line_of(wiring, es) for wiring, es in lasts.items() if es]
    lines.append(reference_line("memberlist alpha 5, theory of the first", theories))
    chart = Chart("crash", "A crash, until everybody knows", "members", "s, median", (*lines,))
    never = sum(int(outcome.figures.get("never", 0)) for outcome in outcomes)
    wrong = sum(int(outcome.figures.get("wrong", 0)) for outcome in outcomes)
    return Summary(
        tuple(rows),
        (chart,),
        (
            "Pause tolerances differ: memberlist forgives a silence of alpha log10 N + 1 s, "
            "swimtx one of 6 s (lan); a process that is killed needs no tolerance.",
            f"Crashes not known to all within {_BOUND:g} s: {never}; "
            f"failures announced of members that ran: {wrong}.",
        ),
    )


def _wired(wiring: str, members: int) -> tuple[Config, type[Wiring]]:
    if wiring.startswith("swimtx"):
        return Config.lan(), Wiring
    make = lifeguard if wiring.startswith("Lifeguard") else memberlist
    return as_in_memberlist(members), make(_ALPHA[wiring])
