"""``swimtx simulate --experiment``, from the outside."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli import experiments, main
from swimtx.experiments import EXPERIMENTS, find
from swimtx.experiments.plots import MISSING
from tests.experiments.test_experiments import find_dice
from tests.signals import heed

BOUND = 20.0  # seconds that a slow machine may take


class Asked(SynchronousTestCase):
    """What is typed, and what is printed."""

    def type(self, *arguments: str) -> int:
        self.out, self.err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(self.out), contextlib.redirect_stderr(self.err):
            return main(["simulate", *arguments])

    def with_dice(self) -> None:
        self.patch(experiments, "find", find_dice)
        self.patch(experiments, "EXPERIMENTS", {"E0": "dice"})

    def test_the_list_names_each_with_its_title(self) -> None:
        self.assertEqual(self.type("--list"), 0)
        for id in EXPERIMENTS:
            self.assertIn(id, self.out.getvalue())
        self.assertEqual(self.type("--list", "--format", "json"), 0)
        listed = json.loads(self.out.getvalue())
        self.assertEqual([entry["experiment"] for entry in listed], list(EXPERIMENTS))

    def test_one_that_does_not_exist_is_wrong_usage_and_those_that_do_are_named(self) -> None:
        self.assertEqual(self.type("--experiment", "E99"), 2)
        self.assertIn("there is no E99; there are E1, E2", self.err.getvalue())

    def test_a_setting_takes_another_value(self) -> None:
        self.with_dice()
        ask = ("--experiment", "E0", "--jobs", "1", "--format", "json", "--set", "seeds=1")
        self.assertEqual(self.type(*ask), 0)
        (record,) = json.loads(self.out.getvalue())
        self.assertEqual(record["scale"], {"seeds": 1})

    def test_a_setting_that_there_is_not_is_said_in_one_line(self) -> None:
        self.with_dice()
        self.assertEqual(self.type("--experiment", "E0", "--set", "sides=7"), 1)
        self.assertEqual(self.err.getvalue(), "swimtx: E0 has no setting 'sides'; it has seeds\n")
        self.assertEqual(self.type("--experiment", "E0", "--set", "sides"), 2)

    def test_a_name_that_there_is_not_is_said_in_one_line_with_those_that_there_are(self) -> None:
        for id, setting in (("E9", "wirings"), ("E8", "models"), ("E10", "faults")):
            self.assertEqual(self.type("--experiment", id, "--set", f"{setting}=none"), 1)
            self.assertIn(f"swimtx: {setting} of {id}: there is no 'none'; ", self.err.getvalue())
            self.assertEqual(self.err.getvalue().count("\n"), 1)
        every = find("E14").DESCRIPTION.choices["scenes"]
        self.assertEqual(find("E14").DESCRIPTION.full["scenes"], list(every))

    def test_no_seeds_is_wrong_usage(self) -> None:
        self.assertEqual(self.type("--experiment", "E1", "--seeds", "0"), 2)

    def test_a_table_has_the_figures_their_bounds_and_what_was_expected(self) -> None:
        self.with_dice()
        self.assertEqual(self.type("--experiment", "e0", "--seeds", "1", "--jobs", "1"), 0)
        said = self.out.getvalue()
        self.assertIn("E0: dice", said)
        self.assertIn("3.5 (theory)", said)
        self.assertIn("none seen, below 1", said)
        self.assertIn("E0: 2/2 runs", self.err.getvalue())

    def test_runs_that_fail_are_told_of_and_the_status_says_so(self) -> None:
        self.with_dice()
        self.assertEqual(self.type("--experiment", "all", "--jobs", "1"), 1)
        self.assertIn("Failed: a, seed 2: ValueError: the die fell", self.out.getvalue())
        self.assertIn("2 of the runs failed", self.err.getvalue())

    def test_json_is_a_list_of_experiments(self) -> None:
        self.with_dice()
        ask = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--format", "json")
        self.assertEqual(self.type(*ask), 0)
        [found] = json.loads(self.out.getvalue())
        self.assertEqual(found["experiment"], "E0")
        self.assertEqual(found["rows"][0]["references"][0]["source"], "theory")

    def test_a_folder_gets_the_figures_and_without_matplotlib_a_word_about_plots(self) -> None:
        self.with_dice()
        self.patch(experiments, "can_plot", lambda: False)
        with tempfile.TemporaryDirectory() as folder:
            ask = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--output", folder)
            self.assertEqual(self.type(*ask), 0)
            [path] = Path(folder).iterdir()
            self.assertEqual(json.loads(path.read_text())["title"], "dice")
        self.assertIn(MISSING, self.err.getvalue())

    def test_a_folder_that_cannot_be_written_is_an_error(self) -> None:
        self.with_dice()
        ask = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--output", os.devnull)
        self.assertEqual(self.type(*ask), 1)
        self.assertIn("cannot write to", self.err.getvalue())


class Interrupted(SynchronousTestCase):
    """Ctrl-C, with workers at work."""

    def test_all_workers_end(self) -> None:
        heed(self, signal.SIGINT)
        process = subprocess.Popen(
            [sys.executable, "-m", "swimtx", "simulate", "--experiment", "E6", "--jobs", "2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stderr is not None
        self.addCleanup(process.stderr.close)
        self.assertIn("E6: 0/", process.stderr.readline())
        deadline = time.monotonic() + BOUND
        while len(workers := children(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertGreaterEqual(len(workers), 2)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(BOUND), 130)
        while any(map(alive, workers)) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([worker for worker in workers if alive(worker)], [])


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    """Whether it runs; a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
