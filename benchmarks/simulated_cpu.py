"""What simulating costs: CPU for a member and virtual second, of groups at rest."""

from __future__ import annotations

import time

from benchmarks.real_report import Figure, at_most, shown
from benchmarks.simulated_scenes import at_rest
from benchmarks.simulated_thousand import thousand
from swimtx.simulation import Group, Load, Meter

BUDGET = 60.0  # microseconds
SECONDS = 30.0
_ROUNDS = 3  # of which the best counts: what else the machine does can only add


def measure() -> list[Figure]:
    """At a hundred members and at a thousand."""
    hundred = _at_rest(at_rest(100, "cpu"))
    group, _, _ = thousand()
    group.run_for(45)  # who has joined was news to a thousand
    many = _at_rest(group)
    figures = [shown("cpu", "seconds of CPU for ten million additions, here and now", _additions())]
    for load in (hundred, many):
        size = f"N={load.members}"
        figures += [
            at_most(
                "cpu", f"microseconds for a member-second, {size}", load.cpu_each, BUDGET, ".1f"
            ),
            shown("cpu", f"virtual seconds for a second of CPU, {size}", f"{load.speed:.1f}"),
        ]
    return figures


def _at_rest(group: Group) -> Load:
    meter = Meter(group, time.process_time)
    loads = []
    for _ in range(_ROUNDS):
        group.run_for(SECONDS / _ROUNDS)
        loads.append(meter.read())
    return min(loads, key=lambda load: load.cpu_each)


def _additions() -> str:
    """How quick this machine is just now: about 0.5 where nothing else runs."""
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return f"{time.process_time() - began:.2f}"
