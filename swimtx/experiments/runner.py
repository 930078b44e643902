"""Runs the cells of an experiment in worker processes, on all cores.

A cell that fails has its error as its outcome, and the others go on. The workers end with the run,
whether it ends by Ctrl-C, by a signal or by the death of this process.
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

#: C{progress(done, total, left)}: cells, and the estimated seconds left, if known yet.
Progress = Callable[[int, int, float | None], object]
Find = Callable[[str], Experiment]


def run_cell(cell: Cell, find: Find) -> Outcome:
    """Run one cell; an exception becomes the error of its outcome."""
    try:
        return Outcome(cell, find(cell.experiment).run(cell))
    except Exception as error:
        return Outcome(cell, error=f"{type(error).__name__}: {error}")


class Runner:
    """Runs cells.

    @param find: gives the experiment of an id. Workers import it, so it is a function of a module.
    @param jobs: the number of worker processes; with 1 the cells run in this process.
    @param progress: is called at the start and after each cell.
    @param now: a monotonic clock, in seconds.
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
        """The outcomes of cells, in the order of the cells."""
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
        # Heavy cells first, so that the last worker does not end long after the others.
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
    except Exception as error:  # its figures could not be sent to this process
        return Outcome(cell, error=f"{type(error).__name__}: {error}")


def _begin() -> None:
    """Prepare a worker: it ignores Ctrl-C, which the main process handles, and ends with that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    search_seldom()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
