"""One process on a simulated host: the reactor that it gets, and how it stalls or dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.protocol import ClientFactory, DatagramProtocol, Factory
from zope.interface import implementer

from swimtx.simulation.blocked_sends import BlockedCallers, Outbox
from swimtx.simulation.clock import HeapCall, Timers, VirtualClock
from swimtx.simulation.stream_connector import StreamConnector
from swimtx.simulation.stream_listener import StreamListener
from swimtx.simulation.udp_port import DatagramPort

if TYPE_CHECKING:
    from swimtx.simulation.network import MemoryNetwork
    from swimtx.simulation.stream_transport import StreamTransport


@implementer(IReactorTime, IReactorUDP, IReactorTCP)
class MemoryReactor:
    """What a program in one process sees of the simulation, by the interfaces of a reactor.

    Time is that of the network's clock; timers and sockets are the process's own.

    @ivar network: where its host is.
    @ivar address: its host's literal address.
    @ivar stalled: whether it does nothing at the moment.
    @ivar reads: whether it reads what arrives.
    @ivar outbox: what it sends while nothing leaves it, else C{None}.
    @ivar alive: whether it has not ended.
    @ivar skew: by how many seconds its host's clock is ahead of the network's.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_timers",
        "_undone",
        "_waking",
        "address",
        "alive",
        "datagram_ports",
        "listeners",
        "network",
        "outbox",
        "reads",
        "skew",
        "stalled",
        "transports",
    )

    def __init__(self, network: MemoryNetwork, address: str, skew: float = 0.0) -> None:
        self.network = network
        self.address = address
        self.stalled = False
        self.reads = True
        self.outbox: Outbox | None = None
        self.alive = True
        self.skew = skew
        self.datagram_ports: dict[DatagramPort, None] = {}
        self.listeners: dict[StreamListener, None] = {}
        self.transports: dict[StreamTransport, None] = {}
        self._clock = network.clock
        self._timers = Timers(network.clock)
        self._undone: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._waking = 0

    def seconds(self) -> float:
        """Now, in seconds since 1970; the last moment of a process that has ended."""
        return self._clock._now + self.skew

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> HeapCall:
        """Call in C{delay} seconds, but not while this process stalls, or once it has ended.

        @raise AssertionError: the delay is negative, as from a real reactor.
        """
        return self._timers.call_later(delay, callable, args, kwargs)

    def getDelayedCalls(self) -> Sequence[HeapCall]:
        """The calls of this process that wait, the next one first."""
        return self._clock.calls_of(self._timers)

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> DatagramPort:
        """Listen for datagrams; port 0 finds a free one.

        @param maxPacketSize: longer datagrams are cut to this many bytes, without a word.
        @raise CannotListenError: the port is taken, or the host has no such address.
        @raise InvalidAddressError: C{interface} is no literal address.
        """
        listening = DatagramPort(self, port, protocol, interface, maxPacketSize)
        self.datagram_ports[listening] = None
        try:
            listening.startListening()
        except BaseException:
            self.datagram_ports.pop(listening, None)
            raise
        if not self.reads:
            listening.keep()
        if self.outbox is not None:
            listening.hold()
        return listening

    def listenTCP(
        self, port: int, factory: Factory[Any], backlog: int = 50, interface: str = ""
    ) -> StreamListener:
        """Listen for streams; port 0 finds a free one. Raises as L{listenUDP} does."""
        listening = StreamListener(self, port, factory, interface)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> StreamConnector:
        """Open a stream to a literal address, or give up after C{timeout} seconds.

        The factory hears of a refusal as C{ConnectionRefusedError}, of silence as
        C{TimeoutError}, of an address that nobody ever had as C{NoRouteError} after 3 seconds,
        and of a host's name, which nobody looks up here, as C{DNSLookupError}.
        """
        connector = StreamConnector(self, host, port, factory, timeout, bindAddress)
        connector.connect()
        return connector

    def stall(self) -> None:
        """Do nothing from now on, like a stopped or starved process.

        Its kernel goes on: it accepts streams and keeps what arrives, of datagrams as many as a
        socket's buffer holds.
        """
        if not self.alive:
            return
        self.stalled = True
        self._stop_reading()
        self._timers.late = deque(self._timers.late or ())
        self._timers.asked = None

    def freeze_io(self) -> None:
        """Send nothing and read nothing from now on, while timers fire."""
        if self.alive:
            self._stop_reading()
            self.outbox = self.outbox or Outbox()
            for port in self.datagram_ports:
                port.hold()

    def block_sends(self) -> None:
        """As L{freeze_io}, and each send blocks its caller: see C{blocked_sends}."""
        self.freeze_io()
        if self.outbox is not None and not self.stalled:
            self._timers.late = BlockedCallers(self._timers, self.outbox)

    def resume(self) -> None:
        """Go on after any of these, at the clock's next step.

        What was to be sent leaves. As with Twisted's reactors, timers that are late run first, in
        their order, and only then is read what has arrived.
        """
        if not self.reads:
            self._waking += 1
            self.network.clock.post(0, self._go_on, self._waking)

    def _stop_reading(self) -> None:
        self._waking += 1  # whoever was about to wake it up comes too late
        self.reads = False
        for port in self.datagram_ports:
            port.keep()

    def _go_on(self, waking: int) -> None:
        if waking != self._waking:
            return
        self._timers.asked = None
        outbox, self.outbox = self.outbox, None
        if outbox is not None:
            for port in self.datagram_ports:
                port.let_go()
            outbox.release()
        self._run_late(waking)

    def _run_late(self, waking: int) -> None:
        late = self._timers.late
        while late and waking == self._waking:
            number, call = late.popleft()
            if call._number == number:
                try:
                    call.fire()
                except BaseException:
                    self.network.clock.post(0, self._run_late, waking)
                    raise
        if waking == self._waking:
            self.stalled = False
            self.reads = True
            self._timers.late = None
            self._read_sockets(waking)

    def _read_sockets(self, waking: int) -> None:
        """One pass over the sockets; what is left waits until the timers had a turn."""
        if waking != self._waking:
            return
        more = [port.read_kept() for port in list(self.datagram_ports)]
        for _ in range(len(self._undone)):
            if not self._undone or waking != self._waking:
                return
            function, args = self._undone.popleft()
            function(*args)
        if any(more) or self._undone:
            self.network.clock.post(0, self._read_sockets, waking)

    def tell(self, function: Callable[..., object], *args: Any) -> None:
        """Have this process do what its kernel has got ready, now or when it resumes."""
        if not self.reads or self._undone:
            self._undone.append((function, args))
        elif self.alive:
            function(*args)

    def kill(self) -> None:
        """End this process, as C{SIGKILL} does.

        Its timers vanish, its sockets close: who holds a stream to it sees that closed, who opens
        one is refused. Its protocols are not told anything.
        """
        if self.alive:
            self.end(quietly=False)
            self.network.forget(self)

    def end(self, quietly: bool) -> None:
        """End this process; quietly: without telling those who hold streams to it."""
        if not self.alive:
            return
        self.alive = self.stalled = False
        self.reads = True
        self.outbox = None
        self._waking += 1
        unread = bool(self._undone)
        self._undone.clear()
        self._clock.drop(self._timers)
        # What its objects still ask for, in somebody else's call, never comes.
        self._clock = self._timers.clock = VirtualClock(self._clock.seconds())
        self._timers.late = self._timers.asked = None
        for port in list(self.datagram_ports):
            port.release()
        for listener in list(self.listeners):
            listener.release()
        for transport in list(self.transports):
            transport.release(quietly, unread)

    def __repr__(self) -> str:
        state = "stalled" if self.stalled else "running" if self.reads else "frozen"
        if not self.alive:
            state = "ended"
        return f"<MemoryReactor on {self.address}, {state}>"
