"""The experiments: cells, baselines and summaries, estimates, the runner and records."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from swimtx.experiments import (
    EXPERIMENTS,
    Cell,
    Description,
    Experiment,
    Outcome,
    Record,
    Runner,
    Scale,
    by_case,
    estimates,
    find,
    plots,
    pooled,
)
from swimtx.experiments.ablations import WITHOUT
from swimtx.experiments.experiment import grid
from swimtx.experiments.results import Chart, Reference, Row, Summary, line_of
from swimtx.experiments.runner import run_cell

#: Settings for cells that take a fraction of a second.
TINY: dict[str, dict[str, Any]] = {
    "E1": {"members": [5], "periods": 5},
    "E2": {"members": [5], "crashes": 2},
    "E3": {"members": [5], "crashes": {5: 1}},
    "E4": {"members": [6], "updates": 2},
    "E4b": {"members": [6], "loss": [0.25], "updates": {6: 1}},
    "E4c": {"members": [8], "crashes": 1},
    "E5": {},
    "E6": {"members": [5], "loss": [0.3], "seconds": 10.0},
}


class Dice:
    """An experiment without a simulation; its cells of seed 2 fail."""

    DESCRIPTION = Description("E0", "dice", "Nothing is known.", {"seeds": 4}, {"seeds": 9})

    def cells(self, scale: Scale) -> list[Cell]:
        return [Cell("E0", case, s) for case in "ab" for s in range(1, 1 + scale["seeds"])]

    def run(self, cell: Cell) -> dict[str, Any]:
        if cell.seed == 2:
            raise ValueError("the die fell off the table")
        return {"thrown": cell.seed, "sixes": 0}

    def summary(self, outcomes: Sequence[Outcome]) -> Summary:
        rows = []
        means: dict[float, estimates.Estimate] = {}
        for number, (case, found) in enumerate(by_case(outcomes).items()):
            mean = means[number] = estimates.mean_of(pooled(found, "thrown"))
            rows.append(Row(case, "thrown", "pips", mean, (Reference("theory", 3.5),)))
            sixes = estimates.share_of(0, len(found))
            rows.append(Row(case, "sixes", "share", sixes))
        chart = Chart("dice", "Dice", "case", "pips", (line_of("thrown", means),))
        return Summary(tuple(rows), (chart,))


def find_dice(id: str) -> Experiment:
    return Dice()


def record_of(experiment: Experiment, scale: Scale, jobs: int = 1) -> Record:
    outcomes = Runner(lambda id: experiment, jobs).run(experiment.cells(scale))
    return Record(experiment.DESCRIPTION, scale, 1.0, outcomes, experiment.summary(outcomes))


class EstimateTestCase(SynchronousTestCase):
    def test_an_estimate_without_events_is_an_upper_bound_and_not_zero(self) -> None:
        rate = estimates.rate_of([(0, 2.0), (0, 4.0)])
        self.assertTrue(rate.bound)
        self.assertEqual(rate.high, 0.5)
        self.assertIn("none seen, below 0.5", str(rate))
        self.assertEqual(estimates.share_of(0, 30).high, 0.1)

    def test_an_estimate_without_observations_is_none(self) -> None:
        for nothing in (
            estimates.mean_of([]),
            estimates.share_of(0, 0),
            estimates.rate_of([]),
        ):
            self.assertTrue(math.isnan(nothing.value))
            self.assertEqual(str(nothing), "none")

    def test_an_interval_holds_the_estimate_and_shrinks_with_more_samples(self) -> None:
        few = estimates.mean_of([1.0, 2.0, 3.0, 4.0])
        many = estimates.mean_of([1.0, 2.0, 3.0, 4.0] * 50)
        for estimate in (few, many):
            self.assertTrue(estimate.low < estimate.value == 2.5 < estimate.high)
        self.assertLess(many.high - many.low, few.high - few.low)

    def test_events_that_come_in_bursts_widen_the_interval_of_a_rate(self) -> None:
        steady = estimates.rate_of([(3, 1.0)] * 10)
        bursts = estimates.rate_of([(30, 1.0)] + [(0, 1.0)] * 9)
        self.assertEqual(steady.value, bursts.value)
        self.assertLess(steady.high - steady.low, bursts.high - bursts.low)

    def test_a_quantile_lies_between_its_neighbours(self) -> None:
        self.assertEqual(estimates.quantile([0.0, 1.0, 2.0, 3.0], 0.5), 1.5)
        self.assertEqual(estimates.quantile([7.0], 0.99), 7.0)


class ExperimentTestCase(SynchronousTestCase):
    def test_each_experiment_has_its_id_and_distinct_cells_that_are_json(self) -> None:
        for id in EXPERIMENTS:
            experiment = find(id)
            description = experiment.DESCRIPTION
            self.assertEqual(description.id, id)
            for full in (False, True):
                cells = experiment.cells(description.scale(full))
                runs = {(c.case, c.seed, json.dumps(dict(c.settings))) for c in cells}
                self.assertEqual(len(runs), len(cells), id)
                self.assertEqual({cell.experiment for cell in cells}, {id})
                json.dumps([dict(cell.settings) for cell in cells])

    def test_cells_of_each_experiment_run_and_their_record_is_json(self) -> None:
        for id in EXPERIMENTS:
            if id not in TINY:
                continue
            experiment = find(id)
            scale = {**experiment.DESCRIPTION.scale(seeds=1), **TINY[id]}
            cells = experiment.cells(scale)
            outcomes = [run_cell(cells[0], find), run_cell(cells[-1], find)]
            self.assertEqual([o.error for o in outcomes], [None, None], id)
            summary = experiment.summary(outcomes)
            self.assertTrue(summary.rows and summary.charts, id)
            record = Record(experiment.DESCRIPTION, scale, 1.0, outcomes, summary)
            json.dumps(record.to_json(), allow_nan=False)

    def test_a_grid_has_a_cell_for_each_combination_of_settings_and_each_seed(self) -> None:
        scale = {"seeds": 2, "wirings": ["a", "b"], "members": [5, 9], "crashes": {5: 1, 9: 3}}
        names = ("wiring", "members", "crashes", "loss")
        cells = grid("E0", scale, names, "{wiring}{members}".format, loss=0.5)
        self.assertEqual([cell.case for cell in cells[::2]], ["a5", "a9", "b5", "b9"])
        self.assertEqual([cell.seed for cell in cells], [0, 1] * 4)
        last = {"wiring": "b", "members": 9, "crashes": 3, "loss": 0.5}
        self.assertEqual(cells[-1].settings, last)
        with self.assertRaises(KeyError):
            grid("E0", {**scale, "members": 7}, names, "{wiring}{members}".format, loss=0.5)

    def test_a_group_without_any_one_rule_still_detects_a_killed_member(self) -> None:
        for rule in WITHOUT:
            settings = {"rule": rule, "scene": "killed", "members": 5, "seconds": 1.0}
            figures = find("E14").run(Cell("E14", rule, 1, settings))
            self.assertEqual(len(figures["killed"]), 1, rule)

    def test_the_same_cell_gives_the_same_figures_and_another_seed_gives_others(self) -> None:
        experiment = find("E2")
        scale = {**experiment.DESCRIPTION.scale(seeds=2), **TINY["E2"]}
        first, second = experiment.cells(scale)[:2]
        self.assertEqual(experiment.run(first), experiment.run(first))
        self.assertNotEqual(experiment.run(first)["wait"], experiment.run(second)["wait"])

    def test_an_experiment_whose_cells_all_failed_has_no_rows(self) -> None:
        for id in EXPERIMENTS:
            experiment = find(id)
            cell = experiment.cells(experiment.DESCRIPTION.scale(seeds=1))[0]
            summary = experiment.summary([Outcome(cell, error="it broke")])
            self.assertEqual(summary.rows, (), id)


class BaselineTestCase(SynchronousTestCase):
    def figures(self, id: str, case: str, **settings: Any) -> dict[str, Any]:
        return find(id).run(Cell(id, case, 1, settings))

    def test_a_suspect_of_swim_has_three_ceil_ln_periods(self) -> None:
        for members, periods in ((8, 9.0), (20, 12.0)):
            found = self.figures("E4c", "x", members=members, crashes=1)
            self.assertAlmostEqual(found["timeout"][0], periods, places=3)

    def test_a_member_of_swim_sends_two_messages_a_period(self) -> None:
        found = self.figures("E1", "x", wiring="SWIM", members=8, periods=10)
        self.assertAlmostEqual(found["sent"], 2.0, delta=0.05)

    def test_memberlist_declares_a_failure_alpha_log_n_seconds_after_its_probe(self) -> None:
        found = self.figures("E3", "x", wiring="memberlist alpha 5", members=10, crashes=2)
        for first in found["first"]:
            self.assertGreaterEqual(first, 5.0 + 1.0 - 0.01)
            self.assertLess(first, 5.0 + 1.0 + 6.0)
        self.assertEqual(found["wrong"], 0)

    def test_lifeguard_declares_no_failure_before_its_shortest_timeout(self) -> None:
        found = self.figures("E3", "x", wiring="Lifeguard alpha 5", members=10, crashes=1)
        self.assertGreater(found["first"][0], 5.0 + 1.0 - 0.01)

    def test_loss_empties_a_group_without_suspicion_but_not_one_with_suspicion(self) -> None:
        for fate in ("go on", "end"):
            basic, suspicion = (
                self.figures("E5", "x", wiring=wiring, expelled=fate, loss=0.1)
                for wiring in ("basic", "suspicion")
            )
            self.assertLess(basic["final"], 8)
            self.assertGreater(suspicion["final"], 12)

    def test_the_list_of_the_oldest_member_has_contained_all_members_that_joined(self) -> None:
        found = self.figures("E5", "x", wiring="basic", expelled="go on", loss=0.1)
        self.assertGreater(
            found["final"] + found["drops"], 12
        )  # some members leave the list within a second


class RunnerTestCase(SynchronousTestCase):
    def test_a_cell_that_fails_has_its_error_and_the_other_cells_go_on(self) -> None:
        for jobs in (1, 2):
            told: list[tuple[int, int, float | None]] = []
            runner = Runner(find_dice, jobs, lambda *progress, told=told: told.append(progress))
            outcomes = runner.run(Dice().cells({"seeds": 4}))
            self.assertEqual([o.cell.seed for o in outcomes], [1, 2, 3, 4] * 2)
            self.assertEqual([o.error is None for o in outcomes], [True, False, True, True] * 2)
            self.assertEqual(outcomes[1].error, "ValueError: the die fell off the table")
            self.assertEqual(told[0], (0, 8, None))
            self.assertEqual(told[-1], (8, 8, 0.0))

    def test_a_scale_is_the_usual_or_the_full_one_and_may_have_another_number_of_seeds(
        self,
    ) -> None:
        description = Dice.DESCRIPTION
        self.assertEqual(description.scale(), {"seeds": 4})
        self.assertEqual(description.scale(full=True), {"seeds": 9})
        self.assertEqual(description.scale(full=True, seeds=2), {"seeds": 2})

    def test_a_setting_takes_another_value_only_of_its_kind(self) -> None:
        usual = {"seeds": 1, "members": 8, "slow": [1, 2], "names": ["a"], "each": {8: 1}}
        description = Description("E0", "dice", "Nothing is known.", usual)
        changed = description.scale(changes={"members": 9, "slow": 3, "names": ["b", "c"]})
        self.assertEqual(changed, {**usual, "members": 9, "slow": [3], "names": ["b", "c"]})
        for name, value in (
            ("sides", 1),
            ("members", "many"),
            ("members", [1]),
            ("members", True),
            ("members", 8.5),
            ("slow", ["a"]),
            ("slow", []),
            ("each", {9: 1}),
        ):
            with self.assertRaisesRegex(ValueError, name):
                description.scale(changes={name: value})


class RecordTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.record = record_of(cast(Experiment, Dice()), {"seeds": 3})
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-experiments-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_record_as_json_has_rows_references_cells_and_failed_runs(self) -> None:
        found = json.loads(self.record.save(self.folder).read_text())
        self.assertEqual(found["experiment"], "E0")
        self.assertEqual(found["scale"], {"seeds": 3})
        row = found["rows"][0]
        self.assertEqual(
            set(row),
            {"case", "figure", "unit", "value", "low", "high", "count", "bound", "references"},
        )
        self.assertEqual(row["references"], [{"source": "theory", "value": 3.5, "high": None}])
        self.assertEqual((row["value"], row["count"]), (2.0, 2))
        self.assertTrue(found["rows"][1]["bound"])
        self.assertEqual([failed["seed"] for failed in found["failed"]], [2, 2])
        self.assertEqual(len(found["cells"]), 6)
        self.assertNotIn("cells", self.record.to_json(cells=False))

    def test_the_charts_of_a_record_are_drawn_where_matplotlib_is_installed(self) -> None:
        if not plots.can_plot():
            self.skipTest(plots.MISSING)
        [path] = plots.save_plots(self.record, self.folder)
        self.assertEqual(path.name, "E0-dice.png")
        self.assertGreater(path.stat().st_size, 1000)
