"""The record of an experiment that was run, as JSON and in files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from swimtx.experiments.experiment import Description, Outcome, Scale
from swimtx.experiments.results import Row, Summary


@dataclass(frozen=True)
class Record:
    """An experiment that was run.

    @ivar scale: the settings of the run.
    @ivar seconds: the duration of the run.
    @ivar outcomes: the outcomes of all cells, failed ones too.
    """

    description: Description
    scale: Scale
    seconds: float
    outcomes: Sequence[Outcome]
    summary: Summary

    @property
    def failed(self) -> list[Outcome]:
        """The cells that ended with an error."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    def to_json(self, cells: bool = True) -> dict[str, Any]:
        """The record as JSON; NaN and infinity become null.

        @param cells: whether charts and single runs are included.
        """
        found = {
            "experiment": self.description.id,
            "title": self.description.title,
            "paper": self.description.paper,
            "scale": dict(self.scale),
            "seconds": round(self.seconds, 1),
            "rows": [_row(row) for row in self.summary.rows],
            "notes": list(self.summary.notes),
            "failed": [
                {"case": o.cell.case, "seed": o.cell.seed, "error": o.error} for o in self.failed
            ],
        }
        if cells:
            found["charts"] = [asdict(chart) for chart in self.summary.charts]
            found["cells"] = [_cell(outcome) for outcome in self.outcomes]
        plain: dict[str, Any] = _plain(found)
        return plain

    def save(self, folder: Path) -> Path:
        """Write the record to a file in that folder, which is created if needed.

        @return: the path of the file.
        @raise OSError: the file cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.description.id}.json"
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n")
        return path


def _row(row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "figure": row.figure,
        "unit": row.unit,
        **asdict(row.estimate),
        "references": [asdict(reference) for reference in row.references],
    }


def _cell(outcome: Outcome) -> dict[str, Any]:
    cell = outcome.cell
    return {
        "case": cell.case,
        "seed": cell.seed,
        "settings": dict(cell.settings),
        "figures": dict(outcome.figures),
        "error": outcome.error,
    }


def _plain(value: Any) -> Any:
    """The value in JSON types, with null for NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
