"""A member as a Twisted service: starts, joins in the background, however long it takes, leaves."""

from __future__ import annotations

import random
from collections.abc import Iterable

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.config import Config
from swimtx.discovery import as_seeds
from swimtx.errors import JoinFailed, NotRunning
from swimtx.interfaces import IMemberService, IMembership, ISeeds
from swimtx.node import Node
from swimtx.reactor import Reactor

FIRST_RETRY = 0.4  # seconds at the most, half of it at the least
LONGEST_RETRY = 30.0


@implementer(IMemberService)
class SwimService(Service):
    """One member of a group, to be given to a parent service or started by itself.

    @param seeds: whom to ask when joining: C{"HOST[:PORT]"} or C{(host, port)} each, or an
        C{ISeeds}. With none the member is the first of its group, and joined at once.
    @param reactor: defaults to the global one.
    @param chance: where every random choice of the service and its node comes from.
    @raise TypeError: C{reactor} is none, and the text says which interface it lacks, or C{config}
        is no C{Config}.
    @raise ValueError: a seed is malformed; the text says which and why.
    @ivar node: the member itself; it lives as long as the service.
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
        self._clock = IReactorTime(reactor)
        self._reactor = reactor
        self._chance = chance or random.Random()
        self._config = config
        # One source, asked again and again: what was given may be read but once.
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
        """Whether it is part of a group now."""
        return self._joined

    def __repr__(self) -> str:
        state = "joined" if self._joined else "not joined"
        return f"<SwimService of {self.node!r}, {state if self.running else 'not running'}>"

    def whenJoined(self) -> Deferred[IMembership]:
        """Wait until the member is part of a group.

        @return: a new Deferred of the membership. It fails with C{CancelledError} when the service
            is stopped. Cancelling it ends the waiting, and nothing else.
        """
        if self._joined:
            return succeed(self.node.membership)
        waiting: Deferred[IMembership] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def startService(self) -> None:
        """Bind, then join in the background.

        @raise twisted.internet.error.CannotListenError: the port is taken or may not be had.
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
        """Leave, for C{leave_timeout} seconds at the most, then close every socket and timer.

        @return: fires when nothing is left; it does not fail.
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
        """Ask these seeds now, once. When one answers, those of the start are not asked any more.

        After L{leave} this begins a new run, under the same name and port.

        @return: a Deferred of the membership; fails with C{JoinFailed}, C{NotRunning}, with
            C{ValueError} if one of them is no seed, and after L{leave} as C{Node.start()} does.
        """
        return Deferred.fromCoroutine(self._join(seeds))

    def leave(self) -> Deferred[None]:
        """Leave the group and stay outside, running, until told to join again or to stop."""
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
        self._joining = Deferred.fromCoroutine(self._join_however_long_it_takes())
        self._joining.addErrback(lambda failure: failure.trap(CancelledError, NotRunning))
        self._joining.addErrback(
            lambda failure: self._log.failure("joining was given up", failure=failure)
        )

    async def _join_however_long_it_takes(self) -> None:
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
