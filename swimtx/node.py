"""One member of a group: what users call. ``wiring`` builds what is behind it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.discovery import as_seeds
from swimtx.errors import AlreadyRunning, HasLeft, NotRunning
from swimtx.interfaces import IMembership, ISeeds
from swimtx.reactor import Reactor, check_reactor
from swimtx.status import NodeStatus
from swimtx.transport.protocol import SwimProtocol
from swimtx.wire.codec import Codec
from swimtx.wire.messages import Message, MessageType
from swimtx.wiring import Wiring


class Node:
    """One member of a group, inside your own Twisted program.

    @param reactor: provides C{IReactorTime}, C{IReactorUDP}, C{IReactorTCP} (and a name resolver,
        if seeds are given by name).
    @param config: by default C{Config.lan()}.
    @param chance: where every random choice comes from.
    @param codec: may be shared by the nodes of one simulation.
    @param wiring: builds the components; a subclass builds others.
    @raise TypeError: C{reactor} is none, and the text says which interface it lacks, or C{config}
        is no C{Config}.
    """

    def __init__(
        self,
        reactor: Reactor,
        config: Config | None = None,
        *,
        chance: random.Random | None = None,
        codec: Codec | None = None,
        wiring: type[Wiring] = Wiring,
    ) -> None:
        check_reactor(reactor)
        if config is not None and not isinstance(config, Config):
            raise TypeError(f"config must be a Config, not {config!r}")
        self._reactor = reactor
        self._config = config or Config.lan()
        self._parts = wiring(reactor, self._config, chance or random.Random(), codec)
        self._running = False
        self._has_left = False

    def __repr__(self) -> str:
        table = self._parts.membership
        if table.name is None:
            return "<Node, never started>"
        state = "" if self._running else ", stopped"
        state = ", has left" if self._running and self._has_left else state
        suspects = len(table.index.suspects)
        counts = f"{table.living - suspects} alive, {suspects} suspect"
        return f"<Node {table.name!r} at {table.local.address}, {counts}{state}>"

    # What it is

    @property
    def config(self) -> Config:
        """The settings that it was given."""
        return self._config

    @property
    def membership(self) -> IMembership:
        """The member list; it may be subscribed to before C{start()}."""
        return self._parts.membership

    @property
    def protocol(self) -> SwimProtocol:
        """The C{DatagramProtocol} that listens."""
        return self._parts.protocol

    @property
    def counters(self) -> Counters:
        """What has been counted since it was made."""
        return self._parts.counters

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._running

    @property
    def name(self) -> str:
        """Our name in the group.

        @raise NotRunning: the node has never been started.
        """
        return self._parts.membership.local.name

    @property
    def address(self) -> Address:
        """Where others reach us.

        @raise NotRunning: the node has never been started.
        """
        return self._parts.membership.local.address

    # Life

    def start(self) -> Deferred[None]:
        """Bind UDP and TCP on one port number, and live.

        @return: has fired, since nothing has to be waited for; cancelling it does nothing. It fails
            with C{CannotListenError} if the port is taken, with C{AlreadyRunning} if the node runs,
            and with C{BadConfig} if it was given no name and the host's cannot be part of one.
        """
        return maybeDeferred(self._start)

    def restart(self) -> Deferred[None]:
        """Leave and stop, if it runs, and start as a new run under the same name and port.

        @return: fires when that is done; fails as L{start} does, and then the node is stopped.
            Cancelling it ends the waiting for others to know that we leave.
        """
        return Deferred.fromCoroutine(self._restart())

    def join(self, seeds: ISeeds | Iterable[str | tuple[str, int]]) -> Deferred[IMembership]:
        """Join the group that any of the seeds knows.

        @param seeds: C{(host, port)} pairs, texts as C{--join} takes them, or an C{ISeeds}.
        @return: fires with the membership. It fails with C{JoinFailed} when no seed has answered
            within C{join_timeout} seconds, naming every seed and why; with C{NotRunning} before
            C{start()} and C{HasLeft} after C{leave()}; with C{ValueError} if a seed is none; with
            C{CancelledError} when the node is stopped meanwhile. Cancelling it gives up, and the
            seeds are asked no more.
        """
        return Deferred.fromCoroutine(self._join(seeds))

    def leave(self) -> Deferred[None]:
        """Tell every member that we leave.

        @return: fires when all know, or after C{leave_timeout} seconds; fails with C{NotRunning}.
            Cancelling it ends the waiting: we have left all the same.
        """
        return Deferred.fromCoroutine(self._leave())

    def stop(self) -> Deferred[None]:
        """Close the sockets and stop every timer. Without C{leave()}, others see a failure.

        @return: fires when nothing is left; it does not fail, and cancelling it has no use.
        """
        return Deferred.fromCoroutine(self._stop())

    def destroy(self) -> Deferred[None]:
        """Leave, stop, and empty the list.

        @return: fires when that is done; it does not fail. Cancelling it ends the waiting for
            others to know; the node goes on running then, outside its group.
        """
        return Deferred.fromCoroutine(self._destroy())

    # Use

    def ping(self, name: str) -> Deferred[float]:
        """The round-trip time to a member, over the protocol itself.

        @return: fires with seconds. It fails with C{NoSuchMember}; with C{NoAnswer} after one
            protocol period; with C{NotRunning}; with C{CancelledError} when the node leaves or is
            stopped. Cancelling it gives up.
        """
        return Deferred.fromCoroutine(self._ping(name))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Change what others can read of us.

        @raise ValueError: they are no texts, or leave their limits.
        @raise NotRunning: the node is not started.
        """
        self._check_running()
        if not isinstance(tags, Mapping):
            raise ValueError(f"tags must be a mapping of text to text, not {tags!r}")
        self._parts.membership.update_me(tags)

    def on_message(
        self, kind: MessageType, callback: Callable[[Message, Address], object]
    ) -> Callable[[], None]:
        """Call C{callback(message, address)} for each message of that type that comes in, after the
        updates that came with it were applied.

        @return: a callable that ends it.
        @raise ValueError: C{kind} is no type of message.
        @raise TypeError: C{callback} cannot be called.
        """
        if not callable(callback):
            raise TypeError(f"callback must be callable, not {callback!r}")
        return self._parts.protocol.on_message(MessageType(kind), callback)

    def info(self) -> NodeStatus:
        """Ourselves, counts by state, times and counters.

        @raise NotRunning: the node is not started.
        """
        self._check_running()
        parts = self._parts
        return NodeStatus.of(parts.membership, self._config, parts.health, parts.counters)

    # How

    def _start(self, name: str | None = None, port: int | None = None) -> None:
        if self._running:
            raise AlreadyRunning("the node is running already")
        parts = self._parts
        bound = parts.ports.open(
            self._config.interface, self._config.port if port is None else port
        )
        try:
            me = parts.identity.claim(bound, name)
        except Exception:
            ensureDeferred(parts.ports.close())
            raise
        self._running = True
        self._has_left = False
        parts.membership.clear()
        parts.updates.clear()
        parts.membership.become(me)
        parts.start()

    async def _restart(self) -> None:
        name, port = self._parts.membership.name, self._parts.ports.number
        if self._running:
            await self._leave()
            await self._stop()
        self._start(name, port)

    async def _join(self, seeds: ISeeds | Iterable[str | tuple[str, int]]) -> IMembership:
        self._check_running()
        if self._has_left:
            raise HasLeft("the node has left its group; stop it and start it to join again")
        source = as_seeds(self._reactor, seeds, self._config.type)
        membership: IMembership = await self._parts.joining.join(source)
        return membership

    async def _leave(self) -> None:
        self._check_running()
        if self._has_left:
            return
        self._has_left = True
        self._parts.stop_accusing()
        await self._parts.leaving.leave()

    async def _stop(self) -> None:
        if not self._running:
            return
        self._running = False
        self._parts.stop()
        await self._parts.ports.close()
        self._parts.stop()  # messages that came in until then may have begun something

    async def _destroy(self) -> None:
        if self._running:
            await self._leave()
            await self._stop()
        self._parts.membership.clear()

    async def _ping(self, name: str) -> float:
        self._check_running()
        return await self._parts.on_demand_ping.ping(name)

    def _check_running(self) -> None:
        if not self._running:
            raise NotRunning("the node is not running")
