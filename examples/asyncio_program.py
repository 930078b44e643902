"""A member on the asyncio reactor: asyncio code and Twisted code in one program.

::

    python examples/asyncio_program.py 127.0.0.1:7946

It joins a group by these seeds, measures the round-trip time to every other member at once with
C{asyncio.gather}, prints them, and leaves. Here Twisted runs the loop; C{asyncio_run.py} is for a
program that runs its loop itself.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import CannotListenError

from swimtx import Config, JoinFailed, NoAnswer, Node, NoSuchMember


async def measure(node: Node, seeds: list[str]) -> dict[str, float | None]:
    """Join by the seeds, and ask every other member. This is asyncio code: it awaits futures.

    @return: the round-trip times in seconds by name; C{None} for a member that did not answer.
    """
    loop = asyncio.get_running_loop()
    # Cancelling the future cancels the Deferred.
    membership = await node.join(seeds).asFuture(loop)
    names = [member.name for member in membership.members() if member.state.living]
    names.remove(node.name)
    times = await asyncio.gather(*(round_trip(node, name) for name in names))
    return dict(zip(names, times, strict=True))


async def round_trip(node: Node, name: str) -> float | None:
    """The round-trip time to a member, in seconds, or C{None} if it did not answer."""
    try:
        return await node.ping(name).asFuture(asyncio.get_running_loop())
    except (NoAnswer, NoSuchMember):
        return None


async def run(reactor: Any, loop: asyncio.AbstractEventLoop, seeds: list[str]) -> None:
    """Twisted code: it awaits Deferreds.

    @raise SystemExit: the member could not be started, or no seed answered.
    """
    node = Node(reactor, Config.local(port=0))
    # However the program ends, the reactor waits until the member has left.
    reactor.addSystemEventTrigger("before", "shutdown", node.destroy)
    try:
        await node.start()
        measured = await Deferred.fromFuture(loop.create_task(measure(node, seeds)))
    except (CannotListenError, JoinFailed, ValueError) as error:
        raise SystemExit(f"cannot join: {error}") from None
    for name, seconds in sorted(measured.items()):
        print(f"{name}: {'no answer' if seconds is None else f'{seconds * 1000:.1f} ms'}")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Print the round-trip time to every member.")
    parser.add_argument("seed", nargs="+", metavar="HOST[:PORT]", help="a member to join by")
    options = parser.parse_args()
    loop = asyncio.new_event_loop()
    # Before anything imports twisted.internet.reactor, which would install another one.
    asyncioreactor.install(loop)
    from twisted.internet.task import react

    react(lambda reactor: ensureDeferred(run(reactor, loop, options.seed)))


if __name__ == "__main__":
    main()
