"""The web resource behind the control port: its routes, and errors as a sentence in JSON.

It needs C{twisted.web}, so this module is imported only at the first connection.
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

from swimtx.agent.monitor_stream import MonitorStream
from swimtx.agent.versions import versions
from swimtx.errors import JoinFailed, NoAnswer, NoSuchMember, NotRunning
from swimtx.service import IMemberService

LONGEST_BODY = 64 * 1024  # bytes

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NoSuchMember, 404),
    (NoAnswer, 504),
    (JoinFailed, 502),
    (NotRunning, 409),
    (ValueError, 400),
)
"""The HTTP status for each kind of failure."""

_UNKNOWN = "no such path; there are GET /members, /info, /version, /monitor, /ping/NAME "
_UNKNOWN += "and POST /join, /leave"


class _Refused(Exception):
    """The path, the method or the body of a request is wrong."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class QuietSite(Site):
    """A site without an access log, and without the timer that updates the log's date."""

    def __init__(self, resource: Resource, reactor: Any) -> None:
        super().__init__(resource, reactor=reactor, parsePOSTFormSubmission=False)

    def log(self, request: AnyRequest) -> None:
        """Write no access log."""


class ControlApi(Resource):
    """All routes of the control port.

    @param clock: provides C{seconds()}.
    @param agent: the service that is commanded.
    @param where: the path or address that the port listens on, for C{/info}.
    """

    isLeaf = True
    _log = Logger()

    def __init__(self, clock: Any, agent: IMemberService, where: str) -> None:
        super().__init__()
        self._clock = clock
        self._agent = agent
        self._where = where
        self._streams: set[MonitorStream] = set()

    def render(self, request: Request) -> int:
        """Answer one request. Called by Twisted."""
        try:
            path = [part.decode("utf-8") for part in request.postpath or []]
            answer = self._route(request, path)
        except UnicodeDecodeError:
            _send(request, 400, {"error": "the path is not UTF-8"})
        except _Refused as refused:
            _send(request, refused.status, {"error": str(refused)})
        else:
            if answer is not None:
                self._answer(request, answer)
        return NOT_DONE_YET

    def finish_streams(self) -> None:
        """End every monitor stream, so that its reader sees a complete response."""
        for stream in list(self._streams):
            stream.finish()

    def _route(self, request: Request, path: list[str]) -> Callable[[], Any] | None:
        """The function that makes the answer; C{None} if a monitor stream was started instead.

        @raise _Refused: the path, the method or the body is wrong.
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
        """Send the result of C{make()}; cancel it if the client disconnects first."""
        working: Deferred[Any] = maybeDeferred(make)
        connected = [True]

        def disconnected(_: Failure) -> None:
            connected[0] = False
            working.cancel()

        def send(status: int, content: Any) -> None:
            if connected[0]:
                _send(request, status, content)

        def failed(failure: Failure) -> None:
            if failure.check(CancelledError):
                send(503, {"error": "the agent is stopping"})
                return
            for kind, status in _STATUS:
                if failure.check(kind):
                    send(status, {"error": str(failure.value)})
                    return
            self._log.failure("{path} failed", failure=failure, path=request.path)
            send(500, {"error": "that went wrong inside the agent; its log says how"})

        request.notifyFinish().addErrback(disconnected)
        working.addCallback(lambda content: send(200, content))
        working.addErrback(failed)


def _only(request: Request, method: bytes) -> None:
    if request.method != method:
        request.setHeader(b"Allow", method)
        raise _Refused(405, f"this path takes {method.decode()} only")


def _body(request: Request) -> Any:
    """The JSON value in the body; C{None} for an empty body.

    Other content types are refused: browsers let any web page send those to any port, but ask the
    server first before they send JSON.

    @raise _Refused: the body has another content type, is too long, or is not JSON.
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


def _send(request: Request, status: int, content: Any) -> None:
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"application/json")
    text = json.dumps(content, ensure_ascii=False)
    request.write(text.encode("utf-8", "surrogatepass") + b"\n")
    request.finish()
