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
    """Joins, answers PINGs, lists the senders of messages, and raises at a type above 5.

    @ivar answers: whether it answers PINGs.
    @ivar heard: the type, the sender's name and the source of each received datagram.
    @ivar listed: the C{(host, port)} of the members that it lists, by name.
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
        """Send a message.

        @param about: the C{(host, port)} of the target of a PING_REQ.
        """
        dest_addr, dest_port = about or to
        encoded = fields(
            node_id=self.name,
            addr=self.reactor.address,
            port=self.port,
            heart_beat=0,
            type=kind,
            dest_addr=dest_addr,
            dest_port=dest_port,
        )
        self.transport.write(encoded, to)

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
