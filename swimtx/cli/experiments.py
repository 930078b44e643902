"""``swimtx simulate --experiment``: runs the papers' experiments beside the papers' figures."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from swimtx.cli.errors import CommandFailed
from swimtx.cli.output import print_json, print_table
from swimtx.experiments import EXPERIMENTS, Record, Runner, find
from swimtx.experiments.plots import MISSING, can_plot, save_plots

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_REDRAWN = 0.2  # seconds between two updates of the progress line on a terminal
_LOGGED = 15.0  # seconds between two progress lines elsewhere


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options about experiments."""
    group = parser.add_argument_group("experiments", "the papers' experiments, instead of a story")
    group.add_argument(
        "--experiment",
        metavar="ID",
        nargs="+",
        type=_experiment,
        help=f"run these: {', '.join(EXPERIMENTS)}, or all",
    )
    group.add_argument("--list", action="store_true", help="say which experiments there are")
    group.add_argument(
        "--seeds", metavar="N", type=_positive, help="how often each case is run, with other chance"
    )
    group.add_argument(
        "--full", action="store_true", help="at the size of the papers; this may take hours"
    )
    group.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_setting,
        help="another value for a setting of the experiment, as JSON: members=128, slow=[1,8]",
    )
    group.add_argument(
        "--jobs", metavar="N", type=_positive, help="processes; by default one for each core"
    )
    group.add_argument(
        "--output", metavar="FOLDER", type=Path, help="write all figures there, and plots"
    )


def wanted(args: argparse.Namespace) -> bool:
    """Whether the options ask for experiments."""
    return bool(args.list or args.experiment)


def run(args: argparse.Namespace) -> int:
    """Run the chosen experiments on all cores, or list all experiments.

    @raise CommandFailed: a setting is unknown, a file cannot be written, or a run failed.
    """
    if args.list:
        _list(args.format)
        return 0
    records = []
    with _signals_interrupt():
        for id in _chosen(args.experiment):
            record = _run(id, args)
            records.append(record)
            if args.output is not None:
                _save(record, args.output)
            if args.format == "table":
                _print(record)
    if args.format == "json":
        print_json([record.to_json(cells=False) for record in records], indent=1)
    failed = sum(len(record.failed) for record in records)
    if failed:
        raise CommandFailed(f"{failed} of the runs failed; what is printed leaves them out")
    return 0


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1, not {text!r}")
    return number


def _setting(text: str) -> tuple[str, Any]:
    """A name and a value; a value that is not JSON is text."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _experiment(text: str) -> str:
    """The id in its usual spelling, or C{all}."""
    known = {id.lower(): id for id in EXPERIMENTS} | {"all": "all"}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"there is no {text}; there are {', '.join(EXPERIMENTS)}")
    return known[text.lower()]


def _chosen(ids: list[str]) -> list[str]:
    return list(EXPERIMENTS) if "all" in ids else list(dict.fromkeys(ids))


def _list(form: str) -> None:
    descriptions = [find(id).DESCRIPTION for id in EXPERIMENTS]
    if form == "json":
        print_json(
            [
                {"experiment": d.id, "title": d.title, "paper": d.paper, "settings": d.usual}
                for d in descriptions
            ],
            1,
        )
    else:
        print_table(("ID", "EXPERIMENT"), [(d.id, d.title) for d in descriptions])


def _run(id: str, args: argparse.Namespace) -> Record:
    experiment = find(id)
    try:
        scale = experiment.DESCRIPTION.scale(args.full, args.seeds, dict(args.set))
        cells = experiment.cells(scale)
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    except KeyError as error:  # one setting has an entry for each value of another
        raise CommandFailed(
            f"{id} has no other setting for {error}; leave that one as it is"
        ) from None
    progress = _RunProgress(id)
    began = time.monotonic()
    jobs = args.jobs or len(os.sched_getaffinity(0))
    try:
        outcomes = Runner(find, jobs, progress.show).run(cells)
    finally:
        progress.end()
    seconds = time.monotonic() - began
    summary = experiment.summary(outcomes)
    return Record(experiment.DESCRIPTION, scale, seconds, outcomes, summary)


def _save(record: Record, folder: Path) -> None:
    try:
        paths = [record.save(folder)]
        if can_plot():
            paths += save_plots(record, folder)
    except OSError as error:
        raise CommandFailed(f"cannot write to {folder}: {error}") from None
    print(f"wrote {', '.join(map(str, paths))}", file=sys.stderr)
    if record.summary.charts and not can_plot():
        print(MISSING, file=sys.stderr)


def _print(record: Record) -> None:
    description = record.description
    print(f"{description.id}: {description.title} ({record.seconds:.0f} s)")
    print(f"The paper: {description.paper}")
    rows = [
        (row.case, row.figure, str(row.estimate), row.unit, "; ".join(map(str, row.references)))
        for row in record.summary.rows
    ]
    print_table(("CASE", "FIGURE", "HERE [95 %]", "UNIT", "EXPECTED"), rows)
    for note in record.summary.notes:
        print(f"Note: {note}")
    for outcome in record.failed:
        print(f"Failed: {outcome.cell.case}, seed {outcome.cell.seed}: {outcome.error}")
    print(flush=True)


class _RunProgress:
    """The progress on stderr: on a terminal one line that is redrawn, else a line now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._terminal = sys.stderr.isatty()
        self._shown = -_LOGGED

    def show(self, done: int, total: int, left: float | None) -> None:
        now = time.monotonic()
        if now - self._shown < (_REDRAWN if self._terminal else _LOGGED) and done < total:
            return
        self._shown = now
        text = f"{self._what}: {done}/{total} runs"
        if left is not None:
            text += f", about {_duration(left)} left"
        if self._terminal:
            print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Erase the line."""
        if self._terminal:
            print(f"\r{'':<60}\r", end="", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Have SIGTERM and SIGHUP act like Ctrl-C, so that the worker processes end too."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
