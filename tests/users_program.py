"""A program as a user writes it: C{tests/test_exports.py} has mypy check it, and never runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import react
from zope.interface import implementer

from swimtx import (
    Address,
    Bootstrap,
    BootstrapService,
    Change,
    Config,
    Event,
    IMembership,
    ISeeds,
    JoinFailed,
    Member,
    Message,
    MessageType,
    Node,
    NodeStatus,
    Reactor,
    State,
    SwimService,
)
from swimtx.testing import MemoryReactorClock


@implementer(ISeeds)
class OneSeed:
    """A user's own source of seeds."""

    def find(self) -> Deferred[tuple[Sequence[Address], dict[str, str]]]:
        return succeed(([Address("127.0.0.1", 7946)], {}))


def describe(membership: IMembership) -> str:
    me: Member = membership.me
    others: tuple[Member, ...] = membership.members(State.ALIVE)
    known: Member | None = membership.get("n2")
    counts: tuple[int, int] = (len(membership), membership.living)
    return f"{me.name} {others} {known} {counts} {'n3' in membership}"


def listener(change: Change) -> None:
    if change.event is Event.FAILED and change.before is not None:
        print(change.member.name, change.before.state, change.why)


async def main(reactor: Reactor) -> None:
    config = Config.lan(name="n1", port=0, tags={"role": "web"}, protocol_period=0.5)
    period: float = config.protocol_period
    node = Node(reactor, config)
    stop: Callable[[], None] = node.membership.subscribe(listener)
    await node.start()
    try:
        joined: IMembership = await node.join([("127.0.0.1", 10000), "seed.example:7946"])
        await node.join(OneSeed())
    except JoinFailed as failed:
        print(failed.tried["127.0.0.1:10000"], period)
    else:
        print(describe(joined))

    def heard(message: Message, address: Address) -> None:
        print(message.type, address.host, address.port)

    end: Callable[[], None] = node.on_message(MessageType.PING, heard)
    end()
    rtt: float = await node.ping("n2")
    status: NodeStatus = node.info()
    node.set_tags({"rtt": f"{rtt:.4f}", "health": str(status.local_health)})
    stop()
    await node.destroy()


def services(reactor: Reactor) -> MultiService:
    parent = MultiService()
    parent.addService(SwimService(Config(profile="wan"), ["n1.example"], reactor))
    parent.addService(BootstrapService(Bootstrap(reactor, port=10000)))
    return parent


def in_memory() -> Node:
    return Node(MemoryReactorClock(), Config.local())


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
