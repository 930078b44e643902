"""E1: what the protocol costs while nothing happens (SWIM §5, Figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import stdev
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import (
    Cell,
    Description,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.experiments.results import (
    Chart,
    Reference,
    Row,
    Summary,
    line_of,
    reference_line,
)
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.swim_baseline import PERIOD, Suspicion, as_in_the_paper
from swimtx.wiring import Wiring

#: Messages that a member sent and received in a period, by N; read off the paper's figure.
SENT = {5: 2.08, 13: 2.11, 21: 2.10, 28: 2.00, 36: 2.02, 44: 1.98, 51: 2.13, 55: 1.98}
RECEIVED = {5: 2.08, 13: 2.15, 21: 2.12, 28: 2.00, 36: 2.02, 44: 2.00, 51: 2.14, 55: 1.98}
DEVIATION = {5: 0.95, 13: 1.12, 21: 0.89, 28: 0.78, 36: 1.02, 44: 0.79, 51: 1.20, 55: 0.90}

DESCRIPTION = Description(
    "E1",
    "load while nothing happens",
    "SWIM, Figure 2: 1.98 to 2.13 messages sent and 1.98 to 2.15 received per member and period, "
    "whatever the size; the mean of one PING and one ACK is 2.",
    {"seeds": 4, "members": list(SENT), "periods": 40},
    {"seeds": 50, "members": [*SENT, 128, 1000]},
)
_SETTLE = 10  # periods before counting


def cells(scale: Scale) -> list[Cell]:
    """Each size, as published and as shipped."""
    return [
        Cell(
            "E1",
            f"{wiring} N={members}",
            seed,
            {"wiring": wiring, "members": members, "periods": scale["periods"]},
            members**1.5,
        )
        for wiring in ("SWIM", "swimtx")
        for members in scale["members"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Datagrams of each member in each period."""
    settings = cell.settings
    published = settings["wiring"] == "SWIM"
    config = as_in_the_paper() if published else Config.lan()
    period = PERIOD if published else config.protocol_period
    wiring = Suspicion if published else Wiring
    group = acquainted(settings["members"], cell.chance, config, wiring)
    group.run_for(_SETTLE * period)
    counters = [node.counters for node in group.nodes.values()]
    sent: list[int] = []
    received: list[int] = []
    octets = -sum(counter.bytes_sent for counter in counters)
    for _ in range(settings["periods"]):
        before = [(c.datagrams_sent, c.datagrams_received) for c in counters]
        group.run_for(period)
        for counter, (had_sent, had_received) in zip(counters, before, strict=True):
            sent.append(counter.datagrams_sent - had_sent)
            received.append(counter.datagrams_received - had_received)
    octets += sum(counter.bytes_sent for counter in counters)
    return {
        "sent": sum(sent) / len(sent),
        "received": sum(received) / len(received),
        "sd_sent": stdev(sent),
        "bytes_sent": octets / len(sent),
        "five_or_more": sum(count >= 5 for count in sent) / len(sent),
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Means over runs, beside the paper's."""
    rows: list[Row] = []
    sent: dict[str, dict[float, Any]] = {"SWIM": {}, "swimtx": {}}
    for case, found in by_case(outcomes).items():
        settings = found[0].cell.settings
        members = settings["members"]
        published = settings["wiring"] == "SWIM"
        estimate = sent[settings["wiring"]][members] = mean_of(pooled(found, "sent"))
        rows.append(Row(case, "sent", "per period", estimate, _paper(SENT, members, published)))
        rows.append(
            Row(
                case,
                "received",
                "per period",
                mean_of(pooled(found, "received")),
                _paper(RECEIVED, members, published),
            )
        )
        deviation = mean_of(pooled(found, "sd_sent"))
        rows.append(Row(case, "s.d. of sent", "", deviation, _paper(DEVIATION, members, published)))
        octets = mean_of(pooled(found, "bytes_sent"))
        rows.append(Row(case, "sent", "bytes per period", octets))
    lines = [line_of(f"{wiring}, simulated", es) for wiring, es in sent.items() if es]
    lines.append(reference_line("SWIM, paper", {float(n): y for n, y in SENT.items()}))
    chart = Chart(
        "load", "Load of a quiet group", "members", "datagrams sent per period", (*lines,)
    )
    return Summary(
        tuple(rows),
        (chart,),
        (
            "A period is 2 s as published, 1 s as shipped.",
            "swimtx's streams (tripwires, table exchanges) are not datagrams and not counted.",
        ),
    )


def _paper(values: dict[int, float], members: int, published: bool) -> tuple[Reference, ...]:
    return (Reference("paper", values[members]),) if published and members in values else ()
