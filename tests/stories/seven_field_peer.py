"""A peer that knows only the original schema: seven fields, and the types 0 to 5."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import DatagramProtocol

from swimtx.simulation import MemoryReactor
from swimtx.wire import swim_pb2
from swimtx.wire.codec import fields
from swimtx.wire.messages import MessageType

Heard = tuple[MessageType, str, tuple[str, int]]


class SevenFieldPeer(DatagramProtocol):
    """Joins, answers PINGs, keeps a list by what it hears, and throws at a type above 5.

    @ivar answers: whether it answers PINGs.
    @ivar heard: type, sender's name and source of each datagram.
    @ivar listed: the names that it believes to be there, and where.
    """

    noisy = False
    transport: Any

    def __init__(self, reactor: MemoryReactor, name: str, port: int = 4000) -> None:
        self.name = name
        self.port = port
        self.reactor = reactor
        self.answers = True
        self.heard: list[Heard] = []
        self.listed: dict[str, tuple[str, int]] = {}
        reactor.listenUDP(port, self)

    def say(
        self, kind: MessageType, to: tuple[str, int], about: tuple[str, int] | None = None
    ) -> None:
        """Send one message; C{about}: whom to ping, in a PING_REQ."""
        dest_addr, dest_port = about or to
        said = fields(
            node_id=self.name,
            addr=self.reactor.address,
            port=self.port,
            heart_beat=0,
            type=kind,
            dest_addr=dest_addr,
            dest_port=dest_port,
        )
        self.transport.write(said, to)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        wire = swim_pb2.Datagram.FromString(datagram)
        if not 0 <= wire.type <= MessageType.FAIL:
            raise ValueError(f"no such type: {wire.type}")
        kind = MessageType(wire.type)
        self.heard.append((kind, wire.node_id, addr))
        if kind is MessageType.FAIL:
            self.listed.pop(wire.node_id, None)
        else:
            self.listed[wire.node_id] = (wire.addr, wire.port)
        if kind is MessageType.PING and self.answers:
            self.say(MessageType.ACK, addr)
