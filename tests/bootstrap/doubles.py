"""A bootstrap node on a simulated network, and newcomers that send it messages."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.protocol import DatagramProtocol

from swimtx.addresses import Address
from swimtx.bootstrap import Bootstrap
from swimtx.membership.claim import Claim
from swimtx.simulation import MemoryNetwork, MemoryReactor, VirtualClock, fixed
from swimtx.wire.codec import Codec, encode, fields
from swimtx.wire.messages import Message, MessageType
from tests.messages import message_of

WELL_KNOWN = "10.0.0.100"
PADDING = 1200


class Newcomer(DatagramProtocol):
    """A bare socket on a host of its own, which records each answer in its encoded form."""

    noisy = False
    transport: Any

    def __init__(
        self, network: MemoryNetwork, host: str, port: int = 7946, epoch: int = 1000
    ) -> None:
        self.network = network
        self.reactor = network.host(host)
        self.reactor.listenUDP(port, self, host)
        self.claim = Claim(f"n{host.rpartition('.')[2]}", Address(host, port), epoch)
        self.heard: list[bytes] = []
        self.sent = 0
        self._codec = Codec(network.clock.seconds)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(datagram)

    def send(self, data: bytes, to: tuple[str, int] = (WELL_KNOWN, 10000)) -> None:
        """Send these bytes, and let the answer arrive."""
        self.sent = len(data)
        self.transport.write(data, to)
        self.network.clock.advance(0.01)

    def message(self, kind: MessageType, **more: Any) -> bytes:
        """A message with the newcomer's claim in the header, as members send it."""
        claim = self.claim
        values: dict[str, Any] = {"cluster": "default", "sequence": 77, **more}
        return encode(
            message_of(kind, claim.name, claim.address, claim.incarnation, claim.epoch, **values)
        )

    def join_req(self, padding: int = PADDING, **more: Any) -> bytes:
        """A JOIN_REQ as members send it, with their own ALIVE and padding for the answer."""
        data = self.message(MessageType.JOIN_REQ, **{"updates": (self.claim,), **more})
        return data + fields(padding=bytes(padding))

    def join(self, **more: Any) -> Message:
        """Send a JOIN_REQ; return the answer."""
        self.heard.clear()
        self.send(self.join_req(**more))
        return self.answer()

    def tell(self, kind: MessageType, **more: Any) -> None:
        """Send a message of another type."""
        self.heard.clear()
        self.send(self.message(kind, **more))

    def answer(self) -> Message:
        """The only answer received."""
        (data,) = self.heard
        return self._codec.decode(data)


class Scene:
    """A bootstrap node that has started, and newcomers."""

    def __init__(self, host: str = WELL_KNOWN, **options: Any) -> None:
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock, Random(1), latency=fixed(1 / 1024))
        self.reactor: MemoryReactor = self.network.host(host)
        self.bootstrap = Bootstrap(self.reactor, **{"interface": host, **options})
        self.started = self.bootstrap.start()

    def newcomer(self, number: int, **more: Any) -> Newcomer:
        """A new newcomer C{n<number>} on 10.0.0.<number>."""
        return Newcomer(self.network, f"10.0.0.{number}", **more)

    def joined(self, count: int) -> list[Newcomer]:
        """So many newcomers, which have joined one after the other."""
        newcomers = [self.newcomer(number) for number in range(1, count + 1)]
        for newcomer in newcomers:
            newcomer.join()
        return newcomers

    def names(self) -> list[str]:
        """The names of the listed members, the latest join first."""
        return [entry.name for entry in self.bootstrap.members()]
