"""One member: the table of contents. Every component is made here, and handed what it uses.

Reading order: ``protocol`` (bytes in, bytes out), ``membership`` (the one funnel),
``failure_detector`` and ``probe_round`` (SWIM §3.1), ``detection`` (what follows from it, §4.2),
``dissemination`` and ``gossip`` (§4.1), ``anti_entropy``, ``joining``, ``leaving``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.detection import Kit
from swimtx.discovery import as_seeds
from swimtx.dissemination.anti_entropy import AntiEntropy
from swimtx.errors import AlreadyRunning, HasLeft, NotRunning
from swimtx.interfaces import ISeeds
from swimtx.joining.announce import Announcer
from swimtx.joining.identity import LocalIdentity
from swimtx.joining.join import Joining
from swimtx.joining.leave import Leaving
from swimtx.joining.name_conflicts import NameConflicts
from swimtx.joining.registration import BootstrapRegistration
from swimtx.joining.unknown_peers import UnknownPeers
from swimtx.membership.table import Membership
from swimtx.membership.tombstones import Tombstones
from swimtx.parts import Parts, parts_for
from swimtx.probing.on_demand_ping import OnDemandPing
from swimtx.probing.ping_responder import PingResponder
from swimtx.probing.stall_clock import StallClock
from swimtx.probing.stall_recovery import StallRecovery
from swimtx.security.envelope import PlainEnvelope
from swimtx.status import status
from swimtx.transport.legacy_peers import LegacyPeers
from swimtx.transport.listening import ListeningPorts
from swimtx.transport.local_address import address_toward
from swimtx.transport.messenger import Messenger
from swimtx.transport.pending_requests import PendingRequests
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.stream_fallback import StreamFallback
from swimtx.transport.tcp import TcpStreams
from swimtx.wire.codec import Codec
from swimtx.wire.messages import Message, MessageType


class Node:
    """One member of a group, inside your own Twisted program.

    @param reactor: provides C{IReactorTime}, C{IReactorUDP}, C{IReactorTCP} (and a name resolver,
        if seeds are given by name).
    @param config: by default C{Config.lan()}.
    @param chance: where every random choice comes from.
    @param parts: what it is made of, where there is a choice; by default what C{config} says.
    @param codec: may be shared by the nodes of one simulation.
    @ivar membership: the member list, C{IMembership}; it may be subscribed to before C{start()}.
    @ivar protocol: the C{SwimProtocol} that listens.
    """

    def __init__(
        self,
        reactor: Any,
        config: Config | None = None,
        *,
        chance: random.Random | None = None,
        codec: Codec | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.config = config or Config.lan()
        self._parts = parts or parts_for(self.config)
        self._reactor = reactor
        self._clock = self._parts.clock(reactor)
        self._chance = chance or random.Random()
        self.counters = Counters()
        self.running = False
        self._leaving_done = False
        self._furnish_list()
        self._furnish_post(codec or Codec(self._clock.seconds))
        self._furnish_detector()
        self._furnish_healing()
        self._furnish_door()

    # The rooms, from the ground up

    def _furnish_list(self) -> None:
        """What is believed, and what is news."""
        config, parts, clock = self.config, self._parts, self._clock
        self.membership: Membership = parts.membership(
            clock.seconds, config.max_members, config.failed_memory, config.left_memory
        )
        self._news = parts.news(self.membership, config, self.counters)
        self._tombstones = Tombstones(clock, self.membership, config)

    def _furnish_post(self, codec: Codec) -> None:
        """What messages come and go by, and who waits for which answer."""
        self.protocol = SwimProtocol(
            self.membership,
            codec,
            PlainEnvelope(),
            self._news,
            self.config,
            self.counters,
            self._reactor,
        )
        self._streams = TcpStreams(self._reactor)
        self._requests = PendingRequests(self._chance)
        self.protocol.handle(MessageType.ACK, self._requests.resolve)
        self.protocol.handle(MessageType.NACK, self._requests.resolve)
        self._sockets = ListeningPorts(
            self._reactor, self.protocol, self._streams, self.protocol.frame_received
        )
        self.protocol.on_unasked_stop(self._sockets.reopen)
        self._messenger = Messenger(
            self._clock,
            self.protocol,
            self._requests,
            self._streams,
            lambda: self.membership.me,
            self._parts.attached(self.membership),
        )
        self._paths = StreamFallback(self.protocol, self._streams, self.config)

    def _furnish_detector(self) -> None:
        """Who is probed, what that means, and how we answer when we are probed ourselves."""
        config, parts, clock, chance = self.config, self._parts, self._clock, self._chance
        self._answering = PingResponder(self.membership, self.protocol, self.counters)
        self._relaying = parts.relaying(
            self.membership, self.protocol, self._messenger, config, self.counters
        )
        kit = Kit(
            clock,
            chance,
            self.membership,
            self.protocol,
            self._messenger,
            self._streams,
            config,
            self.counters,
            parts.order(chance, config),
            parts.schedule,
            parts.health(),
            parts.regret(clock.seconds),
            parts.tripwires,
            self._paths.reached,
        )
        self._detection = parts.detection(kit)
        self._relaying.broken = self._detection.broken
        if isinstance(clock, StallClock):
            reassurance = StallRecovery(clock, self.membership, kit.health, config)
            clock.stalled = reassurance.stalled
        self._conflicts = NameConflicts(
            clock.seconds,
            self.membership,
            self.protocol,
            self._messenger,
            config,
            lambda target: self.membership.relays(chance, config.relays, target.name),
        )
        self._pinging = OnDemandPing(self.membership, self._messenger, config)

    def _furnish_healing(self) -> None:
        """How news spreads, and how lists that differ become one."""
        config, parts, clock, chance = self.config, self._parts, self._clock, self._chance
        self._gossip = parts.gossip(
            clock, chance, self.membership, self.protocol, self._news, config
        )
        self._notices = parts.notices(chance, self.membership, self.protocol, config)
        self._resurrection = parts.resurrection(
            clock, chance, self.membership, self._messenger, config
        )
        self._anti_entropy = AntiEntropy(
            clock, chance, self.membership, self.protocol, self._messenger, config
        )
        self._paths.detour = self._anti_entropy.exchange
        legacy = LegacyPeers(clock.seconds, self.membership)
        self.protocol.handle_legacy(legacy.translate)

    def _furnish_door(self) -> None:
        """How we come and go, and whom we let in."""
        config, clock, chance = self.config, self._clock, self._chance
        membership, messenger = self.membership, self._messenger
        self._announcer = Announcer(membership, messenger, config, self._paths.reached)
        strangers = UnknownPeers(membership, self._announcer, self._anti_entropy.exchange)
        self._answering.stranger = strangers.pinged
        self._introduction = LocalIdentity(self._reactor, membership, config, address_toward)
        self._joining = Joining(
            clock,
            chance,
            membership,
            self.protocol,
            messenger,
            self._anti_entropy.exchange,
            self._announcer,
            config,
            self._introduction.look_toward,
        )
        self._renewal = BootstrapRegistration(
            clock,
            chance,
            membership,
            messenger,
            self._anti_entropy.exchange,
            self._announcer,
            config,
        )
        self._joining.answered = self._renewal.know
        self._joining.joined = self._renewal.add
        self._notices.outsiders = self._renewal.outsiders
        self._leaving = Leaving(
            clock, membership, self.protocol, self._requests, self._streams, config
        )

    # Life

    @property
    def name(self) -> str:
        """Our name in the group.

        @raise NotRunning: the node has never been started.
        """
        return self.membership.me.name

    @property
    def address(self) -> Address:
        """Where others reach us.

        @raise NotRunning: the node has never been started.
        """
        return self.membership.me.address

    def start(self) -> Deferred[None]:
        """Bind UDP and TCP on one port number, and live.

        @return: fires when that is done; fails with C{CannotListenError} if the port is taken,
            with C{AlreadyRunning} if the node runs, and with C{BadConfig} if it was given no name
            and the host's cannot be part of one.
        """
        return maybeDeferred(self._start)

    def restart(self) -> Deferred[None]:
        """Leave and stop, if it runs, and start as a new run under the same name and port.

        @return: fires when that is done; fails as C{start()} does, stopped then.
        """
        return Deferred.fromCoroutine(self._restart())

    def join(self, seeds: ISeeds | Iterable[Any]) -> Deferred[Membership]:
        """Join the group that any of the seeds knows.

        @param seeds: C{(host, port)} pairs, texts as C{--join} takes them, or an C{ISeeds}.
        @return: fires with the membership; fails with C{JoinFailed} when nobody has answered
            within C{join_timeout}, naming every seed and why.
        """
        return Deferred.fromCoroutine(self._join(seeds))

    def leave(self) -> Deferred[None]:
        """Tell everybody that we leave. Fires when all know, or after C{leave_timeout}."""
        return Deferred.fromCoroutine(self._leave())

    def stop(self) -> Deferred[None]:
        """Close the sockets and stop every timer. Without C{leave()}, others see a failure."""
        return Deferred.fromCoroutine(self._stop())

    def destroy(self) -> Deferred[None]:
        """Leave, stop, and empty the list."""
        return Deferred.fromCoroutine(self._destroy())

    # Use

    def ping(self, name: str) -> Deferred[float]:
        """The round-trip time to a member in seconds.

        @return: fails with C{NoSuchMember}, or with C{NoAnswer} after one protocol period.
        """
        return Deferred.fromCoroutine(self._ping(name))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Change what others can read of us.

        @raise ValueError: they leave their limits.
        @raise NotRunning: the node is not started.
        """
        self._check_running()
        self.membership.update_me(dict(tags))

    def on_message(self, kind: MessageType, callback: Callable[[Message, Address], object]) -> None:
        """Call C{callback(message, address)} for each message of that type that comes in."""
        self.protocol.on_message(kind, callback)

    def info(self) -> dict[str, Any]:
        """Ourselves, counts by state, times and counters, for people and JSON.

        @raise NotRunning: the node is not started.
        """
        self._check_running()
        return status(self.membership, self.config, self._detection.health, self.counters)

    # How

    def _start(self, name: str | None = None, port: int | None = None) -> None:
        if self.running:
            raise AlreadyRunning("the node is running already")
        wanted = self.config.port if port is None else port
        bound = self._sockets.open(self.config.bind_host, wanted)
        try:
            me = self._introduction.claim(bound, name)
        except Exception:
            ensureDeferred(self._sockets.close())
            raise
        self.running = True
        self._leaving_done = False
        self.membership.clear()
        self._news.clear()
        self.membership.become(me)
        self._renewal.start()
        self.protocol.on_accepted_stream(self._accepted_stream)
        self._detection.start()
        self._gossip.start()
        self._anti_entropy.start()

    async def _restart(self) -> None:
        name, port = self.membership.name, self._sockets.number
        if self.running:
            await self._leave()
            await self._stop()
        self._start(name, port)

    async def _join(self, seeds: ISeeds | Iterable[Any]) -> Membership:
        self._check_running()
        if self._leaving_done:
            raise HasLeft("the node has left its group; stop it and start it to join again")
        return await self._joining.join(as_seeds(self._reactor, seeds, self.config.type))

    async def _leave(self) -> None:
        self._check_running()
        if self._leaving_done:
            return
        self._leaving_done = True
        self._stop_conversations()
        await self._leaving.leave()

    async def _stop(self) -> None:
        if not self.running:
            return
        self.running = False
        self._stop_timers()
        await self._sockets.close()
        self._stop_timers()  # what came in until then may have begun something

    def _stop_timers(self) -> None:
        self._stop_conversations()
        self._gossip.stop()
        self._leaving.stop()
        self._tombstones.stop()

    async def _destroy(self) -> None:
        if self.running:
            await self._leave()
            await self._stop()
        self.membership.clear()

    def _stop_conversations(self) -> None:
        """Accuse, ask and join no more; what is news is still told."""
        for conversation in (
            self._joining,
            self._renewal,
            self._announcer,
            self._detection,
            self._relaying,
            self._conflicts,
            self._resurrection,
            self._anti_entropy,
            self._pinging,
        ):
            conversation.stop()

    async def _ping(self, name: str) -> float:
        self._check_running()
        return await self._pinging.ping(name)

    def _accepted_stream(self) -> None:
        """Somebody reached us by a stream: from now on a refusal means that we are gone."""
        self.protocol.on_accepted_stream(None)
        self.membership.accepted_stream()

    def _check_running(self) -> None:
        if not self.running:
            raise NotRunning("the node is not running")
