"""E3: a crash, from the first verdict until all members know; memberlist beside swimtx."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from swimtx.experiments.estimates import quantile_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid, total
from swimtx.experiments.memberlist_baseline import baseline_or_shipped
from swimtx.experiments.results import Chart, Reference, Summary, reference_line, references_in
from swimtx.experiments.scenes import acquainted, crash
from swimtx.experiments.tables import Column, lines_of, rows_of
from swimtx.membership.events import Event

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
_BOUND = 90.0  # seconds after which the run stops waiting
_MEASURED = {("memberlist alpha 5", 128): 12.25, ("memberlist alpha 4", 128): 10.27}
_PAPER = {("memberlist alpha 5", 128): 12.44, ("Lifeguard alpha 5", 128): 12.45}
_PAPER_LAST = {("memberlist alpha 5", 128): 12.90, ("Lifeguard alpha 5", 128): 12.91}
_ALPHA = {"memberlist alpha 4": 4.0, "memberlist alpha 5": 5.0, "Lifeguard alpha 5": 5.0}
_WIRINGS = (*_ALPHA, "swimtx, host gone", "swimtx, killed")


def cells(scale: Scale) -> list[Cell]:
    """Each size with each wiring."""
    return grid(
        "E3",
        scale,
        ("wiring", "members", "crashes"),
        "{wiring}, N={members}".format,
        lambda settings: settings["members"] ** 1.5 * settings["crashes"],
        wiring=_WIRINGS,
    )


def run(cell: Cell) -> dict[str, Any]:
    """Crashes one after the other; each member returns."""
    row, members, number = (cell.settings[name] for name in ("wiring", "members", "crashes"))
    chance = Random(cell.chance)
    group = acquainted(members, cell.chance, *baseline_or_shipped(row, members))
    vanish = row != "swimtx, killed"
    crashes = [
        crash(group, chance, 5.0 + chance.random(), _BOUND, Event.FAILED, vanish)
        for _ in range(number)
    ]
    known = [(c.first, c.last) for c in crashes if c.first is not None and c.last is not None]
    return {
        "first": [first for first, _ in known],
        "last": [last for _, last in known],
        "spread": [last - first for first, last in known],
        "never": number - len(known),
        "wrong": len(group.wrongly_failed()),
    }


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    wiring, members = key = settings["wiring"], settings["members"]
    theory: tuple[Reference, ...] = ()
    if wiring in _ALPHA:
        theory = (Reference("theory", round(_expected(wiring, members), 2)),)
    measured = references_in(_MEASURED, key, "measured")
    first = (*theory, *measured, *references_in(_PAPER, key))
    last = references_in(_PAPER_LAST, key)
    return [
        Column("first", "first verdict, median", "s", references=first),
        Column("last", "all know, median", "s", references=last),
        Column("last", "all know, 99 %", "s", lambda times: quantile_of(times, 0.99)),
        Column("spread", "first to last, median", "s"),
    ]


def _expected(wiring: str, members: int) -> float:
    """The seconds until the first verdict in theory."""
    return math.log(2) + 1.0 + _ALPHA[wiring] * math.log10(members)


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Medians of the first verdict and of the last member to know, and the 99 % quantile."""
    rows = rows_of(outcomes, _columns)
    lines = lines_of(outcomes, rows, "all know, median", "{wiring}")
    theories = {
        x: _expected(line.name, int(x))
        for line in lines
        if line.name == "memberlist alpha 5"
        for x, _ in line.points
    }
    lines.append(reference_line("memberlist alpha 5, theory of the first", theories))
    chart = Chart("crash", "A crash, until everybody knows", "members", "s, median", (*lines,))
    return Summary.of(
        rows,
        (chart,),
        "Pause tolerances differ: memberlist forgives a silence of alpha log10 N + 1 s, "
        "swimtx one of 6 s (lan); a process that is killed needs no tolerance.",
        f"Crashes not known to all within {_BOUND:g} s: {total(outcomes, 'never')}; "
        f"failures announced of members that ran: {total(outcomes, 'wrong')}.",
    )
