"""The load of a group at rest: a PING and an ACK per member and period, at any size (SWIM §5.1)."""

from __future__ import annotations

from collections import Counter

from benchmarks.report import Figure, shown
from benchmarks.simulated_scenes import at_rest, spy
from swimtx.parts import PUBLISHED, SHIPPED, Parts
from swimtx.wire.messages import MessageType

MEMBERS = 128
PERIODS = 40
EXPECTED = 2.0
TOLERANCE = 0.05


def measure() -> list[Figure]:
    """The load with the shipped parts, and with the paper's."""
    figures = []
    for name, parts in (("shipped", SHIPPED), ("as published", PUBLISHED)):
        sent = _sent(parts)
        probing = (sent[MessageType.PING] + sent[MessageType.ACK]) / (MEMBERS * PERIODS)
        figures.append(
            Figure(
                "load",
                f"PING and ACK a member and period at rest, N={MEMBERS}, {name}",
                f"{EXPECTED:g} +- {TOLERANCE:.0%}",
                f"{probing:.3f}",
                abs(probing / EXPECTED - 1) <= TOLERANCE,
            )
        )
        rest = (sum(sent.values()) / (MEMBERS * PERIODS)) - probing
        figures.append(shown("load", f"other datagrams, {name}", f"{rest:.3f}"))
    return figures


def _sent(parts: Parts) -> Counter[MessageType]:
    group = at_rest(MEMBERS, "load", parts, seconds=150)
    counted: Counter[MessageType] = Counter()
    stop = spy(group, lambda kind, source, destination: counted.update((kind,)))
    group.run_for(PERIODS * group.config.period)
    stop()
    return counted
