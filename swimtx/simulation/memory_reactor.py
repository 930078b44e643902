"""The reactor of one process on a simulated host; the process can stall, freeze and end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.protocol import ClientFactory, DatagramProtocol, Factory
from zope.interface import implementer

from swimtx.simulation.blocked_sends import BlockedCallers, Outbox, Unsent
from swimtx.simulation.clock import HeapCall, Timers, VirtualClock
from swimtx.simulation.stream_connector import StreamConnector
from swimtx.simulation.stream_listener import StreamListener
from swimtx.simulation.udp_port import DatagramPort

if TYPE_CHECKING:
    from swimtx.simulation.network import MemoryNetwork
    from swimtx.simulation.stream_transport import StreamTransport


@implementer(IReactorTime, IReactorUDP, IReactorTCP)
@attrs.define(eq=False, repr=False)
class MemoryReactor:
    """The reactor of one simulated process, and the faults of that process.

    The time is that of the network's clock; timers and sockets belong to the process.

    @ivar network: the network that its host is on.
    @ivar address: the literal address of its host.
    @ivar stalled: whether the process is stalled.
    @ivar reads: whether the process reads arriving data.
    @ivar outbox: the sends that wait while its input and output are frozen, else C{None}.
    @ivar alive: whether the process has not ended.
    @ivar skew: seconds by which the clock of its host is ahead of the network's.
    """

    network: MemoryNetwork
    address: str
    skew: float = 0.0
    stalled: bool = attrs.field(init=False, default=False)
    reads: bool = attrs.field(init=False, default=True)
    outbox: Outbox | None = attrs.field(init=False, default=None)
    alive: bool = attrs.field(init=False, default=True)
    datagram_ports: dict[DatagramPort, None] = attrs.field(init=False, factory=dict)
    listeners: dict[StreamListener, None] = attrs.field(init=False, factory=dict)
    transports: dict[StreamTransport, None] = attrs.field(init=False, factory=dict)
    _clock: VirtualClock = attrs.field(init=False)
    _timers: Timers = attrs.field(init=False)
    _undone: deque[Unsent] = attrs.field(init=False, factory=deque)
    _waking: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._clock = self.network.clock
        self._timers = Timers(self._clock)

    def seconds(self) -> float:
        """The current time, in seconds since 1970; after its end, the time of the end."""
        return self._clock._now + self.skew

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> HeapCall:
        """Call C{callable} in C{delay} seconds, not while this process stalls or once it has ended.

        @raise AssertionError: the delay is negative, as from a real reactor.
        """
        return self._timers.call_later(delay, callable, args, kwargs)

    def getDelayedCalls(self) -> Sequence[HeapCall]:
        """The waiting calls of this process, the next one first."""
        return self._clock.calls_of(self._timers)

    def listenUDP(
        self, port: int, protocol: DatagramProtocol, interface: str = "", maxPacketSize: int = 8192
    ) -> DatagramPort:
        """Listen for datagrams; port 0 takes a free port.

        @param maxPacketSize: bytes; longer datagrams are silently cut to this size.
        @raise CannotListenError: the port is taken, or the host has no such address.
        @raise InvalidAddressError: C{interface} is not a literal address.
        """
        sockets = self.network.datagram_ports
        listening = DatagramPort(self, sockets, port, interface, protocol, maxPacketSize)
        listening.startListening()
        if not self.reads:
            listening.keep()
        if self.outbox is not None:
            listening.hold()
        return listening

    def listenTCP(
        self, port: int, factory: Factory[Any], backlog: int = 50, interface: str = ""
    ) -> StreamListener:
        """Listen for streams; port 0 takes a free port.

        @raise CannotListenError: the port is taken, or the host has no such address.
        """
        listening = StreamListener(self, self.network.stream_ports, port, interface, factory)
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

        C{clientConnectionFailed} of the factory gets C{ConnectionRefusedError} for a refusal,
        C{TimeoutError} if no answer comes, C{NoRouteError} after 3 seconds for an address that no
        host ever had, and C{DNSLookupError} for a host name, since names are not resolved.
        """
        connector = StreamConnector(self, host, port, factory, timeout, bindAddress)
        connector.connect()
        return connector

    def stall(self) -> None:
        """Run nothing from now on, like a stopped or starved process.

        Its kernel goes on: it accepts streams and keeps arriving data, of datagrams as many as a
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
        """As L{freeze_io}, and each send blocks its caller; see C{blocked_sends}."""
        self.freeze_io()
        if self.outbox is not None and not self.stalled:
            self._timers.late = BlockedCallers(self._timers, self.outbox)

    def resume(self) -> None:
        """End a stall, frozen input and output or blocked sends, at the clock's next step.

        Waiting sends are made first. As with Twisted's reactors, late timers then fire, in their
        order, before the process reads the data that has arrived.
        """
        if not self.reads:
            self._waking += 1
            self.network.clock.post(0, self._go_on, self._waking)

    def _stop_reading(self) -> None:
        self._waking += 1  # a resumption that is already under way no longer counts
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
        """Read each socket once; the rest waits until due timers have fired."""
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
        """Have this process handle an event of its kernel, now or when it resumes."""
        if not self.reads or self._undone:
            self._undone.append((function, args))
        elif self.alive:
            function(*args)

    def kill(self) -> None:
        """End this process, as C{SIGKILL} does.

        Its timers are dropped and its sockets close: peers see open streams close, and new streams
        are refused. Its protocols are not called.
        """
        if self.alive:
            self.end(quietly=False)
            self.network.forget(self)

    def end(self, quietly: bool) -> None:
        """End this process.

        @param quietly: whether the peers of its streams get no sign of that.
        """
        if not self.alive:
            return
        self.alive = self.stalled = False
        self.reads = True
        self.outbox = None
        self._waking += 1
        unread = bool(self._undone)
        self._undone.clear()
        self._clock.drop(self._timers)
        # Timers that its objects still set, in calls of other processes, never fire.
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
