"""One member: the table of contents. Every component is made here, and handed what it uses.

Reading order: ``protocol`` (bytes in, bytes out), ``membership`` (the one funnel),
``failure_detector`` and ``probe_round`` (SWIM §3.1), ``detection`` (what follows from it, §4.2),
``dissemination`` and ``gossip`` (§4.1), ``anti_entropy``, ``joining``, ``leaving``.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from swimtx.answering import Answering
from swimtx.anti_entropy import AntiEntropy
from swimtx.config import Config
from swimtx.conflicts import Conflicts
from swimtx.counters import Counters
from swimtx.detection import Kit
from swimtx.discovery import Seeds
from swimtx.envelope import PlainEnvelope
from swimtx.errors import NotRunning
from swimtx.expectations import expected
from swimtx.greeting import Greeting
from swimtx.interfaces import ISeeds
from swimtx.joining import Joining
from swimtx.leaving import Leaving
from swimtx.member import Address, Claim, State, check_tags, is_wildcard, normal_host
from swimtx.membership import Membership
from swimtx.messages import Message, MessageType
from swimtx.parts import Parts, parts_for
from swimtx.paths import Paths
from swimtx.pinging import Pinging
from swimtx.probe_round import Means
from swimtx.protocol import SwimProtocol
from swimtx.questions import Questions
from swimtx.reassurance import Reassurance
from swimtx.renewal import Renewal
from swimtx.self_check import SelfCheck
from swimtx.seven_fields import SevenFields
from swimtx.strangers import Strangers
from swimtx.tombstones import Tombstones
from swimtx.transports.local_address import address_toward
from swimtx.transports.sockets import Sockets
from swimtx.transports.tcp import TcpStreams
from swimtx.wire.codec import Codec


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
        self.config = config = config or Config.lan()
        parts = parts or parts_for(config)
        self._reactor = reactor
        self._clock = clock = parts.clock(reactor)
        chance = chance or random.Random()
        self.counters = counters = Counters()
        self.running = False
        self._leaving_done = False
        self._last_epoch = 0

        # What is believed, and what is news.
        self.membership: Membership = parts.membership(
            clock.seconds, config.max_members, config.failed_memory, config.left_memory
        )
        self._news = parts.news(self.membership, config, counters)
        self._tombstones = Tombstones(clock, self.membership, config)

        # The post.
        codec = codec or Codec(clock.seconds)
        self.protocol = SwimProtocol(
            self.membership,
            codec,
            PlainEnvelope(),
            self._news,
            config,
            counters,
            clock.seconds,
        )
        self._streams = TcpStreams(reactor)
        self._questions = questions = Questions(chance)
        self.protocol.handle(MessageType.ACK, questions.answer)
        self.protocol.handle(MessageType.NACK, questions.answer)
        self._sockets = Sockets(reactor, self.protocol, self._streams, self.protocol.frame_received)
        self.protocol.on_unasked_stop(self._sockets.reopen)
        self._means = means = Means(
            clock,
            self.protocol,
            questions,
            self._streams,
            lambda: self.membership.me,
            parts.attached(self.membership),
        )
        paths = Paths(self.protocol, self._streams, config)

        # The failure detector.
        self._answering = Answering(self.membership, self.protocol, counters)
        self._relaying = parts.relaying(self.membership, self.protocol, means, config, counters)
        kit = Kit(
            clock,
            chance,
            self.membership,
            self.protocol,
            means,
            self._streams,
            config,
            counters,
            parts.order(chance, config),
            parts.schedule,
            parts.health(),
            parts.regret(clock.seconds),
            parts.tripwires,
            paths.reached,
        )
        self._detection = parts.detection(kit)
        self._relaying.broken = self._detection.broken
        if isinstance(clock, SelfCheck):
            reassurance = Reassurance(clock, self.membership, kit.health, config)
            clock.stalled = reassurance.stalled
        self._conflicts = Conflicts(clock.seconds, self.membership, self.protocol, means, config)

        # Spreading and healing.
        self._gossip = parts.gossip(
            clock, chance, self.membership, self.protocol, self._news, config
        )
        self._notices = parts.notices(chance, self.membership, self.protocol, config)
        self._resurrection = parts.resurrection(clock, chance, self.membership, means, config)
        self._anti_entropy = AntiEntropy(
            clock, chance, self.membership, self.protocol, means, config
        )
        paths.detour = self._anti_entropy.exchange
        seven_fields = SevenFields(clock.seconds, self.membership)
        self.protocol.handle_seven_fields(seven_fields.translate)

        self._pinging = Pinging(self.membership, means, config)

        # Coming and going.
        self._greeting = Greeting(self.membership, means, config, paths.reached)
        self._answering.stranger = Strangers(
            self.membership, self._greeting, self._anti_entropy
        ).pinged
        self._joining = Joining(
            clock,
            chance,
            self.membership,
            self.protocol,
            means,
            self._anti_entropy,
            self._greeting,
            config,
        )
        self._renewal = Renewal(
            clock, chance, self.membership, means, self._anti_entropy, self._greeting, config
        )
        self._notices.outsiders = self._renewal.outsiders
        self._leaving = Leaving(
            clock, self.membership, self.protocol, questions, self._streams, config
        )

    # Life

    @property
    def name(self) -> str:
        """Our name in the group, once started."""
        return self.membership.me.name

    @property
    def address(self) -> Address:
        """Where others reach us, once started."""
        return self.membership.me.address

    def start(self) -> Deferred[None]:
        """Bind UDP and TCP on one port number, and live.

        @return: fires when that is done; fails with C{CannotListenError} if the port is taken.
        """
        return maybeDeferred(self._start)

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
        me = self.membership.me
        members = self.membership.members()
        return {
            "name": me.name,
            "address": me.address.host,
            "port": me.address.port,
            "state": me.state.value,
            "epoch": me.epoch,
            "incarnation": me.incarnation,
            "cluster": self.config.cluster,
            "profile": self.config.profile,
            "protocol_period": self.config.period,
            "ping_timeout": self.config.first_stage,
            "silence_tolerance": self.config.silence_tolerance_seconds,
            "patience": self.config.patience_seconds,
            "local_health": self._detection.health.score,
            "expected": {
                kind: {"soonest": round(span.soonest, 3), "latest": round(span.latest, 3)}
                for kind, span in expected(self.config, self.membership.living).items()
            },
            "members": {s.value: sum(m.state is s for m in members) for s in State},
            "refutations": self.membership.refutations,
            "refused": self.membership.refused,
            "counters": self.counters.as_dict(),
        }

    # How

    def _start(self) -> None:
        if self.running:
            raise NotRunning("the node is running already")
        port = self._sockets.open(self.config.bind_host, self.config.port)
        self.running = True
        self._leaving_done = False
        if self.membership.name is not None:
            self._last_epoch = self.membership.me.epoch
        self.membership.clear()
        self._news.clear()
        self.membership.become(self._introduce(port))
        self.protocol.on_accepted_stream(self._accepted_stream)
        self._detection.start()
        self._gossip.start()
        self._anti_entropy.start()

    def _introduce(self, port: int) -> Claim:
        """What we say of ourselves."""
        config = self.config
        host = config.bind_host
        if is_wildcard(host):
            host = address_toward(None, config.type)
        advertised = config.advertise or (host, port)
        address = Address(normal_host(advertised[0]), advertised[1] or port)
        name = config.name or f"{socket.gethostname()}-{port}"[-128:]
        epoch = max(1, int(self._reactor.seconds() * 1000), self._last_epoch + 1)
        return Claim(name, address, epoch, tags=check_tags(config.tags.items()), by=name)

    async def _join(self, seeds: ISeeds | Iterable[Any]) -> Membership:
        self._check_running()
        if self._leaving_done:
            raise NotRunning("the node has left its group; stop it and start it to join again")
        source: ISeeds
        if ISeeds.providedBy(seeds):
            source = seeds
        else:
            source = Seeds(self._reactor, list(seeds), self.config.type)
        if is_wildcard(self.config.bind_host) and self.config.advertise is None:
            await self._look_toward(source)
        self._renewal.add(source)
        return await self._joining.join(source)

    async def _look_toward(self, seeds: ISeeds) -> None:
        """Bound to a wildcard, we are reached where this host talks to its seeds from."""
        addresses, _ = await self._joining.find(seeds)
        me = self.membership.me
        for seed in addresses:
            host = address_toward(seed.host, self.config.type)
            if host != me.address.host:
                moved = replace(me, address=Address(host, me.address.port))
                self.membership.become(replace(moved, incarnation=me.incarnation + 1))
            return

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
            self._greeting,
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
