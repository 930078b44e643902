"""Test doubles: a simulated network, components of a member on it, and peers that send encoded
messages and record those that they receive."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple, TypeVar

from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Config, Node
from swimtx.addresses import Address
from swimtx.counters import Counters
from swimtx.dissemination.update_queue import UpdateQueue
from swimtx.journal import NullJournal
from swimtx.membership.claim import Claim
from swimtx.membership.events import Change
from swimtx.membership.table import Membership
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.probing.buddy_system import BuddySystem
from swimtx.security.admission import AdmitAll
from swimtx.security.envelope import PlainEnvelope
from swimtx.simulation import Latency, MemoryNetwork, MemoryReactor, VirtualClock, fixed
from swimtx.transport.legacy_peers import LegacyPeers
from swimtx.transport.messenger import Messenger
from swimtx.transport.pending_requests import PendingRequests
from swimtx.transport.protocol import SwimProtocol
from swimtx.transport.route import Routes
from swimtx.transport.tcp import TcpStreams
from swimtx.wire.codec import Codec, encode
from swimtx.wire.messages import Message, MessageType
from swimtx.wiring import Wiring
from tests.messages import message_of

PORT = 7946
LATENCY = 1 / 1024
"""The latency between hosts, in seconds: a power of two, so that sums are exact."""
NOW = 1_790_000_000.0
"""The time at which each scene begins, in seconds since 1970."""
EPOCH = int(NOW * 1000)
"""The epoch of a member that starts when the scene begins."""

_Component = TypeVar("_Component")


class Heard(NamedTuple):
    """A message that a peer received.

    @ivar at: seconds since the scene began.
    @ivar data: the encoded message.
    @ivar peer: the address or the stream by which it was received.
    """

    at: float
    message: Message
    data: bytes
    peer: Any


class Scene:
    """Virtual time and a network: the first member or peer is on 10.0.0.1, the next on 10.0.0.2."""

    def __init__(self, seed: int = 1, latency: Latency | None = None) -> None:
        self.clock = VirtualClock(NOW)
        self.network = MemoryNetwork(self.clock, Random(seed), latency=latency or fixed(LATENCY))
        self.chance = Random(seed)
        self.codec = Codec(self.clock.seconds)
        self._hosts = 0

    def run(self, seconds: float) -> None:
        """Let C{seconds} pass."""
        self.clock.advance(seconds)

    @property
    def now(self) -> float:
        """Seconds since the scene began."""
        return self.clock.seconds() - NOW

    def next_host(self) -> str:
        """The address of a new host."""
        self._hosts += 1
        return f"10.0.{self._hosts // 250}.{self._hosts % 250}"

    def member(self, name: str = "me", **settings: Any) -> MemberParts:
        """The components of a member, which listen but send nothing by themselves."""
        return MemberParts(self, name, self.next_host(), settings)

    def peer(self, name: str, host: str = "", port: int = PORT, epoch: int = EPOCH) -> Peer:
        """A peer that sends only what a test tells it to."""
        return Peer(self, name, host or self.next_host(), port, epoch)

    def node(self, name: str, wiring: type[Wiring] = Wiring, **settings: Any) -> Node:
        """A whole member that has not started; its reactor is C{node._reactor}."""
        host = self.next_host()
        settings.setdefault("interface", host)
        config = Config.lan(**{"name": name, "insecure": True, "port": PORT, **settings})
        chance = Random(self.chance.random())
        reactor = self.network.host(host)
        return Node(reactor, config, chance=chance, codec=self.codec, wiring=wiring)

    def group(self, *names: str, **settings: Any) -> list[Node]:
        """Whole members that have started, have joined by the first, and know each other."""
        nodes = [self.node(name, **settings) for name in names]
        for node in nodes:
            node.start()
            node.join([nodes[0].address])
            self.run(0.1)
        self.run(5.0)
        for node in nodes:
            assert node.membership.living == len(nodes), f"{node.name} does not know all"
        return nodes


class MemberParts:
    """The components of one member on which the component under test depends.

    @ivar changes: all changes that the membership has reported to subscribers.
    """

    def __init__(self, scene: Scene, name: str, host: str, settings: dict[str, Any]) -> None:
        self.scene = scene
        self.config = config = Config.lan(
            **{"name": name, "interface": host, "insecure": True, "port": PORT, **settings}
        )
        self.chance = Random(scene.chance.random())
        self.reactor: MemoryReactor = scene.network.host(host)
        self.counters = Counters()
        self.membership = Membership(
            self.reactor.seconds, config.max_members, config.failed_memory, config.left_memory
        )
        self.news = UpdateQueue(self.membership, config, self.counters)
        self.journal = NullJournal()
        self.admission = AdmitAll(self.journal)
        self.broken_streams = BrokenStreams(self.reactor.seconds, self.membership, config)
        self.protocol = SwimProtocol(
            self.membership,
            scene.codec,
            PlainEnvelope(),
            self.admission,
            (self.news,),
            LegacyPeers(self.reactor.seconds, self.membership).translate,
            lambda: None,
            config,
            self.counters,
            self.reactor,
        )
        self.streams = TcpStreams(self.reactor, self.admission, self.counters)
        self.requests = PendingRequests(self.chance)
        self.routes = Routes()
        self.messenger = Messenger(
            self.reactor,
            self.protocol,
            self.requests,
            self.streams,
            self.routes,
            lambda: self.membership.local,
            BuddySystem(self.membership).accusation,
        )
        self.protocol.handle(MessageType.ACK, self.requests.resolve)
        self.protocol.handle(MessageType.NACK, self.requests.resolve)
        self._port = self.reactor.listenUDP(config.port, self.protocol, host, 65535)
        self.streams.listen(host, config.port, self.protocol.frame_received)
        self.membership.become(Claim(name, Address(host, config.port), EPOCH, by=name))
        self.news.clear()
        self.changes: list[Change] = []
        self.membership.subscribe(self.changes.append)
        self._components: list[Any] = []

    @property
    def me(self) -> Claim:
        """The member's claim about itself."""
        return self.membership.local

    @property
    def events(self) -> list[tuple[str, str]]:
        """The event and the member's name of each change."""
        return [(str(change.event), change.member.name) for change in self.changes]

    def state(self, name: str) -> str:
        """The state in which another member is listed, or C{unknown}."""
        member = self.membership.get(name)
        return "unknown" if member is None else member.state.value

    def knows(self, *claims: Claim) -> None:
        """Put these claims into the table, without spreading them."""
        for claim in claims:
            self.membership.apply(claim, spread=False)

    def use(self, component: _Component) -> _Component:
        """Register a component that L{close} stops, and return it."""
        self._components.append(component)
        return component

    def close(self) -> None:
        """Stop all components, and close the sockets."""
        for component in self._components:
            component.stop()
        self._port.stopListening()
        self.streams.stop()
        self.scene.run(0.01)


class Peer(DatagramProtocol):
    """A bare socket that records the messages that it receives.

    @ivar claim: the claim about itself.
    @ivar heard: all received messages.
    @ivar answering: whether the peer sends an ACK to each PING that has it as target.
    """

    noisy = False
    transport: Any

    def __init__(self, scene: Scene, name: str, host: str, port: int, epoch: int) -> None:
        self.scene = scene
        self.claim = Claim(name, Address(host, port), epoch, by=name)
        self.heard: list[Heard] = []
        self.answering = False
        self.streams: TcpStreams | None = None
        self.reactor: MemoryReactor = scene.network.host(host)
        self.reactor.listenUDP(port, self, host, 65535)

    # Receiving

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._take(datagram, Address(*addr))

    def _take(self, data: bytes, peer: Any) -> None:
        message = self.scene.codec.decode(data)
        self.heard.append(Heard(self.scene.now, message, data, peer))
        if self.answering and message.type is MessageType.PING:
            if message.target == self.claim.name:
                self.answer(self.heard[-1])

    def accept_streams(self) -> None:
        """Listen for streams, besides datagrams."""
        self.streams = TcpStreams(self.reactor, AdmitAll(NullJournal()), Counters())
        self.streams.listen(self.claim.address.host, self.claim.address.port, self._take)

    def messages(self, *kinds: MessageType) -> list[Message]:
        """The received messages, of some types if any are given."""
        return [h.message for h in self.heard if not kinds or h.message.type in kinds]

    def times(self, *kinds: MessageType) -> list[float]:
        """The times of these messages, in milliseconds since the scene began."""
        return [round(1000 * h.at) for h in self.heard if not kinds or h.message.type in kinds]

    def updates(self) -> list[Claim]:
        """All claims in the updates of received messages."""
        return [claim for h in self.heard for claim in h.message.updates]

    def last(self, kind: MessageType) -> Message:
        """The last received message of a type."""
        return self.messages(kind)[-1]

    # Sending

    def say(self, to: Any, kind: MessageType, **more: Any) -> None:
        """Send a message to an address, or over a stream, and run until it has arrived."""
        self.send(to, self.bytes_of(kind, **more))

    def send(self, to: Any, data: bytes) -> None:
        """Send these bytes, and run until they have arrived."""
        if type(to) is Address:
            self.transport.write(data, to)
            self.scene.run(LATENCY)
        else:
            to.send(data)
            self.scene.run(LATENCY)

    def bytes_of(self, kind: MessageType, **more: Any) -> bytes:
        """An encoded message of this peer."""
        claim: Claim = more.pop("sender", self.claim)
        values: dict[str, Any] = {"cluster": "default", **more}
        return encode(
            message_of(kind, claim.name, claim.address, claim.incarnation, claim.epoch, **values)
        )

    def answer(self, heard: Heard, **more: Any) -> None:
        """Send the ACK to a PING, over the transport by which the PING was received."""
        data = self.bytes_of(MessageType.ACK, sequence=heard.message.sequence, **more)
        if type(heard.peer) is Address:
            self.transport.write(data, heard.peer)
        else:
            heard.peer.send(data)

    def die(self) -> None:
        """End the process, as C{SIGKILL} does."""
        self.reactor.kill()


class ComponentTestCase(SynchronousTestCase):
    """A scene with the components of one member; after their stop no timer may be left."""

    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.scene = Scene()
        self.parts = self.scene.member("me", **self.settings)
        self.addCleanup(self._nothing_is_left)

    def _nothing_is_left(self) -> None:
        self.parts.close()
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def others(self, *names: str, answering: bool = False) -> list[Peer]:
        """New peers, which the member lists."""
        peers = [self.scene.peer(name) for name in names]
        for peer in peers:
            peer.answering = answering
            self.parts.knows(peer.claim)
        return peers


class Calls:
    """A function that records the arguments of its calls."""

    def __init__(self, result: Any = None) -> None:
        self.all: list[tuple[Any, ...]] = []
        self._result = result

    def __call__(self, *args: Any) -> Any:
        self.all.append(args)
        return self._result

    def __len__(self) -> int:
        return len(self.all)

    def __bool__(self) -> bool:
        return True  # as for any function, whatever its length


Function = Callable[..., Any]
