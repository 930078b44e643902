"""``swimtx simulate --experiment``: its options, its output and its end by Ctrl-C."""

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
from tests.signals import use_default_handlers

BOUND = 20.0  # seconds that a slow machine may take


class ExperimentCommandTests(SynchronousTestCase):
    """The options and the output."""

    def run_command(self, *arguments: str) -> int:
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(self.stdout), contextlib.redirect_stderr(self.stderr):
            return main(["simulate", *arguments])

    def use_dice(self) -> None:
        self.patch(experiments, "find", find_dice)
        self.patch(experiments, "EXPERIMENTS", {"E0": "dice"})

    def test_the_list_names_each_experiment(self) -> None:
        self.assertEqual(self.run_command("--list"), 0)
        for id in EXPERIMENTS:
            self.assertIn(id, self.stdout.getvalue())
        self.assertEqual(self.run_command("--list", "--format", "json"), 0)
        listed = json.loads(self.stdout.getvalue())
        self.assertEqual([entry["experiment"] for entry in listed], list(EXPERIMENTS))

    def test_an_unknown_experiment_is_wrong_usage_and_the_known_ones_are_named(self) -> None:
        self.assertEqual(self.run_command("--experiment", "E99"), 2)
        self.assertIn("there is no E99; there are E1, E2", self.stderr.getvalue())

    def test_a_setting_can_be_given_another_value(self) -> None:
        self.use_dice()
        options = ("--experiment", "E0", "--jobs", "1", "--format", "json", "--set", "seeds=1")
        self.assertEqual(self.run_command(*options), 0)
        (record,) = json.loads(self.stdout.getvalue())
        self.assertEqual(record["scale"], {"seeds": 1})

    def test_an_unknown_setting_is_reported_in_one_line(self) -> None:
        self.use_dice()
        self.assertEqual(self.run_command("--experiment", "E0", "--set", "sides=7"), 1)
        self.assertEqual(
            self.stderr.getvalue(), "swimtx: E0 has no setting 'sides'; it has seeds\n"
        )
        self.assertEqual(self.run_command("--experiment", "E0", "--set", "sides"), 2)

    def test_an_unknown_choice_is_reported_in_one_line_with_the_known_ones(self) -> None:
        for id, setting in (("E9", "wirings"), ("E8", "models"), ("E10", "faults")):
            self.assertEqual(self.run_command("--experiment", id, "--set", f"{setting}=none"), 1)
            self.assertIn(
                f"swimtx: {setting} of {id}: there is no 'none'; ", self.stderr.getvalue()
            )
            self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        every = find("E14").DESCRIPTION.choices["scenes"]
        self.assertEqual(find("E14").DESCRIPTION.full["scenes"], list(every))

    def test_zero_seeds_are_wrong_usage(self) -> None:
        self.assertEqual(self.run_command("--experiment", "E1", "--seeds", "0"), 2)

    def test_a_table_has_the_figures_their_bounds_and_the_expected_values(self) -> None:
        self.use_dice()
        self.assertEqual(self.run_command("--experiment", "e0", "--seeds", "1", "--jobs", "1"), 0)
        printed = self.stdout.getvalue()
        self.assertIn("E0: dice", printed)
        self.assertIn("3.5 (theory)", printed)
        self.assertIn("none seen, below 1", printed)
        self.assertIn("E0: 2/2 runs", self.stderr.getvalue())

    def test_failed_runs_are_printed_and_make_the_exit_status_1(self) -> None:
        self.use_dice()
        self.assertEqual(self.run_command("--experiment", "all", "--jobs", "1"), 1)
        self.assertIn("Failed: a, seed 2: ValueError: the die fell", self.stdout.getvalue())
        self.assertIn("2 of the runs failed", self.stderr.getvalue())

    def test_json_is_a_list_of_experiments(self) -> None:
        self.use_dice()
        options = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--format", "json")
        self.assertEqual(self.run_command(*options), 0)
        [found] = json.loads(self.stdout.getvalue())
        self.assertEqual(found["experiment"], "E0")
        self.assertEqual(found["rows"][0]["references"][0]["source"], "theory")

    def test_the_output_folder_gets_the_figures_even_without_matplotlib(self) -> None:
        self.use_dice()
        self.patch(experiments, "can_plot", lambda: False)
        with tempfile.TemporaryDirectory() as folder:
            options = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--output", folder)
            self.assertEqual(self.run_command(*options), 0)
            [path] = Path(folder).iterdir()
            self.assertEqual(json.loads(path.read_text())["title"], "dice")
        self.assertIn(MISSING, self.stderr.getvalue())

    def test_an_output_folder_that_cannot_be_written_is_an_error(self) -> None:
        self.use_dice()
        options = ("--experiment", "E0", "--seeds", "1", "--jobs", "1", "--output", os.devnull)
        self.assertEqual(self.run_command(*options), 1)
        self.assertIn("cannot write to", self.stderr.getvalue())


class InterruptTests(SynchronousTestCase):
    """Ctrl-C while worker processes run."""

    def test_all_workers_end_at_ctrl_c(self) -> None:
        use_default_handlers(self, signal.SIGINT)
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
    """The child processes of a process."""
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
