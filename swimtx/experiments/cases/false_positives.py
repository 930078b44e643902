"""E6: wrong suspicions and wrong verdicts while packets are lost and no member fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from swimtx.experiments.estimates import mean_of, rate_of
from swimtx.experiments.experiment import Cell, Description, Outcome, Scale, grid
from swimtx.experiments.memberlist_baseline import baseline_or_shipped
from swimtx.experiments.results import Chart, Reference, Summary, reference_line
from swimtx.experiments.scenes import acquainted
from swimtx.experiments.tables import Column, lines_of, rows_of
from swimtx.membership.events import Event
from swimtx.simulation.history import Announced

_RELAYS = 3  # k
_INCIDENT = 30.0  # seconds without a verdict on a member, after which the next is a new incident
_SETTLE = 5.0  # seconds
_HOUR = 3600.0  # seconds

DESCRIPTION = Description(
    "E6",
    "false positives while packets are lost",
    "SWIM §3.1: a probe with k relays fails wrongly with probability (1-q^2)(1-q^4)^k, q the share "
    "of packets that arrive; with k = 3 that is 6.2e-4 at 5 %, 7.7e-3 at 10 %, 0.14 at 25 %. No "
    "paper has a table of verdicts under such loss.",
    {"seeds": 2, "members": [32], "loss": [0.05, 0.1, 0.15, 0.2, 0.25, 0.3], "seconds": 60.0},
    {
        "seeds": 5,
        "members": [32, 128],
        "loss": [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
        "seconds": _HOUR,
    },
)
_WIRINGS = ("memberlist alpha 4", "memberlist alpha 5", "Lifeguard alpha 5", "swimtx")


def probe_fails(loss: float, relays: int = _RELAYS) -> float:
    """The probability that a probe fails while all members are alive (SWIM §3.1)."""
    q = 1.0 - loss
    chance: float = (1 - q**2) * (1 - q**4) ** relays
    return chance


def cells(scale: Scale) -> list[Cell]:
    """Each wiring at each size and loss."""
    return grid(
        "E6",
        scale,
        ("wiring", "members", "loss", "seconds"),
        "{wiring} N={members} loss {loss:.0%}".format,
        lambda settings: settings["members"] * (1 + 40 * settings["loss"]),
        wiring=_WIRINGS,
    )


def run(cell: Cell) -> dict[str, Any]:
    """Counts of suspicions, verdicts and datagrams, and the member-hours to divide by."""
    settings = cell.settings
    members = settings["members"]
    config, wiring = baseline_or_shipped(settings["wiring"], members, streams=False)
    events = (Event.SUSPECTED, Event.FAILED, Event.RECOVERED)
    group = acquainted(members, cell.chance, config, wiring, settings["loss"], events)
    group.run_for(_SETTLE)

    def counted(*names: str) -> list[int]:
        counters = [node.counters for node in group.nodes.values()]
        return [sum(getattr(counter, name) for counter in counters) for name in names]

    names = ("probes", "probes_failed", "datagrams_sent", "bytes_sent")
    begun, first, before = group.now, len(group.history), counted(*names)
    group.run_for(settings["seconds"])
    probes, failed, sent, octets = (
        now - then for now, then in zip(counted(*names), before, strict=True)
    )
    history = group.history[first:]
    incidents, lasted = _mistakes(history, group.now)
    return {
        "member_hours": members * settings["seconds"] / _HOUR,
        "probes": probes,
        "probes_failed": failed,
        "datagrams": sent / (members * (group.now - begun)),
        "bytes": octets / (members * (group.now - begun)),
        "suspicions": sum(a.event is Event.SUSPECTED for a in history),
        "false_positives": sum(a.event is Event.FAILED for a in history),
        "incidents": incidents,
        "lasted": lasted,
    }


def _columns(settings: Mapping[str, Any]) -> list[Column]:
    hours = "member_hours"
    theory: tuple[Reference, ...] = ()
    if settings["wiring"] != "swimtx":  # swimtx repeats its PINGs and tries a stream
        theory = (Reference("theory", float(f"{probe_fails(settings['loss']):.2g}")),)
    return [
        Column("probes_failed", "probes that fail", "share", rate_of, "probes", theory),
        Column("false_positives", "wrong verdicts heard", "per member-hour", per=hours),
        Column("incidents", "wrong verdicts, incidents", "per member-hour", per=hours),
        Column("lasted", "a mistake lasts", "s", mean_of),
        Column("datagrams", "sent", "datagrams/s each", mean_of),
    ]


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Rates over runs; a bound for events that never occurred."""
    rows = rows_of(outcomes, _columns)
    losses = sorted({o.cell.settings["loss"] for o in outcomes if o.error is None})
    theory = {100 * loss: probe_fails(loss) for loss in losses}
    failing, wrong = (
        lines_of(outcomes, rows, figure, "{wiring} N={members}", lambda s: 100 * s["loss"])
        for figure in ("probes that fail", "wrong verdicts heard")
    )
    failing.append(reference_line("(1-q^2)(1-q^4)^3", theory))
    x, title = "packets lost, %", "Probes of living members that fail"
    charts = (
        Chart("probes", title, x, "share of probes", (*failing,), logarithmic=True),
        Chart(
            "verdicts", "Wrong verdicts", x, "heard per member-hour", (*wrong,), logarithmic=True
        ),
    )
    return Summary.of(
        [row for row in rows if row.figure != "a mistake lasts" or row.estimate.count],
        charts,
        "memberlist and Lifeguard probe without a stream here, swimtx with one.",
        "One incident is heard by up to N-1 members; those are no independent events.",
        "Pause tolerances differ, see E3.",
    )


def _mistakes(history: Sequence[Announced], end: float) -> tuple[int, list[float]]:
    """The number of incidents, and the seconds that each wrong verdict of a member lasted."""
    latest: dict[str, float] = {}
    since: dict[tuple[str, str], float] = {}
    incidents = 0
    lasted: list[float] = []
    for announced in history:
        pair = announced.by, announced.about
        if announced.event is Event.FAILED:
            if announced.time - latest.get(announced.about, -_INCIDENT) >= _INCIDENT:
                incidents += 1
            latest[announced.about] = announced.time
            since[pair] = announced.time
        elif announced.event is Event.RECOVERED and pair in since:
            lasted.append(announced.time - since.pop(pair))
    return incidents, lasted + [end - time for time in since.values()]
