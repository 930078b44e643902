"""Two ways for a process to be slow while its clock goes on; the third, a stall, is the process's.

They are kept apart because they give different figures. In all three the kernel goes on: it accepts
streams, and keeps what arrives, of datagrams as many as a socket's buffer holds.

*Frozen input and output*: what is sent waits, what arrives is not read; timers fire.

*Blocked sends*: the same, and a send blocks its caller. Lifeguard's agents "block immediately
before sending or after receiving any message": a loop that sends does not come round again, while
timers that somebody set fire on time, and find that nothing was heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from swimtx.simulation.clock import HeapCall, Timers

#: What was to be sent: a function of the network, and its arguments.
Unsent = tuple[Callable[..., object], tuple[Any, ...]]


class Outbox(deque[Unsent]):
    """What a frozen process has sent, and what has not left it."""

    def release(self) -> None:
        """Send it all, in order."""
        while self:
            function, args = self.popleft()
            function(*args)


class BlockedCallers(deque[tuple[int, HeapCall]]):
    """Takes the place of a process's late timers while sends block.

    A timer that comes due is called on time, unless its caller is blocked. A call that sends
    something blocks there: what it has set to call the same function again, its loop, waits until
    the process goes on, and is late then.
    """

    def __init__(self, timers: Timers, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox
        self._set: list[HeapCall] = []
        self._blocked: set[HeapCall] = set()
        timers.asked = self._set

    def append(self, line: tuple[int, HeapCall]) -> None:
        """A timer of the process is due."""
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
    """The function that a timer calls; the one within, if a clock is wrapped around it."""
    function = call.func
    function = getattr(getattr(function, "__self__", None), "function", function)
    return function.func if isinstance(function, partial) else function
