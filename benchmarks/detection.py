"""Detection times of real processes, expected against measured.

::

    python -m benchmarks.detection [kill|freeze|link ...] [--members 8 32 64] [--times 10]

``kill``: SIGKILL, with tripwires and without. ``freeze``: SIGSTOP for 5 and for 20 seconds.
``link``: a host's link is down, with the profiles lan and local; needs root, ip and nft. ``--long``
adds freezes of 28 and 40 seconds, and links that are down for three. All
processes run on loopback or in network namespaces of their own, and end with the benchmark.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import detection_group, detection_link
from benchmarks.command_line import Parser, end_when_told, measured, printed
from benchmarks.report import Figure, shown

PARTS = ("kill", "freeze", "link")
HOSTS = 16  # in a network of namespaces
_FREEZES = (5.0, 20.0)
_LONG_FREEZES = (28.0, 40.0)
_TOLERATED = 35.0  # seconds; a longer freeze is declared a failure

Task = tuple[str, Callable[[], list[Figure]]]


def tasks(parts: Sequence[str], members: Sequence[int], times: int, long: bool) -> list[Task]:
    """The measurements to make, in their order."""
    found: list[Task] = []
    for count in members if "kill" in parts else ():
        for options in ((), ("--no-tripwires",)):
            name = " ".join((f"kill, {count} members", *options))
            found.append((name, partial(detection_group.kill, count, times, options)))
    for count in members if "freeze" in parts else ():
        for lasts in _FREEZES + (_LONG_FREEZES if long else ()):
            name = f"freeze for {lasts:g} s, {count} members"
            failed = lasts > _TOLERATED
            found.append((name, partial(detection_group.freeze, count, times, lasts, failed)))
    for profile in ("lan", "local") if "link" in parts else ():
        name = f"link, {HOSTS} hosts, {profile}"
        found.append((name, partial(detection_link.link, HOSTS, times, profile)))
    if long and "link" in parts:
        found.append(("blips", partial(detection_link.blip, HOSTS, times)))
    return found


def measure(chosen: Sequence[Task]) -> list[Figure]:
    """The figures of the measurements."""
    figures: list[Figure] = []
    for name, task in chosen:
        figures += measured(name, task)
        load, cores = os.getloadavg()[0], os.cpu_count()
        figures.append(shown(name, "processes that wanted to run, last minute", f"{load:.1f}"))
        figures.append(shown(name, "cores", cores))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if every target is met, else 1."""
    parser = Parser(
        "detection", "How soon real processes find out what became of one of them.", PARTS
    )
    parser.add_argument("--members", type=int, nargs="+", default=[8, 32, 64])
    parser.add_argument("--times", type=int, default=10, help="repeats of each; 10")
    parser.add_argument("--long", action="store_true", help="longer freezes, and links that blip")
    options = parser.options(arguments)
    if min(options.members) < 2 or options.times < 1:
        parser.error("two members or more, once or more")
    end_when_told()
    figures = measure(tasks(options.part, options.members, options.times, options.long))
    return printed(figures, options.format)


if __name__ == "__main__":
    sys.exit(main())
