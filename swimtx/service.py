"""Runs a member as a Twisted service, which joins in the background until a seed answers."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Attribute, Interface, implementer

from swimtx.config import Config
from swimtx.discovery import as_seeds
from swimtx.errors import JoinFailed, NotRunning
from swimtx.interfaces import IMembership, ISeeds
from swimtx.node import Node
from swimtx.reactor import Reactor, check_reactor

FIRST_RETRY = 0.4  # seconds; a pause is chosen at random between half of its bound and all of it
LONGEST_RETRY = 30.0  # seconds; the bound doubles up to this


# zope.interface methods are declared without self.
# ruff: noqa: N805


class IMemberService(Interface):
    """The service of one member, as a control port uses it."""

    node: Node = Attribute("the C{Node}")

    joined: bool = Attribute("whether the member is part of a group now")

    def join(seeds: Sequence[str | tuple[str, int]]) -> Deferred[IMembership]:
        """Join by these seeds, now.

        @param seeds: each C{"HOST[:PORT]"} or C{(host, port)}.
        @return: a Deferred of the membership; fails with C{JoinFailed} when no seed answers in
            time, with C{NotRunning}, and with C{ValueError} when a seed is malformed. Cancelling it
            ends this join.
        """

    def leave() -> Deferred[None]:
        """Leave the group; the service continues to run.

        @return: fires when all living members have acknowledged, or after C{leave_timeout} seconds;
            fails with C{NotRunning}. Cancelling it ends the wait.
        """


@implementer(IMemberService)
class SwimService(Service):
    """One member of a group as a service, with or without a parent service.

    @param seeds: the addresses to ask when joining: each C{"HOST[:PORT]"} or C{(host, port)}, or an
        C{ISeeds}. Without seeds the member is the first of its group, and has joined at once.
    @param reactor: C{None}: the global reactor.
    @param chance: the source of all random choices of the service and its node.
    @raise TypeError: C{reactor} lacks an interface, which the text names, or C{config} is not a
        C{Config}.
    @raise ValueError: a seed is malformed; the text says which and why.
    @ivar node: the C{Node}, the same one over all starts and stops of the service.
    """

    _log = Logger()

    def __init__(
        self,
        config: Config,
        seeds: ISeeds | Iterable[str | tuple[str, int]] = (),
        reactor: Reactor | None = None,
        chance: random.Random | None = None,
    ) -> None:
        if not isinstance(config, Config):
            raise TypeError(f"config must be a Config, not {config!r}")
        if reactor is None:
            from twisted.internet import reactor as running

            reactor = running
        check_reactor(reactor, IReactorTime)
        self._clock = IReactorTime(reactor)
        self._reactor = reactor
        self._chance = chance or random.Random()
        self._config = config
        # One source for all tries: C{seeds} may be an iterator, which can be read only once.
        source = as_seeds(reactor, seeds, config.type)
        self._seeds = None if source == as_seeds(reactor, (), config.type) else source
        self.node = Node(reactor, config, chance=self._chance)
        self._joined = False
        self._left = False
        self._joining: Deferred[None] | None = None
        self._waiting: list[Deferred[IMembership]] = []
        self._stopping: Deferred[None] | None = None

    @property
    def joined(self) -> bool:
        """Whether the member is part of a group now."""
        return self._joined

    def __repr__(self) -> str:
        state = "joined" if self._joined else "not joined"
        return f"<SwimService of {self.node!r}, {state if self.running else 'not running'}>"

    def whenJoined(self) -> Deferred[IMembership]:
        """Wait until the member is part of a group.

        @return: a new Deferred of the membership; fails with C{CancelledError} when the service is
            stopped. Cancelling it ends this wait only; the service continues to join.
        """
        if self._joined:
            return succeed(self.node.membership)
        waiting: Deferred[IMembership] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def startService(self) -> None:
        """Bind the port, then join in the background, with growing pauses, until a seed answers.

        @raise twisted.internet.error.CannotListenError: the port is taken, or the process is not
            permitted to bind it.
        @raise swimtx.errors.BadConfig: C{config.name} is C{None}, and the hostname cannot be part
            of a name.
        """
        if self.running:
            return
        failures: list[Failure] = []
        started = self.node.start()
        started.addErrback(failures.append)
        if failures:
            failures[0].raiseException()
        Service.startService(self)
        if self._seeds is not None:
            self._join_in_the_background()
        else:
            self._note_joined()

    def stopService(self) -> Deferred[None]:
        """Leave, for at most C{leave_timeout} seconds, then close all sockets and stop all timers.

        @return: fires when the sockets are closed; it does not fail.
        """
        if self._stopping is not None:
            done: Deferred[None] = Deferred()
            self._stopping.chainDeferred(done)
            return done
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        self._stopping = Deferred()
        self._end_joining()
        self._joined = self._left = False
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.errback(CancelledError("the service was stopped"))
        return Deferred.fromCoroutine(self._leave_and_stop())

    def join(self, seeds: ISeeds | Iterable[str | tuple[str, int]]) -> Deferred[IMembership]:
        """Join by these seeds now. When one answers, the service's own seeds are asked no more.

        After L{leave}, the node first starts a new run with the same name and port.

        @param seeds: as for C{Node.join()}.
        @return: a Deferred of the membership; fails with C{JoinFailed} after C{join_timeout}
            seconds, with C{NotRunning}, with C{ValueError} when a seed is malformed, with
            C{CancelledError} when the service is stopped, and after L{leave} as C{Node.start()}
            does. Cancelling it ends this join.
        """
        return Deferred.fromCoroutine(self._join(seeds))

    def leave(self) -> Deferred[None]:
        """Leave the group. The service continues to run, outside any group, until L{join}.

        @return: fires when all living members have acknowledged, or after C{leave_timeout} seconds;
            fails with C{NotRunning}. Cancelling it ends the wait; the member has left nevertheless.
        """
        if not self.running:
            return fail(NotRunning("the service is not running"))
        self._end_joining()
        self._joined = False
        self._left = True
        return self.node.leave()

    async def _join(self, seeds: ISeeds | Iterable[str | tuple[str, int]]) -> IMembership:
        if not self.running:
            raise NotRunning("the service is not running")
        source = as_seeds(self._reactor, seeds, self._config.type)
        if self._left:
            await self.node.restart()
            self._left = False
        membership: IMembership = await self.node.join(source)
        self._end_joining()
        self._note_joined()
        return membership

    def _join_in_the_background(self) -> None:
        self._joining = Deferred.fromCoroutine(self._join_until_a_seed_answers())
        self._joining.addErrback(lambda failure: failure.trap(CancelledError, NotRunning))
        self._joining.addErrback(
            lambda failure: self._log.failure("joining was given up", failure=failure)
        )

    async def _join_until_a_seed_answers(self) -> None:
        assert self._seeds is not None
        longest = FIRST_RETRY
        while True:
            try:
                await self.node.join(self._seeds)
            except JoinFailed as failed:
                pause = longest * self._chance.uniform(0.5, 1.0)
                self._log.warn(
                    "{failed}; trying again in {pause:.1f} s", failed=failed, pause=pause
                )
            else:
                break
            await deferLater(self._clock, pause)
            longest = min(LONGEST_RETRY, 2 * longest)
        self._note_joined()

    def _note_joined(self) -> None:
        self._joined = True
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(self.node.membership)

    def _end_joining(self) -> None:
        joining, self._joining = self._joining, None
        if joining is not None:
            joining.cancel()

    async def _leave_and_stop(self) -> None:
        try:
            leaving = self.node.leave()
            await leaving.addTimeout(self._config.leave_timeout, self._clock)
        except TimeoutError:
            self._log.info("left without waiting any longer for everybody to know")
        except NotRunning:
            pass
        except Exception:
            self._log.failure("leaving failed")
        try:
            await self.node.stop()
        except Exception:
            self._log.failure("stopping failed")
        stopping, self._stopping = self._stopping, None
        if stopping is not None:
            stopping.callback(None)
