"""Helpers of the simulated benchmarks: groups at rest, and a trace of the datagrams sent."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from swimtx.simulation import Group
from swimtx.wire import swim_pb2
from swimtx.wire.messages import MessageType
from swimtx.wiring import Wiring

Sent = Callable[[MessageType, tuple[str, int], tuple[str, int]], object]


def at_rest(
    size: int, seed: object = 1, wiring: type[Wiring] = Wiring, seconds: float = 10, **settings: Any
) -> Group:
    """A group whose members know each other and have no update left to spread.

    @param seconds: the time to run until then. A member announces once that it has accepted its
        first stream, which is late where only table exchanges open streams.
    """
    group = Group(size, seed, wiring=wiring, **{"events": (), **settings})
    group.start()
    assert group.run_until(group.everybody_lists, 60), "the group does not form"
    group.run_for(seconds)
    return group


def chance(what: str) -> Random:
    """The random generator of one benchmark."""
    return Random(f"benchmarks/{what}")


def spy(group: Group, sent: Sent) -> Callable[[], None]:
    """Call C{sent(type, source, destination)} for each datagram that leaves a member.

    @return: a function that stops the tracing.
    """
    network = group.network
    send = network.send_datagram

    def trace(source: tuple[str, int], destination: tuple[str, int], data: bytes) -> None:
        kind = swim_pb2.Datagram.FromString(data).type
        sent(MessageType(kind), source, destination)
        send(source, destination, data)

    network.send_datagram = trace  # type: ignore[method-assign]

    def stop() -> None:
        network.send_datagram = send  # type: ignore[method-assign]

    return stop
