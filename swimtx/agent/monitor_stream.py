"""One live stream of membership changes: a line of JSON for each, while both sides are up."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.http import Request
from zope.interface import implementer

from swimtx.interfaces import IMembership
from swimtx.membership.events import Change

MOST_WAITING = 4096  # changes kept for a reader that is slow; then it is cut off


def change_to_json(change: Change, time: float) -> dict[str, Any]:
    """The JSON object that every command and page shows for a change.

    @param time: when it was heard of, in seconds since 1970.
    """
    event = None if change.event is None else change.event.value
    return {
        "time": time,
        "event": event,
        "member": change.member.to_json(),
        "why": change.why,
    }


@implementer(IPushProducer)
class MonitorStream:
    """Writes each change to a request until that is over.

    @param clock: provides C{seconds()}.
    @param ended: called with this stream once, when it is over.
    """

    def __init__(
        self,
        request: Request,
        membership: IMembership,
        clock: Any,
        ended: Callable[[MonitorStream], object],
    ) -> None:
        self._request = request
        self._clock = clock
        self._ended = ended
        self._waiting: deque[bytes] = deque()
        self._paused = False
        self._over = False
        self._unsubscribe: Callable[[], object] = membership.subscribe(self._changed)
        request.notifyFinish().addErrback(self._reader_gone)
        request.registerProducer(self, True)
        request.write(b"")  # the headers, so that the reader knows that it hears everything now

    def finish(self) -> None:
        """Say that this is all."""
        if not self._over:
            self._end()
            for line in self._waiting:
                self._request.write(line)
            self._request.unregisterProducer()
            self._request.finish()

    def pauseProducing(self) -> None:
        """The reader does not keep up."""
        self._paused = True

    def resumeProducing(self) -> None:
        """It does again."""
        self._paused = False
        while self._waiting and not self._paused:
            self._request.write(self._waiting.popleft())

    def stopProducing(self) -> None:
        """It is gone."""
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

    def _reader_gone(self, _: Failure) -> None:
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._unsubscribe()
            self._ended(self)
