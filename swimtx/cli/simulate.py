"""``swimtx simulate``: runs the protocol code on a simulated network, in virtual time."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from typing import Any

from swimtx.cli import experiments
from swimtx.cli.errors import CommandFailed
from swimtx.cli.output import add_format_option, print_json, print_table
from swimtx.config import PROFILES, Config
from swimtx.membership.events import Event
from swimtx.simulation import (
    LAN,
    Group,
    Latency,
    Load,
    Scenario,
    ScenarioPlan,
    ScenarioReport,
    uniform,
)
from swimtx.simulation.gc_tuning import seldom_searched
from swimtx.simulation.named_networks import NETWORKS, network_named

_KEPT = (Event.SUSPECTED, Event.STALLED, Event.RECOVERED, Event.FAILED, Event.LEFT)
_REDRAWN = 0.1  # seconds between two updates of the progress line


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "simulate",
        help="a whole group on a simulated network, in virtual time",
        description="Let a group form on a simulated network, let something befall it, and tell "
        "who found out when, and what it cost. It is the code that runs on real networks too; "
        "the same options and seed give the same story.",
    )
    _add_options(parser)
    experiments.add_arguments(parser)
    add_format_option(parser)
    parser.set_defaults(run=run, wrong=parser.error)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--members", "-n", type=_size, default=16, metavar="N", help="how many (16)")
    add(
        "--kill", type=_count, metavar="N", help="so many processes are killed (1, if nothing else)"
    )
    add("--vanish", type=_count, default=0, metavar="N", help="so many hosts lose power")
    add("--leave", type=_count, default=0, metavar="N", help="so many members say goodbye")
    add(
        "--stall",
        type=_stall,
        default=(0, 2.0),
        metavar="N[:SECONDS]",
        help="so many processes do nothing for so long (2 s)",
    )
    add("--loss", type=_chance, default=0.0, metavar="P", help="chance of each packet to be lost")
    add(
        "--latency",
        type=_latency,
        default="lan",
        metavar="MODEL",
        help=f"a network: {', '.join(NETWORKS)} (lan), or milliseconds: MS or LOW-HIGH",
    )
    add("--profile", choices=PROFILES, default="lan", help="timing preset of the members (lan)")
    add(
        "--bootstrap", action="store_true", help="join by a bootstrap node, not by the first member"
    )
    add("--seed", default="1", help="another one gives another story (1)")
    add(
        "--seconds",
        type=_number,
        metavar="S",
        help="virtual seconds to go on for; by default until everybody knows, 300 at the most",
    )


def run(args: argparse.Namespace) -> int:
    """Run the scenario and print the report.

    @raise CommandFailed: the group did not form, or some survivor missed an end.
    """
    if experiments.wanted(args):
        return experiments.run(args)
    plan = _plan(args)
    if plan.victims >= args.members:
        args.wrong(f"{plan.victims} of {args.members} members: nobody would be left to find out")
    name, latency = args.latency
    config = Config(profile=args.profile)
    group = Group(args.members, args.seed, config, args.loss, LAN, args.bootstrap, events=_KEPT)
    group.network.latency = latency or network_named(name, group.clock)
    progress = _ScenarioProgress(quiet=args.format == "json")
    scenario = Scenario(group, plan, progress.tell, progress.show, time.process_time)
    with seldom_searched():
        report = scenario.play()
    progress.end()
    if args.format == "json":
        print_json(_as_json(args, name, report), indent=2)
    else:
        _print(report)
    if report.formed is None:
        raise CommandFailed(f"the group did not form within {plan.patience:g} virtual seconds")
    if not report.everybody_knows:
        raise CommandFailed("not every survivor knows of every end")
    return 0


def _plan(args: argparse.Namespace) -> ScenarioPlan:
    number, seconds = args.stall
    kill = args.kill
    if kill is None:
        kill = 0 if args.vanish or args.leave or number else 1
    return ScenarioPlan(kill, args.vanish, args.leave, number, seconds, 10.0, args.seconds, 300.0)


# Values of options


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"a number, not {text!r}")
    return number


def _size(text: str) -> int:
    number = _count(text)
    if not 2 <= number <= 10000:
        raise argparse.ArgumentTypeError(f"2 to 10000, not {text}")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"a number from 0 up, not {text!r}")
    return number


def _chance(text: str) -> float:
    number = _number(text)
    if number >= 1:
        raise argparse.ArgumentTypeError(f"a chance from 0 to below 1, not {text}")
    return number


def _stall(text: str) -> tuple[int, float]:
    number, colon, seconds = text.partition(":")
    return _count(number), _number(seconds) if colon else 2.0


def _latency(text: str) -> tuple[str, Latency | None]:
    if text in NETWORKS:
        return text, None
    low, _, high = text.partition("-")
    least = _number(low) / 1000
    most = _number(high) / 1000 if high else least
    if most < least:
        raise argparse.ArgumentTypeError(f"LOW-HIGH in milliseconds, not {text}")
    return text, uniform(least, most)


# Output


def _print(report: ScenarioReport) -> None:
    rows = [
        (f"{name} {fate}", _s(known.first), _s(known.median), _s(known.last), _of(known))
        for name, (fate, known) in report.fates.items()
    ]
    if rows:
        print()
        print_table(("WHAT", "FIRST KNEW", "MEDIAN", "LAST", "SURVIVORS"), rows)
    print()
    print_table(("", ""), list(_figures(report)))


def _figures(report: ScenarioReport) -> list[tuple[str, str]]:
    found = [("everybody listed everybody after", _s(report.formed))]
    found.append(("running members called failed", str(len(report.wrong))))
    for what, load in (("at rest", report.quiet), ("in all", report.whole)):
        if load is not None:
            found += [
                (f"datagrams per member and second, {what}", f"{load.datagrams_each:.2f}"),
                (f"bytes in datagrams, {what}", f"{load.octets_each:.0f}"),
                (f"bytes in streams, {what}", f"{load.stream_octets_each:.0f}"),
            ]
    if report.whole is not None:
        found.append(("virtual seconds", f"{report.whole.seconds:.2f}"))
        found.append(("virtual seconds per second of CPU", f"{report.whole.speed:.1f}"))
    return found


def _s(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def _of(known: Any) -> str:
    return f"{known.knew} of {known.witnesses}"


def _as_json(args: argparse.Namespace, latency: str, report: ScenarioReport) -> dict[str, Any]:
    return {
        "members": args.members,
        "seed": args.seed,
        "profile": args.profile,
        "loss": args.loss,
        "latency": latency,
        "formed": report.formed,
        "ends": [
            {"member": name, "how": fate, **asdict(known)}
            for name, (fate, known) in report.fates.items()
        ],
        "stalled": report.stalled,
        "wrongly_failed": [
            {"time": wrong.time, "member": wrong.about, "by": wrong.by, "why": wrong.why}
            for wrong in report.wrong
        ],
        "quiet": _load(report.quiet),
        "whole": _load(report.whole),
    }


def _load(load: Load | None) -> dict[str, float] | None:
    if load is None:
        return None
    return {
        "seconds": load.seconds,
        "datagrams_per_member_second": load.datagrams_each,
        "bytes_per_member_second": load.octets_each,
        "stream_bytes_per_member_second": load.stream_octets_each,
        "cpu_seconds": load.cpu,
        "virtual_seconds_per_cpu_second": load.speed,
    }


class _ScenarioProgress:
    """The events of the scenario on stdout; on a terminal, a progress line on stderr."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._drawn = 0.0

    def tell(self, when: float, sentence: str) -> None:
        """Print an event, unless the output is JSON."""
        self.end()
        if not self._quiet:
            print(f"{when:9.3f} s  {sentence}", flush=True)

    def show(self, what: str, done: int, of: int) -> None:
        """Redraw the progress line."""
        if self._terminal and time.monotonic() - self._drawn >= _REDRAWN:
            self._drawn = time.monotonic()
            print(f"\r{what}: {done} of {of}\x1b[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Erase the progress line."""
        if self._terminal and self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
