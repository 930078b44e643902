"""A member inside your own Twisted program: workers that share out jobs by the member list.

Each worker takes the jobs whose number falls to it among the living workers, so when one of them
ends, the others take over its jobs. Here all three run in one process on loopback, and the program
ends by itself::

    python examples/embedded_member.py

In production each worker is a process on a host of its own, and joins by the addresses of other
members or of a bootstrap node.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater, react

from swimtx import Change, Config, Node


class Worker:
    """An application with a member in it."""

    def __init__(self, reactor: Any, name: str) -> None:
        # Port 0 lets the system pick one; on a host of its own a worker keeps the default, 7946.
        self.node = Node(reactor, Config.local(name=name, port=0, tags={"role": "worker"}))
        self.node.membership.subscribe(self.changed)

    async def start(self, *seeds: tuple[str, int]) -> None:
        """Start the member and join the group of the seeds."""
        await self.node.start()
        await self.node.join(seeds)

    def changed(self, change: Change) -> None:
        """Called for each change of the member list."""
        print(f"{self.node.name}: {change.member.name} {change.event} ({change.why})")

    def jobs(self, count: int) -> list[int]:
        """The numbers of the jobs, from 0 up to C{count}, that fall to this worker."""
        workers = [
            member.name
            for member in self.node.membership.members()
            if member.state.living and member.tags.get("role") == "worker"
        ]
        return [job for job in range(count) if workers[job % len(workers)] == self.node.name]


async def main(reactor: Any) -> None:
    """Start three workers; one leaves."""
    workers = [Worker(reactor, name) for name in ("anna", "bert", "carl")]
    first, *others = workers
    await first.start()
    for worker in others:
        await worker.start(first.node.address)
    await deferLater(reactor, 0.5)
    for worker in workers:
        print(f"{worker.node.name} has the jobs {worker.jobs(9)}")

    await others.pop().node.destroy()  # leaves the group, so that the others see no failure
    for worker in (first, *others):
        print(f"{worker.node.name} has the jobs {worker.jobs(9)}")

    for worker in (first, *others):
        await worker.node.destroy()


if __name__ == "__main__":
    sys.exit(react(lambda reactor: ensureDeferred(main(reactor))))
