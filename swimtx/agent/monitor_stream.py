"""The stream of membership changes that C{GET /monitor} answers: a line of JSON for each."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.interfaces import IPushProducer
from twisted.web.http import Request
from zope.interface import implementer

from swimtx.interfaces import IMembership
from swimtx.membership.events import Change

MOST_WAITING = 4096  # changes buffered for a slow reader; at one more its connection is aborted


def change_to_json(change: Change, time: float) -> dict[str, Any]:
    """A change as the JSON object of the control port and of C{swimtx monitor}.

    @param time: when the agent learnt of the change, in seconds since 1970.
    """
    event = None if change.event is None else change.event.value
    return {"time": time, "event": event, "member": change.member.to_json(), "why": change.why}


@implementer(IPushProducer)
@attrs.define(eq=False, repr=False)
class MonitorStream:
    """Writes each change to a request, until the reader disconnects or L{finish} is called.

    @param clock: provides C{seconds()}.
    @param ended: called with this stream once, at its end.
    """

    _request: Request
    _membership: IMembership
    _clock: Any
    _ended: Callable[[MonitorStream], object]
    _waiting: deque[bytes] = attrs.field(init=False, factory=deque)
    _paused: bool = attrs.field(init=False, default=False)
    _finished: bool = attrs.field(init=False, default=False)
    _unsubscribe: Callable[[], object] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._unsubscribe = self._membership.subscribe(self._changed)
        self._request.notifyFinish().addErrback(lambda _: self._end())
        self._request.registerProducer(self, True)
        self._request.write(b"")  # sends the headers: from here on the reader misses no change

    def finish(self) -> None:
        """Write the buffered changes and end the response."""
        if not self._finished:
            self._end()
            for line in self._waiting:
                self._request.write(line)
            self._request.unregisterProducer()
            self._request.finish()

    def pauseProducing(self) -> None:
        """Buffer changes: the reader is slow. Called by the transport."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Write the buffered changes. Called by the transport."""
        self._paused = False
        while self._waiting and not self._paused:
            self._request.write(self._waiting.popleft())

    def stopProducing(self) -> None:
        """End the stream: the connection is lost. Called by the transport."""
        self._end()

    def _changed(self, change: Change) -> None:
        content = change_to_json(change, self._clock.seconds())
        line = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        if not self._paused:
            self._request.write(line)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(line)
        else:
            self._end()
            transport: Any = self._request.transport
            transport.abortConnection()

    def _end(self) -> None:
        if not self._finished:
            self._finished = True
            self._unsubscribe()
            self._ended(self)
