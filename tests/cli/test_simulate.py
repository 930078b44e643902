"""``swimtx simulate``: its events, its figures and its failures."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli import main


class SimulateTests(SynchronousTestCase):
    def run_command(self, *options: str) -> tuple[int, str, str]:
        """The exit status, stdout and stderr of C{swimtx simulate}."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = main(["simulate", *options])
        return status, out.getvalue(), err.getvalue()

    def figures(self, *options: str) -> dict[str, Any]:
        """The JSON output of the command, which has to succeed."""
        status, out, err = self.run_command("--format", "json", *options)
        self.assertEqual((status, err), (0, ""))
        found: dict[str, Any] = json.loads(out)
        return found

    def test_without_options_sixteen_members_lose_one(self) -> None:
        status, out, err = self.run_command()
        self.assertEqual((status, err), (0, ""))
        self.assertIn("16 members start at once", out)
        self.assertIn("everybody lists everybody after", out)
        self.assertIn("is killed", out)
        self.assertIn("15 of 15", out)
        self.assertIn("virtual seconds per second of CPU", out)

    def test_the_events_are_printed_in_the_order_of_time(self) -> None:
        _, out, _ = self.run_command("--kill", "1", "--vanish", "1", "--stall", "1:5")
        times = [float(line.split()[0]) for line in out.splitlines() if " s  " in line[:14]]
        self.assertGreater(len(times), 8)
        self.assertEqual(times, sorted(times))

    def test_equal_seeds_give_equal_runs_and_different_seeds_different_ones(self) -> None:
        def outcome(seed: str) -> Any:
            found = self.figures("--members", "8", "--loss", "0.1", "--seed", seed)
            return found["formed"], found["ends"], found["quiet"]["bytes_per_member_second"]

        self.assertEqual(outcome("7"), outcome("7"))
        self.assertNotEqual(outcome("7"), outcome("8"))

    def test_each_end_is_reported_with_when_the_survivors_knew_of_it(self) -> None:
        found = self.figures(
            "--kill", "1", "--vanish", "1", "--leave", "1", "--stall", "2:3", "--bootstrap"
        )
        self.assertEqual([end["how"] for end in found["ends"]], ["was killed", "vanished", "left"])
        for end in found["ends"]:
            self.assertEqual((end["knew"], end["witnesses"]), (13, 13))
            self.assertTrue(0 <= end["first"] <= end["median"] <= end["last"])
        self.assertEqual(len(found["stalled"]), 2)
        self.assertEqual(found["wrongly_failed"], [])

    def test_the_option_seconds_sets_the_length_of_the_run(self) -> None:
        found = self.figures("--members", "4", "--kill", "0", "--seconds", "25")
        self.assertEqual(found["ends"], [])
        self.assertAlmostEqual(found["whole"]["seconds"], found["formed"] + 10 + 25, delta=0.001)

    def test_the_latency_is_a_model_or_milliseconds(self) -> None:
        found = self.figures("--members", "3", "--latency", "20-40")
        self.assertEqual(found["latency"], "20-40")
        self.assertGreater(found["formed"], 0.04)
        self.figures("--members", "3", "--latency", "wan", "--profile", "wan")

    def test_a_group_that_does_not_form_gives_one_line_and_status_1(self) -> None:
        status, _, err = self.run_command("--members", "2", "--loss", "0.99999")
        self.assertEqual(status, 1)
        self.assertEqual(err, "swimtx: the group did not form within 300 virtual seconds\n")

    def test_an_end_that_a_survivor_missed_gives_one_line_and_status_1(self) -> None:
        status, _, err = self.run_command("--vanish", "1", "--seconds", "1")
        self.assertEqual(status, 1)
        self.assertEqual(err, "swimtx: not every survivor knows of every end\n")

    def test_wrong_usage_has_status_2(self) -> None:
        for wrong in (
            ["--members", "1"],
            ["--members", "many"],
            ["--members", "4", "--kill", "3", "--leave", "1"],
            ["--kill", "-1"],
            ["--stall", "1:x"],
            ["--loss", "1"],
            ["--loss", "nan"],
            ["--latency", "slow"],
            ["--latency", "9-3"],
            ["--seconds", "inf"],
            ["--profile", "moon"],
        ):
            status, out, err = self.run_command(*wrong)
            self.assertEqual((status, out), (2, ""), wrong)
            self.assertIn("usage: swimtx simulate", err)
