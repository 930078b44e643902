"""E6: who is accused, and who is called failed, while packets are lost and nobody fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swimtx.config import Config
from swimtx.experiments.estimates import Estimate, mean_of, rate_of
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
from swimtx.experiments.scenes import acquainted
from swimtx.membership.events import Event
from swimtx.simulation.history import Announced
from swimtx.wiring import Wiring

_RELAYS = 3  # k
_INCIDENT = 30.0  # seconds without another verdict on a member, after which one is another incident
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
    """How likely a probe of a living member fails (SWIM §3.1), with every member alive."""
    q = 1.0 - loss
    chance: float = (1 - q**2) * (1 - q**4) ** relays
    return chance


def cells(scale: Scale) -> list[Cell]:
    """Each wiring at each size and loss."""
    return [
        Cell(
            "E6",
            f"{wiring} N={n} loss {loss:.0%}",
            seed,
            {"wiring": wiring, "members": n, "loss": loss, "seconds": scale["seconds"]},
            n * (1 + 40 * loss),
        )
        for wiring in _WIRINGS
        for n in scale["members"]
        for loss in scale["loss"]
        for seed in range(scale["seeds"])
    ]


def run(cell: Cell) -> dict[str, Any]:
    """Counts, and the member-hours that they are out of."""
    settings = cell.settings
    members = settings["members"]
    config, wiring = _wired(settings["wiring"], members)
    events = (Event.SUSPECTED, Event.FAILED, Event.RECOVERED)
    group = acquainted(members, cell.chance, config, wiring, settings["loss"], events)
    group.run_for(_SETTLE)
    counters = [node.counters for node in group.nodes.values()]
    begun, first = group.now, len(group.history)
    probes = -sum(c.probes for c in counters)
    failed = -sum(c.probes_failed for c in counters)
    sent = -sum(c.datagrams_sent for c in counters)
    octets = -sum(c.bytes_sent for c in counters)
    group.run_for(settings["seconds"])
    history = group.history[first:]
    incidents, lasted = _mistakes(history, group.now)
    return {
        "member_hours": members * settings["seconds"] / _HOUR,
        "probes": probes + sum(c.probes for c in counters),
        "probes_failed": failed + sum(c.probes_failed for c in counters),
        "datagrams": (sent + sum(c.datagrams_sent for c in counters))
        / (members * (group.now - begun)),
        "bytes": (octets + sum(c.bytes_sent for c in counters)) / (members * (group.now - begun)),
        "suspicions": sum(a.event is Event.SUSPECTED for a in history),
        "false_positives": sum(a.event is Event.FAILED for a in history),
        "incidents": incidents,
        "lasted": lasted,
    }


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Rates over runs; of what was never seen, a bound."""
    rows: list[Row] = []
    failing: dict[str, dict[float, Estimate]] = {}
    wrong: dict[str, dict[float, Estimate]] = {}
    losses: set[float] = set()
    for case, found in by_case(outcomes).items():
        settings = found[0].cell.settings
        loss = settings["loss"]
        losses.add(loss)
        name = f"{settings['wiring']} N={settings['members']}"
        share = _rate(found, "probes_failed", "probes")
        failing.setdefault(name, {})[100 * loss] = share
        theory: tuple[Reference, ...] = ()
        if settings["wiring"] != "swimtx":  # which repeats its PINGs and tries a stream
            theory = (Reference("theory", float(f"{probe_fails(loss):.2g}")),)
        rows.append(Row(case, "probes that fail", "share", share, theory))
        rate = _rate(found, "false_positives", "member_hours")
        wrong.setdefault(name, {})[100 * loss] = rate
        rows.append(Row(case, "wrong verdicts heard", "per member-hour", rate))
        incidents = _rate(found, "incidents", "member_hours")
        rows.append(Row(case, "wrong verdicts, incidents", "per member-hour", incidents))
        lasted = mean_of(pooled(found, "lasted"))
        if lasted.count:
            rows.append(Row(case, "a mistake lasts", "s", lasted))
        rows.append(Row(case, "sent", "datagrams/s each", mean_of(pooled(found, "datagrams"))))
    theory_line = reference_line(
        "(1-q^2)(1-q^4)^3", {100 * loss: probe_fails(loss) for loss in sorted(losses)}
    )
    lines = [line_of(name, es) for name, es in failing.items()]
    charts = (
        Chart(
            "probes",
            "Probes of living members that fail",
            "packets lost, %",
            "share of probes",
            (*lines, theory_line),
            logarithmic=True,
        ),
        Chart(
            "verdicts",
            "Wrong verdicts",
            "packets lost, %",
            "heard per member-hour",
            tuple(line_of(name, es) for name, es in wrong.items()),
            logarithmic=True,
        ),
    )
    return Summary(
        tuple(rows),
        charts,
        (
            "memberlist and Lifeguard probe without a stream here, swimtx with one.",
            "One incident is heard by up to N-1 members; those are no independent events.",
            "Pause tolerances differ, see E3.",
        ),
    )


def _wired(wiring: str, members: int) -> tuple[Config, type[Wiring]]:
    if wiring == "swimtx":
        return Config.lan(), Wiring
    alpha = 4.0 if wiring.endswith("4") else 5.0
    make = lifeguard if wiring.startswith("Lifeguard") else memberlist
    return as_in_memberlist(members), make(alpha, streams=False)


def _mistakes(history: Sequence[Announced], end: float) -> tuple[int, list[float]]:
    """How many incidents there were, and for how long each who was mistaken was so."""
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


def _rate(outcomes: Sequence[Outcome], events: str, exposure: str) -> Estimate:
    return rate_of([(o.figures[events], o.figures[exposure]) for o in outcomes])
