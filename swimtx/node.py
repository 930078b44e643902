"""The node: one member of a group, with the methods that users call.

``wiring`` builds its components.
"""

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
    """One member of a group, as a part of a Twisted program.

    @param reactor: provides C{IReactorTime}, C{IReactorUDP} and C{IReactorTCP}, and a name resolver
        if seeds are given by name.
    @param config: the settings; C{None}: C{Config.lan()}.
    @param chance: the source of all random choices; C{None}: a new C{random.Random}.
    @param codec: encodes and decodes messages; the nodes of one simulation may share it.
    @param wiring: the class that builds the components; a subclass may build others.
    @raise TypeError: C{reactor} lacks an interface, which the text names, or C{config} is not a
        C{Config}.
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

    # Properties

    @property
    def config(self) -> Config:
        """The settings that the node was given."""
        return self._config

    @property
    def membership(self) -> IMembership:
        """The member list; subscriptions are possible before C{start()}."""
        return self._parts.membership

    @property
    def protocol(self) -> SwimProtocol:
        """The C{DatagramProtocol} of the node's UDP port."""
        return self._parts.protocol

    @property
    def counters(self) -> Counters:
        """The counts since the node was created."""
        return self._parts.counters

    @property
    def running(self) -> bool:
        """Whether the node has been started and has not been stopped since."""
        return self._running

    @property
    def name(self) -> str:
        """The node's name in the group.

        @raise NotRunning: the node has never been started.
        """
        return self._parts.membership.local.name

    @property
    def address(self) -> Address:
        """The address at which other members reach the node.

        @raise NotRunning: the node has never been started.
        """
        return self._parts.membership.local.address

    # Lifecycle

    def start(self) -> Deferred[None]:
        """Bind UDP and TCP on one port number, and start the protocol, at once.

        @return: a Deferred that has fired already, so that cancelling it does nothing. It fails
            with C{CannotListenError} when the port is taken, with C{AlreadyRunning} when the node
            runs, and with C{BadConfig} when C{config.name} is C{None} and the hostname cannot be
            part of a name.
        """
        return maybeDeferred(self._start)

    def restart(self) -> Deferred[None]:
        """Leave and stop if the node runs, then start a new run with the same name and port.

        @return: fires when the new run has started; fails as L{start} does, and then the node is
            stopped. Cancelling it ends the wait for the acknowledgements of the LEAVE.
        """
        return Deferred.fromCoroutine(self._restart())

    def join(self, seeds: ISeeds | Iterable[str | tuple[str, int]]) -> Deferred[IMembership]:
        """Join the group of the first seed that answers.

        @param seeds: C{(host, port)} pairs, texts C{"HOST[:PORT]"} as for C{--join}, or an
            C{ISeeds}.
        @return: fires with the membership. It fails with C{JoinFailed} when no seed has answered
            within C{join_timeout} seconds (the error gives the reason for each seed); with
            C{NotRunning} before C{start()}; with C{HasLeft} after C{leave()}; with C{ValueError}
            when a seed is malformed; with C{CancelledError} when the node leaves or is stopped
            meanwhile. Cancelling it ends the join: no seed is asked any more.
        """
        return Deferred.fromCoroutine(self._join(seeds))

    def leave(self) -> Deferred[None]:
        """Leave the group: send LEAVE to every living member.

        @return: fires when all have acknowledged, or after C{leave_timeout} seconds; fails with
            C{NotRunning}. Cancelling it ends the wait; the node has left nevertheless.
        """
        return Deferred.fromCoroutine(self._leave())

    def stop(self) -> Deferred[None]:
        """Close the sockets and cancel all timers. Without C{leave()}, others detect a failure.

        @return: fires when the sockets are closed; it does not fail. Cancelling it does not undo
            the stop.
        """
        return Deferred.fromCoroutine(self._stop())

    def destroy(self) -> Deferred[None]:
        """Leave and stop if the node runs, then empty the member list.

        @return: fires when that is done; it does not fail. Cancelling it ends the wait for the
            acknowledgements of the LEAVE; the node then continues to run, outside its group.
        """
        return Deferred.fromCoroutine(self._destroy())

    # Operations

    def ping(self, name: str) -> Deferred[float]:
        """Measure the round-trip time to another member, by a probe.

        @return: fires with seconds. It fails with C{NoSuchMember} when no other member of that name
            is known; with C{NoAnswer} after one protocol period without an ACK; with C{NotRunning};
            with C{CancelledError} when the node leaves or is stopped. Cancelling it ends the wait.
        """
        return Deferred.fromCoroutine(self._ping(name))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the node's tags, which every member can read.

        @param tags: text to text; at most 32, and 512 bytes of keys and values together.
        @raise ValueError: C{tags} is not a mapping of text to text, or exceeds these limits.
        @raise NotRunning: the node is not running.
        """
        self._check_running()
        if not isinstance(tags, Mapping):
            raise ValueError(f"tags must be a mapping of text to text, not {tags!r}")
        self._parts.membership.update_me(tags)

    def on_message(
        self, kind: MessageType, callback: Callable[[Message, Address], object]
    ) -> Callable[[], None]:
        """Call C{callback(message, address)} for each received message of a type, after the updates
        piggybacked on it have been applied.

        @return: a callable without parameters that ends the calls.
        @raise ValueError: C{kind} is not a type of message.
        @raise TypeError: C{callback} is not callable.
        """
        if not callable(callback):
            raise TypeError(f"callback must be callable, not {callback!r}")
        return self._parts.protocol.on_message(MessageType(kind), callback)

    def info(self) -> NodeStatus:
        """The node's status: its record, settings, member counts by state, and counters.

        @raise NotRunning: the node is not running.
        """
        self._check_running()
        parts = self._parts
        return NodeStatus.of(parts.membership, self._config, parts.health, parts.counters)

    # Private

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
        self._parts.stop()  # messages received until then may have started timers

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
