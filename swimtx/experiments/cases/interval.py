"""E8: some members are slow again and again (Lifeguard §V-C, Interval): who is called failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.experiments.estimates import Estimate, mean_of, rate_of
from swimtx.experiments.experiment import (
    Cell,
    Description,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.experiments.results import Chart, Reference, Row, Summary, line_of
from swimtx.experiments.slow_members import (
    MODELS,
    WIRINGS,
    false_positives,
    group_for,
    slow_ones,
)

_LASTS = 120.0  # seconds, and then to the end of the next anomaly

DESCRIPTION = Description(
    "E8",
    "some members are slow again and again",
    "Lifeguard, Table IV, 4320 runs of each: FP 339,002 with SWIM, 5,193 with Lifeguard, a ratio "
    "of 65; at healthy members (FP-) 1,326 and 25, a ratio of 53. LHA-Probe alone has 0.68 of "
    "SWIM's FP, LHA-Suspicion 0.030, the Buddy System 0.94. Lifeguard sends 11 % more messages.",
    {
        "seeds": 1,
        "members": 64,
        "wirings": ["SWIM", "Lifeguard", "swimtx"],
        "models": ["sends block"],
        "slow": [8, 16],
        "lasting": [16.384, 32.768],
        "apart": [0.001],
    },
    {
        "seeds": 1,
        "members": 128,
        "wirings": list(WIRINGS),
        "models": list(MODELS),
        "slow": [1, 8, 16, 32],
        "lasting": [2.048, 16.384, 32.768],
        "apart": [0.001, 0.064, 4.096],
    },
    {"wirings": WIRINGS, "models": MODELS},
)
_RATIO_HEALTHY = 53.0
_SHARES = {"LHA-Probe": 0.677, "LHA-Suspicion": 0.030, "Buddy System": 0.941, "Lifeguard": 0.0153}


def cells(scale: Scale) -> list[Cell]:
    """The grid: how many are slow, for how long, and how long they are well in between."""
    return [
        Cell(
            "E8",
            f"{wiring}, {model}, C={slow} D={lasting:g} s I={1000 * apart:g} ms",
            seed,
            {
                "wiring": wiring,
                "model": model,
                "members": scale["members"],
                "slow": slow,
                "lasting": lasting,
                "apart": apart,
            },
            scale["members"] * (1 + slow / 8),
        )
        for wiring in scale["wirings"]
        for model in scale["models"]
        for slow in scale["slow"]
        for lasting in scale["lasting"]
        for apart in scale["apart"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """One run: slow, well, slow, ... for at least two minutes."""
    settings = cell.settings
    group = group_for(settings["wiring"], settings["members"], cell.chance)
    slow = slow_ones(group, cell.chance, settings["slow"])
    befall = MODELS[settings["model"]]
    traffic = group.network.traffic
    sent, octets, began = traffic.datagrams_sent, traffic.bytes_sent, group.now
    while True:
        for key in slow:
            befall(group, key, settings["lasting"])
        group.run_for(settings["lasting"])
        if group.now - began >= _LASTS:
            break
        group.run_for(settings["apart"])
    everywhere, healthy = false_positives(group, slow)
    exposure = settings["members"] * (group.now - began)
    return {
        "runs": 1,
        "member_hours": exposure / 3600,
        "fp": everywhere,
        "fp_healthy": healthy,
        "datagrams": (traffic.datagrams_sent - sent) / exposure,
        "bytes": (traffic.bytes_sent - octets) / exposure,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Per run, pooled over the grid, and per number of slow members."""
    rows: list[Row] = []
    totals: dict[tuple[str, str], dict[str, float]] = {}
    by_slow: dict[str, dict[float, list[Outcome]]] = {}
    for found in by_case(outcomes).values():
        settings = found[0].cell.settings
        name = f"{settings['wiring']}, {settings['model']}"
        by_slow.setdefault(name, {}).setdefault(float(settings["slow"]), []).extend(found)
    lines = []
    for name, several in by_slow.items():
        everything = [outcome for found in several.values() for outcome in found]
        wiring, model = name.split(", ")
        totals[wiring, model] = {
            figure: sum(pooled(everything, figure)) for figure in ("fp", "fp_healthy", "runs")
        }
        for figure, words in (("fp", "FP"), ("fp_healthy", "FP-")):
            rows.append(Row(name, words, "per run", _per_run(everything, figure)))
        for figure, unit in (("datagrams", "datagrams/s each"), ("bytes", "bytes/s each")):
            rows.append(Row(name, "sent", unit, mean_of(pooled(everything, figure))))
        lines.append(line_of(name, {x: _per_run(found, "fp") for x, found in several.items()}))
    for (wiring, model), sums in totals.items():
        base = totals.get(("SWIM", model))
        if wiring == "SWIM" or base is None or not base["fp"]:
            continue
        for figure, words in (("fp", "FP"), ("fp_healthy", "FP-")):
            share = _share(sums[figure], base[figure])
            paper = _paper_share(wiring, figure) if model == "sends block" else ()
            rows.append(Row(f"{wiring}, {model}", f"{words} beside SWIM's", "share", share, paper))
    chart = Chart(
        "slow",
        "Failures announced of members that were never slow",
        "slow members",
        "FP per run",
        tuple(lines),
        logarithmic=True,
    )
    notes = (
        "All forgive a silence of alpha log10 N + 1 s; alpha is 5.",
        "Only shares of SWIM's figures may be compared with the paper's: the counts themselves "
        "depend on what exactly a slow member still does.",
        "Events of one run are not independent: an interval rests on runs, not on events.",
    )
    return Summary(tuple(rows), (chart,), notes)


def _per_run(outcomes: Sequence[Outcome], figure: str) -> Estimate:
    return rate_of([(o.figures[figure], o.figures["runs"]) for o in outcomes])


def _share(events: float, base: float) -> Estimate:
    """Of counts; of what was never seen, 3 is the bound."""
    if not base:
        return Estimate(float("nan"), 0.0, float("inf"), int(events))
    if not events:
        return Estimate(0.0, 0.0, 3 / base, 0, bound=True)
    spread = 1.96 * (1 / events + 1 / base) ** 0.5
    share = events / base
    return Estimate(share, share * 2.718**-spread, share * 2.718**spread, int(events))


def _paper_share(wiring: str, figure: str) -> tuple[Reference, ...]:
    if figure == "fp" and wiring in _SHARES:
        return (Reference("paper", _SHARES[wiring]),)
    if wiring == "Lifeguard":
        return (Reference("paper", round(1 / _RATIO_HEALTHY, 4)),)
    return ()
