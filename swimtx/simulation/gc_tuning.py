"""Run Python's cyclic garbage collector less often than by default, for simulations.

The objects of a group live until its end, and dropped objects are freed by their reference counts:
with a thousand members the collector scans a million objects repeatedly and finds hardly any.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 100)  # allocations, then collections of a generation per one of the next


def search_seldom() -> None:
    """Collect seldom from now on; for a process that only simulates."""
    gc.set_threshold(*_SELDOM)


@contextmanager
def seldom_searched() -> Iterator[None]:
    """Collect seldom within this context, and as before after it."""
    before = gc.get_threshold()
    search_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
