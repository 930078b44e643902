"""A member inside C{asyncio.run}: for a program that runs its loop itself.

::

    python examples/asyncio_run.py 127.0.0.1:7946

It joins a group by these seeds and prints each change of the member list, which reaches it through
an C{asyncio.Queue}. SIGINT and SIGTERM make it leave and end.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import Any

from twisted.internet import asyncioreactor
from twisted.internet.error import CannotListenError

from swimtx import Change, Config, JoinFailed, Node


def reactor_on(loop: asyncio.AbstractEventLoop) -> Any:
    """Install the asyncio reactor on a loop that runs, and start it; once in a process."""
    asyncioreactor.install(loop)
    from twisted.internet import reactor

    # Without signal handlers: those of the reactor call reactor.stop(), which stops the loop, and
    # asyncio.run() then raises RuntimeError.
    reactor.startRunning(installSignalHandlers=False)  # type: ignore[attr-defined]
    return reactor


async def run(seeds: list[str]) -> int:
    """Run a member until a signal comes.

    @return: the exit code.
    """
    loop = asyncio.get_running_loop()
    reactor = reactor_on(loop)
    node = Node(reactor, Config.local(port=0, tags={"role": "watcher"}))
    watching = loop.create_task(watch(node, seeds))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, watching.cancel)
    try:
        await watching
    except asyncio.CancelledError:
        print("leaving", flush=True)
        return 0
    except (CannotListenError, JoinFailed, ValueError) as error:
        print(f"cannot join: {error}", file=sys.stderr)
        return 1
    finally:
        await node.destroy().asFuture(loop)
        # The last step, with no await after it: the reactor's shutdown ends its threads, which look
        # up the names of seeds and would keep the process alive, and it stops the loop.
        reactor.fireSystemEvent("shutdown")
    return 0


async def watch(node: Node, seeds: list[str]) -> None:
    """Start the member, join, and print changes until it is cancelled.

    Cancelling it while the member joins cancels the Deferred too, and the seeds are asked no more.
    """
    loop = asyncio.get_running_loop()
    changes: asyncio.Queue[Change] = asyncio.Queue()
    await node.start().asFuture(loop)
    membership = await node.join(seeds).asFuture(loop)
    print(f"{membership.name} has joined; {membership.living} living", flush=True)
    membership.subscribe(changes.put_nowait)
    while True:
        change = await changes.get()
        print(f"{change.member.name} {change.event} ({change.why})", flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Print the changes of a group as they happen.")
    parser.add_argument("seed", nargs="+", metavar="HOST[:PORT]", help="a member to join by")
    options = parser.parse_args()
    sys.exit(asyncio.run(run(options.seed)))


if __name__ == "__main__":
    main()
