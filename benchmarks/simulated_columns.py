"""A column of figures, one for each kind of failure, of a simulated group of 100 or 1000 members.

::

    python -m benchmarks.simulated_columns [one-by-one|again|split|killed|gone ...]
        [--members 100] [--seeds 3] [--tolerance 3] [--format json]

Times are seconds of virtual time until the last survivor knows, median and worst of the seeds.
Traffic is counted in IP bytes, of which 28 per datagram are headers. All members know each other
from the start. Each figure is also printed when it is measured: with a thousand members, each part
takes many minutes of CPU.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from statistics import median

from benchmarks.command_line import Parser, printed
from benchmarks.report import Figure, shown
from swimtx.config import Config
from swimtx.experiments.scenes import acquainted
from swimtx.membership.claim import State
from swimtx.membership.events import Event
from swimtx.simulation import Group, Load, Meter, knowledge
from swimtx.simulation.gc_tuning import seldom_searched

PART = "columns"
MEMBERS = 100
SEEDS = 3
TOLERANCE = 3.0  # periods
LOSSES = (0.1, 0.2, 0.3)
SPLITS = (0.5, 0.1)
SHARE = 0.3  # of the members that end at once
_HEADERS = 28  # bytes of IP and UDP
_MEMBER_SECONDS = 20_000  # the most that are measured at each loss rate
_APART = 20.0  # seconds
_TIMES = 10
_STEP = 1.618  # seconds; spreads the failures evenly over the protocol period
_SETTLE = 15.0  # seconds
_BOUND = 60.0  # seconds to wait, at the most

Column = dict[str, list[float]]


def measure(
    parts: Sequence[str], members: int = MEMBERS, seeds: int = SEEDS, tolerance: float = TOLERANCE
) -> list[Figure]:
    """One column: a figure for each kind of failure."""
    column: Column = {}
    for seed in range(seeds):
        for name in parts:
            print(f"{members} members, {name}, seed {seed}", file=sys.stderr, flush=True)
            COLUMN_PARTS[name](_at_rest(members, f"{name}/{seed}", tolerance), column)
    title = f"{members} members, tolerance {tolerance:g} T: "
    return [shown(PART, title + what, _in_words(found)) for what, found in column.items()]


def _in_words(found: list[float]) -> str:
    if len(set(found)) == 1:
        return f"{found[0]:.2f}"
    return f"{median(found):.2f} (worst {max(found):.2f})"


def _at_rest(members: int, seed: str, tolerance: float) -> Group:
    config = Config.lan(silence_tolerance=tolerance)
    chance = f"columns/{seed}"
    group = acquainted(members, chance, config, events=(Event.FAILED,), settled=True)
    group.run_for(_SETTLE)
    return group


# The parts


def _one_by_one(group: Group, column: Column) -> None:
    """At rest; then one process is killed and one host vanishes; the same under packet loss."""
    load = _load(group, 30.0)
    _note(column, "packets a second and member, at rest", load.datagrams_each)
    _note(column, "bytes a second and member, at rest", _octets(load))
    _ends(group, column, "", group.running[7:9])
    for loss in LOSSES:
        group.network.lose(loss)
        group.run_for(5.0)
        wrong = len(group.wrongly_failed())
        load = _load(group, min(60.0, _MEMBER_SECONDS / len(group.running)))
        suffix = f", {loss:.0%} loss"
        _note(column, "packets a second and member" + suffix, load.datagrams_each)
        _note(column, "bytes a second and member" + suffix, _octets(load))
        _ends(group, column, suffix, group.running[7:9])
        hours = load.seconds * load.members / 3600
        wrong = len(group.wrongly_failed()) - wrong
        _note(column, f"wrong failures, in {hours:.1f} member-hours" + suffix, wrong)


def _ends(group: Group, column: Column, suffix: str, keys: Sequence[str]) -> None:
    """Kill one process, and later have one host vanish."""
    killed, gone = keys
    _note(column, "one process killed" + suffix, *_found(group, [killed], group.kill))
    _note(column, "one host gone" + suffix, *_found(group, [gone], group.vanish))


def _again(group: Group, column: Column) -> None:
    """End ten processes and ten hosts, each alone and at another moment of the period."""
    names = group.running
    chosen = names[:: max(1, len(names) // (2 * _TIMES))][: 2 * _TIMES]
    for killed, gone in zip(chosen[::2], chosen[1::2], strict=True):
        for what, key, end in (("killed", killed, group.kill), ("gone", gone, group.vanish)):
            group.run_for(_STEP)
            _note(column, f"{what}, at any moment", *_found(group, [key], end))
    _note(column, "wrong failures, one by one", len(group.wrongly_failed()))


def _split(group: Group, column: Column) -> None:
    """Split the group and heal it, at two ratios."""
    for share in SPLITS:
        names = group.running
        some = names[: round(share * len(names))]
        rest = names[len(some) :]
        group.partition(some, rest)
        group.run_for(_APART)
        apart = group.lists(some[0], rest, State.FAILED) and group.lists(
            rest[0], some, State.FAILED
        )
        group.heal()
        since = group.now
        whole = group.run_until(group.everybody_lists, _BOUND)
        what = f"split {share:.0%} to {1 - share:.0%} for {_APART:g} s"
        _note(column, f"{what}: apart in the end", apart)
        _note(column, f"{what}: until healed", group.now - since if whole else float("inf"))
        group.run_for(10.0)


def _many_killed(group: Group, column: Column) -> None:
    """Kill many processes at once, on hosts that stay up."""
    _many(group, column, "killed at once", group.kill)


def _many_gone(group: Group, column: Column) -> None:
    """Have many hosts vanish at once."""
    _many(group, column, "gone at once", group.vanish)


def _many(group: Group, column: Column, how: str, end: Callable[[str], object]) -> None:
    some = group.running[:: round(1 / SHARE)][: round(SHARE * len(group.running))]
    what = f"{len(some) / len(group.running):.0%} {how}"
    meter = Meter(group)
    found = _found(group, some, end)
    _note(column, f"{what}: the median one", median(found))
    _note(column, f"{what}: all", max(found))
    load = meter.read()
    _note(column, f"packets a second and member, {what}", load.datagrams_each)
    _note(column, f"wrong failures, {what}", len(group.wrongly_failed()))


COLUMN_PARTS: dict[str, Callable[[Group, Column], None]] = {
    "one-by-one": _one_by_one,
    "again": _again,
    "split": _split,
    "killed": _many_killed,
    "gone": _many_gone,
}

# Measuring


def _found(group: Group, keys: Collection[str], end: Callable[[str], object]) -> list[float]:
    """For each ended member, the seconds until all survivors list it as failed."""
    since = group.now
    for key in keys:
        end(key)
    names = list(keys)
    witnesses = group.running
    known = group.run_until(
        lambda: all(group.lists(key, names, State.FAILED) for key in witnesses), _BOUND
    )
    if not known:
        return [float("inf")]
    last = [knowledge(group, name, Event.FAILED, since, witnesses).last for name in names]
    group.run_for(3.0)
    return [found for found in last if found is not None]


def _load(group: Group, seconds: float) -> Load:
    meter = Meter(group)
    group.run_for(seconds)
    return meter.read()


def _octets(load: Load) -> float:
    return load.octets_each + _HEADERS * load.datagrams_each


def _note(column: Column, what: str, *values: float) -> None:
    print(f"  {what}: {', '.join(f'{value:.2f}' for value in values)}", file=sys.stderr, flush=True)
    column.setdefault(what, []).extend(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the column."""
    parser = Parser(
        "simulated_columns", "What a simulated group makes of each kind of failure.", COLUMN_PARTS
    )
    parser.add_argument("--members", type=int, default=MEMBERS, metavar="N")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, metavar="PERIODS")
    options = parser.options(arguments)
    with seldom_searched():
        figures = measure(options.part, options.members, options.seeds, options.tolerance)
    return printed(figures, options.format)


if __name__ == "__main__":
    sys.exit(main())
