"""Looking for cyclic garbage less often than Python does by itself.

What a group is made of lives to its end, and what it lets go of is freed without a search: in a
thousand members Python looks through a million objects again and again, and finds hardly any.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 100)  # allocations, and searches of the younger until one of the older


def search_seldom() -> None:
    """From now on, in this process: for one that does nothing but simulate."""
    gc.set_threshold(*_SELDOM)


@contextmanager
def seldom_searched() -> Iterator[None]:
    """While this lasts."""
    before = gc.get_threshold()
    search_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
