"""The waiting sends and timers of a process whose input and output freeze while its clock goes on.

There are two such faults; a third one, the stall, is in ``memory_reactor``. They are separate
because experiments give different figures for each. In all three the kernel goes on: it accepts
streams and keeps arriving data, of datagrams as many as a socket's buffer holds.

*Frozen input and output*: sent data waits, arriving data is not read, timers fire.

*Blocked sends*: the same, and a send blocks its caller. Lifeguard's agents "block immediately
before sending or after receiving any message": a loop that sends does not run again, while timers
set apart from it fire on time, and find that no message was received.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from swimtx.simulation.clock import HeapCall, Timers

#: A send that waits: a function of the network, and its arguments.
Unsent = tuple[Callable[..., object], tuple[Any, ...]]


class Outbox(deque[Unsent]):
    """The sends of a frozen process, in order; none has reached the network."""

    def release(self) -> None:
        """Make all these sends, in order."""
        while self:
            function, args = self.popleft()
            function(*args)


class BlockedCallers(deque[tuple[int, HeapCall]]):
    """Replaces a process's queue of late timers, C{Timers.late}, while sends block.

    A timer fires on time unless its function is blocked. A call that sends something blocks its
    function: the timers that the call set for the same function, its loop, wait until the process
    resumes, and fire late.
    """

    def __init__(self, timers: Timers, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox
        self._set: list[HeapCall] = []
        self._blocked: set[HeapCall] = set()
        timers.asked = self._set

    def append(self, line: tuple[int, HeapCall]) -> None:
        """Fire a due timer of the process, or keep it if its function is blocked."""
        call = line[1]
        if call in self._blocked:
            super().append(line)
            return
        caller = caller_of(call)
        sent = len(self._outbox)
        self._set.clear()
        call.fire()
        if len(self._outbox) > sent:
            self._blocked.update(each for each in self._set if caller_of(each) == caller)
        self._set.clear()


def caller_of(call: HeapCall) -> object:
    """The function that a timer calls; the wrapped function, if a clock wraps it."""
    function = call.func
    function = getattr(getattr(function, "__self__", None), "function", function)
    return function.func if isinstance(function, partial) else function
