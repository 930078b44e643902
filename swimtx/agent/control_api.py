"""What the control port answers: the routes, and errors as one sentence of JSON.

This room brings in twisted.web, so it is imported only when somebody connects.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request as AnyRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from swimtx.agent.controlled import IControlled
from swimtx.agent.monitor_stream import MonitorStream
from swimtx.agent.versions import versions
from swimtx.errors import JoinFailed, NoAnswer, NoSuchMember, NotRunning

LONGEST_BODY = 64 * 1024  # bytes

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NoSuchMember, 404),
    (NoAnswer, 504),
    (JoinFailed, 502),
    (NotRunning, 409),
    (ValueError, 400),
)
"""Which HTTP status says that an operation failed in this way."""

_UNKNOWN = "no such path; there are GET /members, /info, /version, /monitor, /ping/NAME "
_UNKNOWN += "and POST /join, /leave"


class _Refused(Exception):
    """A request that cannot be understood, or not here."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class QuietSite(Site):
    """A site without an access log, and without the timer that would keep its date."""

    def __init__(self, resource: Resource, reactor: Any) -> None:
        super().__init__(resource, reactor=reactor, parsePOSTFormSubmission=False)

    def log(self, request: AnyRequest) -> None:
        """Nothing: these are no visitors."""


class ControlApi(Resource):
    """All routes of the control port.

    @param clock: provides C{seconds()}.
    @param where: what the port listens on, told by C{/info}.
    """

    isLeaf = True
    _log = Logger()

    def __init__(self, clock: Any, agent: IControlled, where: str) -> None:
        super().__init__()
        self._clock = clock
        self._agent = agent
        self._where = where
        self._streams: set[MonitorStream] = set()

    def render(self, request: Request) -> int:
        """Called by Twisted for each request."""
        try:
            path = [part.decode("utf-8") for part in request.postpath or []]
            answer = self._route(request, path)
        except UnicodeDecodeError:
            _say(request, 400, {"error": "the path is not UTF-8"})
        except _Refused as refused:
            _say(request, refused.status, {"error": str(refused)})
        else:
            if answer is not None:
                self._answer(request, answer)
        return NOT_DONE_YET

    def finish_streams(self) -> None:
        """End every live stream, so that its reader sees that this is all."""
        for stream in list(self._streams):
            stream.finish()

    def _route(self, request: Request, path: list[str]) -> Callable[[], Any] | None:
        """What will make the answer, or C{None} if it is being given already.

        @raise _Refused: there is no such route, or its arguments make no sense.
        """
        match path:
            case ["members"]:
                _only(request, b"GET")
                return self._members
            case ["info"]:
                _only(request, b"GET")
                return self._info
            case ["version"]:
                _only(request, b"GET")
                return versions
            case ["monitor"]:
                _only(request, b"GET")
                self._monitor(request)
                return None
            case ["ping", name]:
                _only(request, b"GET")
                return lambda: self._ping(name)
            case ["join"]:
                _only(request, b"POST")
                seeds = _seeds(_body(request))
                return lambda: self._join(seeds)
            case ["leave"]:
                _only(request, b"POST")
                _body(request)
                return self._leave
        raise _Refused(404, _UNKNOWN)

    def _members(self) -> list[dict[str, Any]]:
        return [member.to_json() for member in self._agent.node.membership.members()]

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = self._agent.node.info().to_json()
        info.update(joined=self._agent.joined, pid=os.getpid(), control=self._where)
        return info

    def _ping(self, name: str) -> Deferred[dict[str, Any]]:
        pinged: Deferred[float] = self._agent.node.ping(name)
        return pinged.addCallback(lambda rtt: {"name": name, "rtt": rtt})

    def _join(self, seeds: list[str]) -> Deferred[dict[str, Any]]:
        joined = self._agent.join(seeds)
        return joined.addCallback(
            lambda membership: {"joined": True, "members": len(membership.members())}
        )

    def _leave(self) -> Deferred[dict[str, Any]]:
        return self._agent.leave().addCallback(lambda _: {"left": True})

    def _monitor(self, request: Request) -> None:
        request.setHeader(b"Content-Type", b"application/x-ndjson")
        membership = self._agent.node.membership
        stream = MonitorStream(request, membership, self._clock, self._streams.discard)
        self._streams.add(stream)

    def _answer(self, request: Request, make: Callable[[], Any]) -> None:
        """Say what C{make()} gives, now or later; a client that goes away cancels it."""
        working: Deferred[Any] = maybeDeferred(make)
        present = [True]

        def gone(_: Failure) -> None:
            present[0] = False
            working.cancel()

        def say(status: int, content: Any) -> None:
            if present[0]:
                _say(request, status, content)

        def failed(failure: Failure) -> None:
            if failure.check(CancelledError):
                say(503, {"error": "the agent is stopping"})
                return
            for kind, status in _STATUS:
                if failure.check(kind):
                    say(status, {"error": str(failure.value)})
                    return
            self._log.failure("{path} failed", failure=failure, path=request.path)
            say(500, {"error": "that went wrong inside the agent; its log says how"})

        request.notifyFinish().addErrback(gone)
        working.addCallback(lambda content: say(200, content))
        working.addErrback(failed)


def _only(request: Request, method: bytes) -> None:
    if request.method != method:
        request.setHeader(b"Allow", method)
        raise _Refused(405, f"this path takes {method.decode()} only")


def _body(request: Request) -> Any:
    """The JSON that was sent, C{None} for nothing.

    Browsers let any page send other kinds of content to any port, but not JSON unasked.
    """
    kind = request.getHeader(b"content-type") or b""
    if kind.split(b";")[0].strip().lower() != b"application/json":
        raise _Refused(415, "send this with Content-Type: application/json")
    assert request.content is not None
    body = request.content.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        raise _Refused(413, f"the request is longer than {LONGEST_BODY} bytes")
    try:
        return json.loads(body) if body.strip() else None
    except ValueError:
        raise _Refused(400, "the request is not JSON") from None


def _seeds(body: Any) -> list[str]:
    seeds = body.get("seeds") if isinstance(body, dict) else None
    if not isinstance(seeds, list) or not seeds or not all(isinstance(s, str) for s in seeds):
        raise _Refused(400, 'whom to join is said as {"seeds": ["HOST[:PORT]", ...]}')
    return seeds


def _say(request: Request, status: int, content: Any) -> None:
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"application/json")
    text = json.dumps(content, ensure_ascii=False)
    request.write(text.encode("utf-8", "surrogatepass") + b"\n")
    request.finish()
