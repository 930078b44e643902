"""Runs cells on all cores, each in whichever worker process is free.

One that fails is told of with its error, and the others go on. Whatever ends the run, Ctrl-C, a
signal or the death of this process, ends the workers too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from swimtx.experiments.experiment import Cell, Experiment, Outcome
from swimtx.simulation.gc_tuning import search_seldom

#: C{progress(done, total, left)}: cells, and seconds to the end if that can be told yet.
Progress = Callable[[int, int, float | None], object]
Find = Callable[[str], Experiment]


def run_cell(cell: Cell, find: Find) -> Outcome:
    """Run one cell, whatever comes of it."""
    try:
        return Outcome(cell, find(cell.experiment).run(cell))
    except Exception as error:
        return Outcome(cell, error=f"{type(error).__name__}: {error}")


class Runner:
    """Runs cells.

    @param find: gives the experiment of an id. Workers import it, so it is a function of a module.
    @param jobs: worker processes; with 1 all is done in this process.
    """

    def __init__(
        self,
        find: Find,
        jobs: int,
        progress: Progress = lambda done, total, left: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._jobs = jobs
        self._progress = progress
        self._now = now

    def run(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Their outcomes, in the order of the cells."""
        began = self._now()
        outcomes: dict[int, Outcome] = {}
        total = sum(cell.weight for cell in cells)
        done = 0.0
        self._progress(0, len(cells), None)
        for number, outcome in self._outcomes(cells):
            outcomes[number] = outcome
            done += cells[number].weight
            spent = self._now() - began
            self._progress(len(outcomes), len(cells), spent * (total - done) / done)
        return [outcomes[number] for number in range(len(cells))]

    def _outcomes(self, cells: Sequence[Cell]) -> Iterator[tuple[int, Outcome]]:
        # The heavy ones first, so that none of them is left for a single worker at the end.
        order = sorted(range(len(cells)), key=lambda number: -cells[number].weight)
        if self._jobs <= 1:
            for number in order:
                yield number, run_cell(cells[number], self._find)
            return
        before = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(
            min(self._jobs, max(1, len(cells))),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
        )
        finished = False
        try:
            waiting = {pool.submit(run_cell, cells[n], self._find): n for n in order}
            for future in as_completed(waiting):
                number = waiting[future]
                yield number, _outcome(future, cells[number])
            finished = True
        finally:
            if not finished:
                for worker in set(multiprocessing.active_children()) - before:
                    worker.terminate()
            pool.shutdown(wait=finished, cancel_futures=True)


def _outcome(future: Future[Outcome], cell: Cell) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(cell, error="its worker process died")
    except Exception as error:  # what it gave could not be sent to us
        return Outcome(cell, error=f"{type(error).__name__}: {error}")


def _begin() -> None:
    """A worker begins: Ctrl-C is the main process's affair, and its end is ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    search_seldom()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
