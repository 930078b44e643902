"""The time and cost for a thousand members that join at once, by one seed, until all list all."""

from __future__ import annotations

import time
from functools import cache

from benchmarks.report import Figure, shown
from swimtx.simulation import Group, Load, Meter

MEMBERS = 1000
_BOUND = 120.0  # virtual seconds


@cache
def thousand() -> tuple[Group, float | None, Load]:
    """The group, the seconds until it had formed, and the load meanwhile."""
    group = Group(MEMBERS, "thousand", events=())
    meter = Meter(group, time.process_time)
    group.start()
    formed = group.run_until(group.everybody_lists, _BOUND)
    return group, group.now if formed else None, meter.read()


def measure() -> list[Figure]:
    """The time until all members list all, and the cost."""
    _, formed, load = thousand()
    each = load.datagrams / MEMBERS
    return [
        Figure(
            "thousand",
            f"virtual seconds until each of {MEMBERS} lists all",
            "it happens",
            "never" if formed is None else f"{formed:.2f}",
            formed is not None,
        ),
        shown("thousand", "seconds of CPU for it", f"{load.cpu:.1f}"),
        shown("thousand", "datagrams a member", f"{each:.0f}"),
        shown("thousand", "KiB in datagrams a member", f"{load.octets / MEMBERS / 1024:.0f}"),
        shown("thousand", "KiB in streams a member", f"{load.stream_octets / MEMBERS / 1024:.0f}"),
    ]
