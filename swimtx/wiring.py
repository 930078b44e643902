"""Builds the components of one member, the lowest layer first, and connects them.

Reading order: state, transport, probing, then the group (failure detector, suspicion,
dissemination, joining). To build a member without a component, or with another one, override its
C{make_...} method.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.dissemination.anti_entropy import AntiEntropy
from swimtx.dissemination.failure_broadcast import FailureBroadcast
from swimtx.dissemination.gossip import EagerGossip, Gossip
from swimtx.dissemination.reconnect import Reconnector
from swimtx.dissemination.stale_news import StaleNewsReplies
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.failure_detector.assessment import Assessment, EvidenceAssessment
from swimtx.failure_detector.detector import FailureDetector
from swimtx.failure_detector.target_selection import PhasedRoundRobin, RoundRobin, TargetSelection
from swimtx.failure_detector.tripwires import StreamPortCheck, Tripwires
from swimtx.interfaces import IAdmission, IEnvelope, IJournal, IUpdateSource
from swimtx.joining.announce import Announcer
from swimtx.joining.identity import LocalIdentity
from swimtx.joining.join import Joining
from swimtx.joining.leave import Leaving
from swimtx.joining.name_conflicts import NameConflicts
from swimtx.joining.registration import BootstrapRegistration
from swimtx.joining.unknown_peers import UnknownPeers
from swimtx.journal import NullJournal
from swimtx.membership.claim import Claim
from swimtx.membership.table import Membership
from swimtx.membership.tombstones import Tombstones
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.probing.buddy_system import BuddySystem
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.on_demand_ping import OnDemandPing
from swimtx.probing.ping_req_relay import PingReqRelay
from swimtx.probing.ping_responder import PingResponder
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.probing.relay_selection import RelaySelection
from swimtx.probing.schedule import ProbeSchedule
from swimtx.probing.stall_clock import StallClock
from swimtx.probing.stall_recovery import StallRecovery
from swimtx.reactor import Reactor
from swimtx.security.admission import AdmitAll
from swimtx.security.envelope import PlainEnvelope
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.isolation import Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.transport.legacy_peers import LegacyPeers
from swimtx.transport.listening import ListeningPorts
from swimtx.transport.local_address import address_toward
from swimtx.transport.messenger import Messenger
from swimtx.transport.pending_requests import PendingRequests
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Routes
from swimtx.transport.stream_fallback import StreamFallback
from swimtx.transport.tcp import TcpStreams
from swimtx.wire.codec import Codec
from swimtx.wire.messages import MessageType


class Stoppable(Protocol):
    """A component that has timers or probes."""

    def stop(self) -> object:
        """Stop: cancel all timers and probes."""


class Startable(Stoppable, Protocol):
    """A component that acts on timers of its own while the member runs."""

    def start(self) -> object:
        """Start the timers."""


class Wiring:
    """The components of one member, as attributes.

    @param reactor: the reactor of the member.
    @param chance: the source of all random choices.
    @param codec: encodes and decodes messages; the members of one simulation may share it.
    """

    def __init__(
        self, reactor: Reactor, config: Config, chance: random.Random, codec: Codec | None = None
    ) -> None:
        self.reactor = reactor
        self.config = config
        self.chance = chance
        self.counters = Counters()
        self.journal = self.make_journal()
        self.clock = self.make_clock()
        self._build_state()
        self._build_transport(codec or Codec(self.clock.seconds))
        self._build_probing()
        self._build_failure_detector()
        self._build_dissemination()
        self._build_joining()

    # Construction, in this order

    def _build_state(self) -> None:
        """The member list, and the queue of updates to send."""
        self.membership = self.make_membership()
        self.updates = self.make_updates()
        self.tombstones = Tombstones(self.clock, self.membership, self.config)

    def _build_transport(self, codec: Codec) -> None:
        """Sending and receiving messages, and matching answers to requests."""
        membership, config = self.membership, self.config
        admission = self.make_admission()
        self.protocol = SwimProtocol(
            membership,
            codec,
            self.make_envelope(),
            admission,
            self.make_update_sources(),
            LegacyPeers(self.clock.seconds, membership).translate,
            membership.accepted_stream,
            config,
            self.counters,
            IReactorTime(self.reactor),
        )
        self.streams = TcpStreams(self.reactor, admission, self.counters)
        self.ports = ListeningPorts(self.reactor, self.protocol, self.streams)
        self.messenger = Messenger(
            self.clock,
            self.protocol,
            PendingRequests(self.chance),
            self.streams,
            Routes(),
            lambda: membership.local,
            self.make_accusation(),
        )
        for answer in (MessageType.ACK, MessageType.NACK, MessageType.JOIN_RES):
            self.protocol.handle(answer, self.messenger.requests.resolve)

    def _build_probing(self) -> None:
        """The components that probes use, and probes on behalf of other members."""
        membership, config, messenger = self.membership, self.config, self.messenger
        self.health = self.make_local_health()
        membership.on_refutation(self.health.refuted)
        self.broken_streams = BrokenStreams(self.clock.seconds, membership, config)
        self.relay = self.make_ping_req_relay()
        self.on_demand_ping = OnDemandPing(membership, messenger, config)
        self.reachability = ReachabilityCheck(self.chance, membership, messenger, config)
        self.anti_entropy = AntiEntropy(self.clock, self.chance, membership, messenger, config)
        self.fallback = StreamFallback(messenger, config, self.anti_entropy.exchange)
        self.stall_recovery = StallRecovery(self.clock, membership, self.health, config)

    def _build_failure_detector(self) -> None:
        """Probes of members, their assessment, and the suspicion that may follow."""
        self.isolation = self.make_isolation()
        self.tripwires = self.make_tripwires()
        self.relay_selection = RelaySelection(
            self.chance, self.membership, self.config, self.tripwires.watchers
        )
        self.assessment = self.make_assessment()
        self.suspicion: Sequence[Startable] = self.make_suspicion()
        self.stale_news = self.make_stale_news()
        self.detector = self.make_detector()

    def _build_dissemination(self) -> None:
        """Dissemination of updates. Departures are also reported to the bootstrap nodes."""
        membership, config, messenger = self.membership, self.config, self.messenger
        self.gossip = self.make_gossip()
        self.reconnector = self.make_reconnector()
        self.announcer = Announcer(membership, messenger, config, self.fallback.reached)
        self.registration = BootstrapRegistration(
            self.clock,
            self.chance,
            membership,
            messenger,
            self.anti_entropy.exchange,
            self.announcer,
            config,
        )
        self.failure_broadcast = self.make_failure_broadcast()

    def _build_joining(self) -> None:
        """Joining and leaving, and the handling of unknown peers."""
        membership, config, messenger = self.membership, self.config, self.messenger
        exchange = self.anti_entropy.exchange
        self.identity = LocalIdentity(
            IReactorTime(self.reactor), membership, config, self.journal, address_toward
        )
        self.joining = Joining(
            self.clock,
            self.chance,
            membership,
            messenger,
            exchange,
            self.announcer,
            self.registration,
            config,
            self.identity.look_toward,
        )
        self.leaving = Leaving(self.clock, membership, messenger, config)
        self.name_conflicts = NameConflicts(
            self.clock.seconds, membership, messenger, config, self.relay_selection.choose
        )
        unknown_peers = UnknownPeers(membership, self.announcer, exchange)
        self.responder = PingResponder(
            membership, self.protocol, self.counters, unknown_peers.pinged
        )

    # Lifecycle

    def start(self) -> None:
        """Start probes, gossip and table exchanges; the local member's record is in the table."""
        self.registration.start()
        components: tuple[Startable, ...] = (
            *self.suspicion,
            self.reconnector,
            self.detector,
            self.tripwires,
            self.gossip,
            self.anti_entropy,
        )
        for component in components:
            component.start()

    def stop_accusing(self) -> None:
        """Stop all probes, suspicions and joins; updates are still sent."""
        components: tuple[Stoppable, ...] = (
            self.joining,
            self.registration,
            self.announcer,
            self.tripwires,
            self.detector,
            *reversed(self.suspicion),
            self.relay,
            self.name_conflicts,
            self.reconnector,
            self.anti_entropy,
            self.on_demand_ping,
        )
        for component in components:
            component.stop()

    def stop(self) -> None:
        """Stop all components and cancel all timers."""
        self.stop_accusing()
        self.gossip.stop()
        self.leaving.stop()
        self.tombstones.stop()

    # Factories of the components that may be replaced

    def make_journal(self) -> IJournal:
        """The journal in which components record their decisions."""
        return NullJournal()

    def make_clock(self) -> StallClock:
        """The clock of all timers."""
        return StallClock(IReactorTime(self.reactor), self.journal)

    def make_membership(self, kind: type[Membership] = Membership) -> Membership:
        """The member list."""
        config = self.config
        return kind(
            self.clock.seconds, config.max_members, config.failed_memory, config.left_memory
        )

    def make_updates(self) -> UpdateQueue:
        """The queue of updates to piggyback (SWIM §4.1)."""
        return UpdateQueue(self.membership, self.config, self.counters)

    def make_update_sources(self) -> Sequence[IUpdateSource]:
        """The sources of updates to piggyback, in the order in which they are read."""
        return (self.updates,)

    def make_envelope(self) -> IEnvelope:
        """The envelope that protects messages in transit."""
        return PlainEnvelope()

    def make_admission(self) -> IAdmission:
        """The check of the addresses from which messages are read."""
        return AdmitAll(self.journal)

    def make_accusation(self) -> Callable[[str], Claim | None]:
        """The claim that a PING to a suspect carries first (Lifeguard §IV-C)."""
        return BuddySystem(self.membership).accusation

    def make_local_health(self) -> LocalHealth:
        """The local health of this member (Lifeguard §IV-A)."""
        return LocalHealth()

    def make_ping_req_relay(self, kind: type[PingReqRelay] = PingReqRelay) -> PingReqRelay:
        """The relay that answers PING_REQs (SWIM §3.1)."""
        return kind(
            self.membership, self.messenger, self.broken_streams, self.config, self.counters
        )

    def make_schedule(self, period: float, ping_timeout: float) -> ProbeSchedule:
        """The steps of a probe: PINGs at 0, 1/3, 2/3 and 1 of the ping timeout, then the rest."""
        return ProbeSchedule.probe(period, ping_timeout)

    def make_target_selection(self) -> TargetSelection:
        """The selection of the member to probe in each period (SWIM §4.3)."""
        kind = PhasedRoundRobin if self.config.phased else RoundRobin
        return kind(self.chance, self.config.protocol_period)

    def make_tripwires(self, kind: type[Tripwires] | None = None) -> Tripwires:
        """The idle streams to neighbours; or the check whether their ports accept streams."""
        kind = kind or (Tripwires if self.config.tripwires else StreamPortCheck)
        return kind(
            self.clock,
            self.chance,
            self.membership,
            self.messenger,
            self.broken_streams,
            self.config,
        )

    def make_assessment(self, kind: type[EvidenceAssessment] = EvidenceAssessment) -> Assessment:
        """The assessment of probes without an ACK."""
        return kind(self.clock.seconds, self.membership, self.broken_streams, self.config)

    def make_detector(self, kind: type[FailureDetector] = FailureDetector) -> FailureDetector:
        """The failure detector, which probes a member each period (SWIM §3.1)."""
        return kind(
            self.clock,
            self.membership,
            self.messenger,
            self.make_target_selection(),
            self.relay_selection,
            self.make_schedule,
            self.assessment,
            self.reachability,
            self.isolation.doubt,
            self.fallback.reached,
            self.tripwires,
            self.broken_streams,
            self.health,
            self.config,
            self.counters,
            self.journal,
        )

    def make_isolation(self, kind: type[Isolation] = Isolation) -> Isolation:
        """The detection of an isolation of this member itself."""
        return kind(
            self.clock,
            self.membership,
            self.protocol,
            self.reachability,
            self.health,
            self.config,
            self.journal,
        )

    def make_suspicion(self) -> Sequence[Startable]:
        """The suspicion components (SWIM §4.2), in the order of construction."""
        timers = self.make_suspicion_timers()
        monitors = self.make_monitors(timers)
        return (timers, monitors, self.make_verdicts(timers, monitors), self.isolation)

    def make_suspicion_timers(
        self, kind: type[SuspicionTimers] = SuspicionTimers
    ) -> SuspicionTimers:
        """The timers of suspicions (Lifeguard §IV-B)."""
        return kind(
            self.clock,
            self.membership,
            self.config,
            self.health,
            self.make_backoff(),
            self.journal,
        )

    def make_backoff(self) -> FalsePositiveBackoff:
        """The backoff that lengthens timeouts after a false positive."""
        return FalsePositiveBackoff(self.clock.seconds)

    def make_monitors(
        self, timers: SuspicionTimers, kind: type[SuspectMonitors] = SuspectMonitors
    ) -> SuspectMonitors:
        """The monitors, which probe suspects first-hand."""
        assessment = self.assessment
        assert isinstance(assessment, EvidenceAssessment)
        return kind(
            self.clock,
            self.chance,
            self.membership,
            self.messenger,
            timers,
            self.config,
            assessment.credible,
        )

    def make_verdicts(
        self, timers: SuspicionTimers, monitors: SuspectMonitors, kind: type[Verdicts] = Verdicts
    ) -> Verdicts:
        """The verdicts, which declare suspects failed."""
        return kind(self.clock, self.membership, self.config, timers, monitors, self.isolation)

    def make_stale_news(self) -> object:
        """The replies to members that have missed a FAIL."""
        return StaleNewsReplies(self.clock.seconds, self.membership, self.messenger)

    def make_gossip(self, kind: type[Gossip] = EagerGossip) -> Gossip:
        """The gossip tick (SWIM §4.1)."""
        return kind(
            self.clock, self.chance, self.membership, self.messenger, self.updates, self.config
        )

    def make_failure_broadcast(self) -> object:
        """The direct notices of departures (SWIM §3.2)."""
        return FailureBroadcast(
            self.chance, self.membership, self.messenger, self.config, self.registration.outsiders
        )

    def make_reconnector(self) -> Startable:
        """The reconnector, which PINGs failed members (Serf: reconnect)."""
        return Reconnector(self.clock, self.chance, self.membership, self.messenger, self.config)
