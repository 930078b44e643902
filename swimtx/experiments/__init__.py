"""The papers' experiments, run on the protocol's own code in virtual time.

Each experiment is a module of L{swimtx.experiments.cases}; L{find} gives it by its id.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from swimtx.experiments.experiment import (
    Cell,
    Description,
    Experiment,
    Outcome,
    Scale,
    by_case,
    pooled,
)
from swimtx.experiments.records import Record
from swimtx.experiments.runner import Runner

__all__ = [
    "EXPERIMENTS",
    "Cell",
    "Description",
    "Experiment",
    "Outcome",
    "Record",
    "Runner",
    "Scale",
    "by_case",
    "find",
    "pooled",
]

EXPERIMENTS = {
    "E1": "load",
    "E2": "first_detection",
    "E3": "crash",
    "E4": "infection",
    "E4b": "gossip",
    "E4c": "suspicion_timeout",
    "E5": "joins_under_loss",
    "E6": "false_positives",
    "E7": "threshold",
    "E8": "interval",
    "E9": "partition",
    "E10": "rapid_faults",
    "E12": "churn",
    "E14": "ablation",
    "E15": "storm",
}
"""The module of each experiment by its id, in the order of C{--list}."""


def find(id: str) -> Experiment:
    """The experiment of an id.

    @raise KeyError: there is no such id.
    """
    module = import_module(f"{__name__}.cases.{EXPERIMENTS[id]}")
    return cast(Experiment, module)
