"""The interface of an experiment: its description, its cells, a run of one, a summary of all.

A cell is one run with its own seed. Cells and outcomes are values of names, numbers and lists, so
that worker processes can exchange them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol, TypeVar

from swimtx.experiments.results import Summary

#: The settings of an experiment by name; C{seeds}, how often each case is run, is always there.
Scale = Mapping[str, Any]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Description:
    """The title, the source and the settings of an experiment.

    @ivar id: such as C{E1}.
    @ivar title: a few words.
    @ivar paper: what the paper says, with its figures, in a sentence or two.
    @ivar usual: the usual value of each setting.
    @ivar full: the settings that C{--full} changes.
    @ivar choices: for settings that are lists of names, the names that exist.
    """

    id: str
    title: str
    paper: str
    usual: Scale
    full: Scale = field(default_factory=dict)
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)

    def scale(
        self, full: bool = False, seeds: int | None = None, changes: Scale | None = None
    ) -> dict[str, Any]:
        """The scale to run at.

        @param full: whether to use the full scale.
        @param seeds: how often each case is run; by default as the scale says.
        @param changes: other values for settings.
        @raise ValueError: a setting does not exist, or its value is of another kind.
        """
        chosen = {**self.usual, **(self.full if full else {})}
        for name, value in (changes or {}).items():
            chosen[name] = _fitting(self.id, name, value, chosen)
            known = self.choices.get(name)
            unknown = [] if known is None else [one for one in chosen[name] if one not in known]
            if known is not None and unknown:
                raise ValueError(
                    f"{name} of {self.id}: there is no {unknown[0]!r}; there are {', '.join(known)}"
                )
        return chosen if seeds is None else {**chosen, "seeds": seeds}


def _fitting(id: str, name: str, value: Any, scale: Scale) -> Any:
    """The value, if its kind is that of the usual one; a single item becomes a list."""
    if name not in scale:
        raise ValueError(f"{id} has no setting {name!r}; it has {', '.join(scale)}")
    usual = scale[name]
    if isinstance(usual, list):
        items = value if isinstance(value, list) else [value]
        if not items or not all(_fits(item, usual[0]) for item in items):
            raise ValueError(f"{name} of {id} is a list such as {json.dumps(usual)}")
        return items
    if not _fits(value, usual) or isinstance(usual, dict):
        raise ValueError(f"{name} of {id} is a value such as {json.dumps(usual)}")
    return value


def _fits(value: Any, usual: Any) -> bool:
    """Whether the types match; an integer also fits where a float is usual."""
    return type(value) is type(usual) or (type(value) is int and type(usual) is float)


@dataclass(frozen=True)
class Cell:
    """One run.

    @ivar experiment: the experiment's id.
    @ivar case: such as C{N=5}; the figures of all cells of a case are summed up together.
    @ivar seed: together with the case, the source of everything random.
    @ivar settings: the values that C{run} needs, by name.
    @ivar weight: how long it takes, compared with other cells of the experiment.
    """

    experiment: str
    case: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    @property
    def chance(self) -> str:
        """A seed for C{random.Random} that no other cell has."""
        return f"{self.experiment}/{self.case}/{self.seed}"


@dataclass(frozen=True)
class Outcome:
    """The result of a cell: figures, or the error that ended it."""

    cell: Cell
    figures: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


class Experiment(Protocol):
    """The attributes of each module in L{swimtx.experiments.cases}."""

    DESCRIPTION: Description

    def cells(self, scale: Scale) -> list[Cell]:
        """All runs at that scale.

        @raise KeyError: a setting has no entry for a value of another setting.
        """

    def run(self, cell: Cell) -> dict[str, Any]:
        """The figures of one run; the same cell gives the same figures."""

    def summary(self, outcomes: Sequence[Outcome]) -> Summary:
        """Rows, charts and notes from all outcomes that did not fail."""


def grid(
    id: str,
    scale: Scale,
    names: Sequence[str],
    case: Callable[..., str],
    weight: Callable[[Mapping[str, Any]], float] = lambda settings: 1.0,
    **values: Any,
) -> list[Cell]:
    """Cells for each combination of settings, one for each seed; the last setting varies fastest.

    @param names: of the settings. The values of C{wiring} are C{scale["wiring"]} or, if there is no
        such entry, C{scale["wirings"]}: a list of values, one value, or a dict with a value for
        each size of the group, C{members}.
    @param case: gives the name of a case; its keywords are the settings.
    @param weight: gives the weight of a cell from its settings.
    @param values: the values of settings that are not in the scale.
    @raise KeyError: a dict has no value for a size.
    """
    known = {**scale, **values}
    axes = [known[name if name in known else f"{name}s"] for name in names]
    cells = []
    for chosen in product(*(axis if isinstance(axis, list | tuple) else [axis] for axis in axes)):
        settings = dict(zip(names, chosen, strict=True))
        for name, value in settings.items():
            if isinstance(value, dict):
                settings[name] = value[settings["members"]]
        for seed in range(scale["seeds"]):
            cells.append(Cell(id, case(**settings), seed, settings, weight(settings)))
    return cells


def grouped(outcomes: Sequence[Outcome], key: Callable[[Cell], Key]) -> dict[Key, list[Outcome]]:
    """The outcomes that have figures, by a key of their cells, in the order of the cells."""
    found: dict[Key, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error is None:
            found.setdefault(key(outcome.cell), []).append(outcome)
    return found


def by_case(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes that have figures, by case, in the order of their cells."""
    return grouped(outcomes, lambda cell: cell.case)


def pooled(outcomes: Sequence[Outcome], figure: str) -> list[float]:
    """All numbers of one figure, whether an outcome has one number or a list of them."""
    numbers: list[float] = []
    for outcome in outcomes:
        value = outcome.figures[figure]
        numbers.extend(value if isinstance(value, list) else [value])
    return numbers


def total(outcomes: Sequence[Outcome], figure: str) -> int:
    """The sum of a count over all outcomes; a failed run counts nothing."""
    return sum(int(outcome.figures.get(figure, 0)) for outcome in outcomes)
