"""Fakes of a node and of an agent, for tests of the code around them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.errors import JoinFailed, NoAnswer, NoSuchMember, NotRunning
from swimtx.interfaces import IMembership
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.service import IMemberService

EPOCH = 1_790_000_000_000


def claim(name: str, port: int = 7946, **more: Any) -> Claim:
    """A claim about a member on loopback."""
    return Claim(name, Address("127.0.0.1", port), EPOCH, **more)


class FakeStatus(dict[str, Any]):
    """A status that is its own JSON."""

    def to_json(self) -> dict[str, Any]:
        return dict(self)


class FakeNode:
    """A node whose answers are given by the test.

    @ivar taken: whether the port is taken.
    @ivar joins: the Deferreds of the calls of C{join} that are still open.
    @ivar asked: the seeds of each call.
    @ivar leaving: what C{leave} returns; C{None}: a Deferred that has fired.
    @ivar calls: the names of the methods called, in order.
    @ivar pings: the round-trip time to each member; C{None}: no answer.
    """

    def __init__(
        self, reactor: Any, config: Config | None = None, chance: random.Random | None = None
    ) -> None:
        self.config = config or Config()
        self.membership = Membership(reactor.seconds)
        self.taken = False
        self.joins: list[Deferred[Any]] = []
        self.asked: list[Any] = []
        self.leaving: Deferred[None] | None = None
        self.calls: list[str] = []
        self.running = False
        self.pings: dict[str, float | None] = {}

    @property
    def name(self) -> str:
        return self.membership.local.name

    @property
    def address(self) -> Address:
        return self.membership.local.address

    def start(self) -> Deferred[None]:
        self.calls.append("start")
        if self.taken:
            return fail(CannotListenError("127.0.0.1", 7946, OSError(98, "Address in use")))
        self.running = True
        self.membership.clear()
        self.membership.become(claim(self.config.name or "me", self.config.port or 50000))
        return succeed(None)

    def join(self, seeds: Iterable[Any]) -> Deferred[Any]:
        self.calls.append("join")
        self.asked.append(seeds)
        joining: Deferred[Any] = Deferred()
        self.joins.append(joining)
        return joining

    def join_succeeds(self) -> None:
        self.joins.pop(0).callback(self.membership)

    def join_fails(self) -> None:
        self.joins.pop(0).errback(JoinFailed({"seed:1": "no answer"}))

    def leave(self) -> Deferred[None]:
        self.calls.append("leave")
        if not self.running:
            return fail(NotRunning("not running"))
        return succeed(None) if self.leaving is None else self.leaving

    def stop(self) -> Deferred[None]:
        self.calls.append("stop")
        self.running = False
        return succeed(None)

    def restart(self) -> Deferred[None]:
        self.calls.append("restart")
        return succeed(None)

    def ping(self, name: str) -> Deferred[float]:
        if name not in self.pings:
            return fail(NoSuchMember(name))
        rtt = self.pings[name]
        return fail(NoAnswer(f"{name} did not answer")) if rtt is None else succeed(rtt)

    def info(self) -> Any:
        return FakeStatus({"name": self.name, "port": self.address.port})


@implementer(IMemberService)
class FakeAgent:
    """The service that a control port commands, with answers given by the test."""

    def __init__(self, clock: Any) -> None:
        self.node: Any = FakeNode(clock)
        self.node.start()
        self.joined = True
        self.seeds: list[Any] = []
        self.joining: Deferred[IMembership] = Deferred()
        self.leaving: Deferred[None] = Deferred()

    def join(self, seeds: Any) -> Deferred[IMembership]:
        self.seeds.append(seeds)
        return self.joining

    def leave(self) -> Deferred[None]:
        return self.leaving
