"""A web application with a member in it: it serves the living members, and whether it has joined.

::

    python examples/web_application.py --http-port 8080 --port 7946
    python examples/web_application.py --http-port 8081 --port 7947 --join 127.0.0.1:7946

C{GET /members} answers with a JSON list of the living members. C{GET /health} answers 200 once the
member is part of a group, and 503 until then. SIGTERM and Ctrl-C make the member leave its group
before the web server stops.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import react
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.web.http import OK, SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from swimtx import Config, SwimService


class Members(Resource):
    """C{/members}: the living members, suspects included, as a JSON list."""

    isLeaf = True

    def __init__(self, member: SwimService) -> None:
        super().__init__()
        self._member = member

    def render_GET(self, request: Request) -> bytes:
        """Read the list as it is now; nothing has to be waited for."""
        members = self._member.node.membership.members()
        living = [member.to_json() for member in members if member.state.living]
        return json_answer(request, OK, living)


class Health(Resource):
    """C{/health}: whether this process is part of its group, for a load balancer."""

    isLeaf = True

    def __init__(self, member: SwimService) -> None:
        super().__init__()
        self._member = member

    def render_GET(self, request: Request) -> bytes:
        """200 when joined; 503 while the member still looks for a seed, or leaves."""
        joined = self._member.joined
        found = {"joined": joined, "living": self._member.node.membership.living}
        return json_answer(request, OK if joined else SERVICE_UNAVAILABLE, found)


def json_answer(request: Request, code: int, answer: object) -> bytes:
    """Set the headers of an answer, and return its body."""
    request.setResponseCode(code)
    request.setHeader(b"content-type", b"application/json")
    return json.dumps(answer).encode() + b"\n"


def make_site(member: SwimService) -> Site:
    """The pages of the application."""
    root = Resource()
    root.putChild(b"members", Members(member))
    root.putChild(b"health", Health(member))
    return Site(root)


async def serve(reactor: Any, options: argparse.Namespace) -> None:
    """Start the web server and the member, and serve until the reactor stops.

    @raise SystemExit: a port is taken, a setting is out of its limits or a seed is malformed.
    """
    try:
        config = Config.lan(name=options.name, port=options.port, tags={"role": "web"})
        # With a service the member asks its seeds again until one of them answers.
        member = SwimService(config, options.join, reactor=reactor)
        endpoint = TCP4ServerEndpoint(reactor, options.http_port, interface="127.0.0.1")
        # The web server is first: others may send requests as soon as they list this member.
        listening = await endpoint.listen(make_site(member))
        member.startService()
    except (CannotListenError, ValueError) as error:
        raise SystemExit(f"cannot start: {error}") from None
    # The reactor waits for the Deferred that a trigger before its shutdown returns.
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: ensureDeferred(stop(member, listening))
    )
    where = listening.getHost()
    print(f"{member.node.name} serves http://{where.host}:{where.port}/members", flush=True)
    member.whenJoined().addCallbacks(
        lambda group: print(f"{group.name} has joined; {group.living} living", flush=True),
        lambda failure: None,  # the service was stopped before it had joined
    )
    forever: Deferred[None] = Deferred()
    await forever


async def stop(member: SwimService, listening: IListeningPort) -> None:
    """Leave the group, so that no more requests are sent here; then close the web server."""
    await member.stopService()
    await maybeDeferred(listening.stopListening)
    print("left the group", flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Serve the list of the living members.")
    parser.add_argument("--name", help="the member's name; by default <hostname>-<port>")
    parser.add_argument("--port", type=int, default=7946, help="the member's UDP and TCP port")
    parser.add_argument("--http-port", type=int, default=8080, help="the web server's TCP port")
    parser.add_argument(
        "--join", action="append", default=[], metavar="HOST[:PORT]", help="a seed; repeatable"
    )
    options = parser.parse_args()
    # Warnings go to stderr: among them that no seed answers, one line an attempt.
    warnings = FilteringLogObserver(
        textFileLogObserver(sys.stderr), [LogLevelFilterPredicate(LogLevel.warn)]
    )
    globalLogBeginner.beginLoggingTo([warnings], redirectStandardIO=False)
    react(lambda reactor: ensureDeferred(serve(reactor, options)))


if __name__ == "__main__":
    main()
