"""A sharded worker: the living workers share out shards by rendezvous hashing.

Each worker computes the owner of every shard from its own member list. When a worker goes, only its
shards move, and each of them to the worker with the next highest score. Here three workers run in
one process on loopback; one leaves, one stops without leaving, and the program ends by itself::

    python examples/sharded_worker.py

In production each worker is a process on a host of its own, and joins by the addresses of other
members or of a bootstrap node.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react

from swimtx import Change, Config, Node, Reactor

SHARDS = 12


def owner(shard: int, workers: Iterable[str]) -> str:
    """The worker with the highest score for a shard: the same on every worker with that list."""
    return max(
        workers, key=lambda name: blake2b(f"{shard}/{name}".encode(), digest_size=8).digest()
    )


class Worker:
    """A worker with a member in it.

    @ivar shards: the numbers of its shards, of those from 0 up to C{SHARDS}.
    """

    def __init__(self, reactor: Reactor, name: str) -> None:
        # Port 0 lets the system pick one; on a host of its own a worker keeps the default, 7946.
        self.node = Node(reactor, Config.local(name=name, port=0, tags={"role": "worker"}))
        self.node.membership.subscribe(self._changed)
        self.shards: set[int] = set()
        self._waiting: list[tuple[int, Deferred[None]]] = []

    async def start(self, *seeds: tuple[str, int]) -> None:
        """Start the member and join the group of the seeds; without seeds it is the first."""
        await self.node.start()
        await self.node.join(seeds)
        self._share_out()

    def workers(self) -> list[str]:
        """The names of the living workers, this one included.

        A suspect is living: its shards move only once it is declared failed, or has left.
        """
        return [
            member.name
            for member in self.node.membership.members()
            if member.state.living and member.tags.get("role") == "worker"
        ]

    def when_listing(self, count: int) -> Deferred[None]:
        """A Deferred that fires when this worker lists so many living workers."""
        listed: Deferred[None] = Deferred()
        self._waiting.append((count, listed))
        self._fire(len(self.workers()))
        return listed

    def _changed(self, change: Change) -> None:
        # The listener is also called before the node has joined, and while it leaves.
        if self.node.running:
            print(f"{self.node.name}: {change.member.name} {change.event} ({change.why})")
            self._share_out()

    def _share_out(self) -> None:
        workers = self.workers()
        mine = {shard for shard in range(SHARDS) if owner(shard, workers) == self.node.name}
        for shard in sorted(mine - self.shards):
            print(f"{self.node.name}: opens shard {shard}")
        for shard in sorted(self.shards - mine):
            print(f"{self.node.name}: closes shard {shard}")
        self.shards = mine
        self._fire(len(workers))

    def _fire(self, count: int) -> None:
        ready = [listed for wanted, listed in self._waiting if wanted == count]
        self._waiting = [waiting for waiting in self._waiting if waiting[0] != count]
        for listed in ready:
            listed.callback(None)


async def main(reactor: Reactor) -> None:
    """Start three workers; one leaves, and one stops as if its process had been killed."""
    anna, bert, carl = (Worker(reactor, name) for name in ("anna", "bert", "carl"))
    await anna.start()
    await bert.start(anna.node.address)
    await carl.start(anna.node.address)
    for worker in (anna, bert, carl):
        await worker.when_listing(3)
    report("three workers", anna, bert, carl)

    await carl.node.destroy()  # leaves the group: the others know without any suspicion
    for worker in (anna, bert):
        await worker.when_listing(2)
    report("carl left", anna, bert)

    await bert.node.stop()  # without leave(): the others see a failure
    await anna.when_listing(1)
    report("bert failed", anna)
    await anna.node.destroy()


def report(what: str, *workers: Worker) -> None:
    """Print which shards each worker has."""
    shares = [f"{worker.node.name} {sorted(worker.shards)}" for worker in workers]
    print(f"{what}: {', '.join(shares)}")


if __name__ == "__main__":
    react(lambda reactor: ensureDeferred(main(reactor)))
