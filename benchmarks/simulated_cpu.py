"""The CPU time of simulation per member and virtual second, for groups at rest.

Other processes of the machine can only add to that time, so the best of many short slices counts.
"""

from __future__ import annotations

import time

from benchmarks.report import Figure, at_least, at_most, shown
from swimtx.config import Config
from swimtx.experiments.scenes import acquainted
from swimtx.simulation import Group, Load, Meter, VirtualClock

BUDGET = 60.0  # microseconds
SPEED = {100: 100.0, 1000: 10.0}  # by members, virtual seconds per second of CPU
_SETTLE = 10.0  # seconds
_SLICE = 3.0  # seconds; all slices have about the same work
_SLICES = 20
_CALLS = 20_000


def measure() -> list[Figure]:
    """The figures of groups of a hundred and of a thousand."""
    figures = []
    for members, least in SPEED.items():
        group = acquainted(members, "cpu", Config.lan(), events=(), settled=True)
        group.run_for(_SETTLE)
        load, call = _at_rest(group)
        size = f"N={members}"
        figures += [
            at_most(
                "cpu",
                f"microseconds for a member-second, {size}",
                load.cpu_each,
                BUDGET,
                ".1f",
            ),
            at_least(
                "cpu", f"virtual seconds for a second of CPU, {size}", load.speed, least, ".1f"
            ),
            shown(
                "cpu", f"microseconds for an empty timer of the same clock, {size}", f"{call:.2f}"
            ),
        ]
    return figures


def _at_rest(group: Group) -> tuple[Load, float]:
    """The best slice, and the best time of an empty timer between slices in microseconds."""
    meter = Meter(group, time.process_time)
    loads, calls = [], []
    for _ in range(_SLICES):
        meter.read()
        group.run_for(_SLICE)
        loads.append(meter.read())
        calls.append(_empty_timers())
    return min(loads, key=lambda load: load.cpu_each), min(calls)


def _empty_timers() -> float:
    """Microseconds per empty timer, a measure of the current speed of the machine."""
    clock = VirtualClock()
    began = time.process_time()
    for number in range(_CALLS):
        clock.callLater(number * 1e-6, int)
    clock.advance(1.0)
    return (time.process_time() - began) / _CALLS * 1e6
