"""The bootstrap node, which lists to newcomers the members that joined most recently.

It is not a member: members do not probe or list it, and it never lists itself. An answer is never
larger than its request, so the node does not amplify datagrams with a forged source address.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from twisted.application.service import Service
from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.interfaces import IReactorTime, IReactorUDP
from twisted.python.failure import Failure

from swimtx.addresses import Address, is_loopback, is_wildcard, normal_host
from swimtx.bootstrap.registry import Registry
from swimtx.bootstrap.replies import Replies, Reply, listed
from swimtx.bootstrap.senders import drop_departed, sender_of
from swimtx.errors import AlreadyRunning, BadConfig, Malformed, NotRunning
from swimtx.interfaces import IEnvelope
from swimtx.limits import MAX_NAME_BYTES, check_text
from swimtx.membership.claim import Claim
from swimtx.reactor import Reactor, check_reactor
from swimtx.security.envelope import PlainEnvelope
from swimtx.transport.udp_port import LOST, UdpPort, UdpProtocol
from swimtx.wire.codec import MAX_LISTED, Codec, check_cluster
from swimtx.wire.messages import Contact, Message, MessageType

_LOOPBACK = {"udp4": "127.0.0.1", "udp6": "::1"}


class Bootstrap:
    """The bootstrap node.

    @param reactor: provides C{IReactorTime} and C{IReactorUDP}.
    @param port: UDP port; 0 lets the system pick.
    @param interface: the IP literal to bind; C{None}: loopback.
    @param type: C{"udp4"} or C{"udp6"}.
    @param recent: the most members that an answer lists: living ones, the latest joins first.
    @param cluster: the group's name, 1 to 64 bytes; datagrams of other groups are counted and
        dropped.
    @param envelope: the C{IEnvelope} of the group; C{None}: messages are not protected.
    @param name: the node's name in its answers, 1 to 128 bytes; C{None}: C{bootstrap-<port>}.
    @raise BadConfig: a parameter has a wrong type or exceeds its limits.
    @raise TypeError: C{reactor} lacks an interface, which the text names.

    @ivar received: datagrams received, of any kind.
    @ivar answered: answers sent.
    @ivar malformed: datagrams that could not be opened or decoded, or have no valid sender.
    @ivar other_cluster: datagrams of another group.
    @ivar ignored: messages of types that the node does not handle, such as a PING.
    @ivar departures: members dropped because of a FAIL or LEAVE.
    @ivar unanswered: answers not sent, because they were larger than the datagram received.
    @ivar lost: answers that the socket refused.
    """

    def __init__(
        self,
        reactor: Reactor,
        port: int = 10000,
        interface: str | None = None,
        type: str = "udp4",
        recent: int = 32,
        cluster: str = "default",
        envelope: IEnvelope | None = None,
        name: str | None = None,
    ) -> None:
        check_reactor(reactor, IReactorTime, IReactorUDP)
        check_settings(port, interface, type, recent, cluster, name)
        self._reactor = reactor
        self._port = port
        self._interface = _LOOPBACK[type] if interface is None else interface
        self._limit = recent
        self._cluster = cluster
        self._envelope = PlainEnvelope() if envelope is None else envelope
        self._name = name
        self._codec = Codec(reactor.seconds)
        self._recent = Registry()
        self._address: Address | None = None
        self._answers: Replies | None = None
        self._protocol = _BootstrapProtocol(self.heard)
        self._udp = UdpPort(reactor, self._protocol)
        self.received = 0
        self.answered = 0
        self.malformed = 0
        self.other_cluster = 0
        self.ignored = 0
        self.departures = 0
        self.unanswered = 0
        self.lost = 0

    def __repr__(self) -> str:
        if self._address is None:
            return "<Bootstrap, not running>"
        return f"<Bootstrap at {self._address}, {len(self.members())} members>"

    @property
    def address(self) -> Address:
        """The address of the node's UDP port.

        @raise NotRunning: the node has not been started, or has been stopped.
        """
        if self._address is None:
            raise NotRunning("the bootstrap node does not run")
        return self._address

    def members(self) -> tuple[Contact, ...]:
        """The members that an answer to a newcomer would list, the latest join first."""
        self._recent.lapse(self._reactor.seconds())
        return tuple(listed(claim) for claim in islice(self._recent.newest(), self._limit))

    def start(self) -> Deferred[None]:
        """Bind the socket, at once.

        @return: a Deferred that has fired already; fails with C{CannotListenError} when the port is
            taken, and with C{AlreadyRunning} when the node runs.
        """
        return execute(self._start)

    def stop(self) -> Deferred[None]:
        """Close the socket, drop all entries and cancel all timers.

        @return: fires when the socket is closed; then the node may be started again.
        """
        self._address = self._answers = None
        self._recent.clear()
        return self._udp.close()

    def _start(self) -> None:
        if self._address is not None:
            raise AlreadyRunning("the bootstrap node runs already")
        host, port = self._udp.open(self._interface, self._port)
        self._address = Address(normal_host(host), port)
        local = Claim(self._name or f"bootstrap-{port}", self._address, 0)
        self._answers = Replies(local, self._cluster, self._envelope.overhead)

    def heard(self, data: bytes, source: tuple[str, int]) -> None:
        """Handle a received datagram, unless the node has stopped since."""
        if self._answers is None:
            return
        self.received += 1
        now: float = self._reactor.seconds()
        try:
            message = self._codec.decode(self._envelope.open(data))
            if message.version and message.cluster != self._cluster:
                self.other_cluster += 1
                return
            sender = sender_of(message, source, now, self._recent)
        except Malformed:
            self.malformed += 1
            return
        self._recent.lapse(now)
        self.departures += drop_departed(message, sender, self._recent)
        answer = self._answer(message, sender, now, len(data))
        if answer is not None:
            self._send(answer, source)

    def _answer(
        self, message: Message, sender: Claim, now: float, request_size: int
    ) -> Reply | None:
        assert self._answers is not None
        if message.type is MessageType.JOIN_REQ and not self._is_own(sender.address):
            self._recent.join(sender, now)
            others = (
                claim
                for claim in self._recent.newest()
                if claim.name != sender.name and claim.address != sender.address
            )
            candidates = islice(others, self._limit)
            return self._answers.join_res(message, sender, candidates, request_size)
        if message.type is MessageType.LEAVE:
            return self._answers.ack(message, request_size)
        if message.type is not MessageType.FAIL:
            self.ignored += 1
        return None

    def _is_own(self, address: Address) -> bool:
        """Whether an address is the node's own, which no member can have."""
        host, port = self.address
        if address.port != port:
            return False
        return address.host == host or (is_wildcard(host) and is_loopback(address.host))

    def _send(self, answer: Reply, target: tuple[str, int]) -> None:
        """Send an answer unless it is too large; count it as lost if the socket refuses it."""
        sealed = self._envelope.seal(answer.data)
        if len(sealed) > answer.limit:
            self.unanswered += 1
            return
        if self._protocol.write(sealed, target):
            self.answered += 1
        else:
            self.lost += 1


class _BootstrapProtocol(UdpProtocol):
    """Passes datagrams to C{received(data, source)}."""

    def __init__(self, received: Callable[[bytes, tuple[str, int]], object]) -> None:
        self._received = received

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Pass a datagram to the node."""
        self._received(datagram, addr)

    def write(self, data: bytes, target: tuple[str, int]) -> bool:
        """Send a datagram.

        @return: whether the socket has accepted it.
        """
        if self.transport is None:
            return False
        try:
            self.transport.write(data, target)
        except LOST:
            return False
        return True


class BootstrapService(Service):
    """A bootstrap node as a Twisted service.

    @ivar bootstrap: the node.
    """

    def __init__(self, bootstrap: Bootstrap) -> None:
        self.bootstrap = bootstrap

    def __repr__(self) -> str:
        return f"<BootstrapService of {self.bootstrap!r}>"

    def startService(self) -> None:
        """Bind the socket.

        @raise twisted.internet.error.CannotListenError: the port is taken, or the process is not
            permitted to bind it.
        """
        if self.running:
            return
        failures: list[Failure] = []
        self.bootstrap.start().addErrback(failures.append)
        if failures:
            failures[0].raiseException()
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Close the socket and drop all entries.

        @return: fires when the socket is closed; it does not fail.
        """
        if not self.running:
            return succeed(None)
        Service.stopService(self)
        return self.bootstrap.stop()


def check_settings(
    port: int, interface: str | None, type: str, recent: int, cluster: str, name: str | None
) -> None:
    """Check the parameters of a bootstrap node.

    @raise BadConfig: a parameter has a wrong type or exceeds its limits; the text says which and
        why.
    """
    if type not in _LOOPBACK:
        raise BadConfig(f"type must be udp4 or udp6, not {type!r}")
    if not isinstance(port, int) or not 0 <= port <= 0xFFFF:
        raise BadConfig(f"port must be 0 to 65535, not {port!r}")
    if not isinstance(recent, int) or not 1 <= recent <= MAX_LISTED:
        raise BadConfig(f"recent must be 1 to {MAX_LISTED}, not {recent!r}")
    for what, text in (("cluster", cluster), ("name", name), ("interface", interface)):
        if not isinstance(text, str) and (text is not None or what == "cluster"):
            raise BadConfig(f"{what} must be a text, not {text!r}")
    try:
        check_cluster(cluster)
        if name is not None:
            check_text(name, MAX_NAME_BYTES, "the name")
        if interface is not None:
            normal_host(interface)
    except ValueError as error:
        raise BadConfig(str(error)) from None
    if interface is not None and (":" in interface) != (type == "udp6"):
        raise BadConfig(f"interface {interface} does not go with type {type}")
