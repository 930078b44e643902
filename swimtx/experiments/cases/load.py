"""E1: the load of the protocol while nothing happens (SWIM §5, Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import stdev
from typing import Any

from swimtx.experiments.estimates import mean_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.results import Chart, Summary, reference_line, references_in
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.swim_baseline import published_or_shipped
from swimtx.experiments.tables import Column, lines_of, rows_of

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
    return grid(
        "E1",
        scale,
        ("wiring", "members", "periods"),
        "{wiring} N={members}".format,
        lambda settings: settings["members"] ** 1.5,
        wiring=["SWIM", "swimtx"],
    )


def run(cell: Cell) -> dict[str, Any]:
    """The datagrams and bytes of each member in each period."""
    config, wiring = published_or_shipped(cell.settings["wiring"])
    period = config.protocol_period
    group = acquainted(cell.settings["members"], cell.chance, config, wiring)
    group.run_for(_SETTLE * period)
    counters = [node.counters for node in group.nodes.values()]
    sent: list[int] = []
    received: list[int] = []
    octets = -sum(counter.bytes_sent for counter in counters)
    for _ in range(cell.settings["periods"]):
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


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    sent, received, deviation = (
        references_in(paper if settings["wiring"] == "SWIM" else {}, settings["members"])
        for paper in (SENT, RECEIVED, DEVIATION)
    )
    return [
        Column("sent", "sent", "per period", mean_of, references=sent),
        Column("received", "received", "per period", mean_of, references=received),
        Column("sd_sent", "s.d. of sent", "", mean_of, references=deviation),
        Column("bytes_sent", "sent", "bytes per period", mean_of),
    ]


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Means over runs, beside those of the paper."""
    rows = rows_of(outcomes, _columns)
    lines = lines_of(outcomes, rows, "sent", "{wiring}, simulated")
    lines.append(reference_line("SWIM, paper", {float(n): y for n, y in SENT.items()}))
    chart = Chart(
        "load", "Load of a quiet group", "members", "datagrams sent per period", (*lines,)
    )
    return Summary.of(
        rows,
        (chart,),
        "A period is 2 s as published, 1 s as shipped.",
        "swimtx's streams (tripwires, table exchanges) are not datagrams and not counted.",
    )
