"""Watch a group: join it, print each change as it happens, leave at Ctrl-C.

::

    python examples/watch_changes.py HOST[:PORT]...
    python examples/watch_changes.py --seconds 10 127.0.0.1:7946

The watcher is a member too, and is listed while it watches. To watch without becoming a member, ask
an agent: ``swimtx monitor``.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import react

from swimtx import Change, Config, JoinFailed, Node


def show(change: Change) -> None:
    """Print one line for a change."""
    member = change.member
    tags = " ".join(f"{key}={value}" for key, value in sorted(member.tags.items()))
    where = f"{member.address}:{member.port}"
    print(f"{change.event:<12} {member.name:<20} {where:<22} {tags} # {change.why}", flush=True)


async def watch(reactor: Any, seeds: list[str], seconds: float | None) -> int:
    """Print changes for C{seconds}; C{None}: until Ctrl-C."""
    node = Node(reactor, Config.local(port=0, tags={"role": "watcher"}))
    await node.start()
    for member in (await joined(node, seeds)).members():
        print(f"{member.state.value:<12} {member.name}", flush=True)
    node.membership.subscribe(show)

    enough: Deferred[None] = Deferred()
    if seconds is not None:
        reactor.callLater(seconds, enough.callback, None)
    # Leaving takes a moment; the reactor waits for it.
    reactor.addSystemEventTrigger("before", "shutdown", node.destroy)
    with suppress(CancelledError):
        await enough
    return 0


async def joined(node: Node, seeds: list[str]) -> Any:
    """Join, and return the membership.

    @raise SystemExit: no seed answered.
    """
    try:
        return await node.join(seeds)
    except JoinFailed as failed:
        await node.destroy()
        print(f"cannot join: {failed}", file=sys.stderr)
        raise SystemExit(1) from None


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Print the changes of a group as they happen.")
    parser.add_argument("seed", nargs="+", metavar="HOST[:PORT]", help="a member to join by")
    parser.add_argument("--seconds", type=float, help="stop after so many")
    options = parser.parse_args()
    react(lambda reactor: ensureDeferred(watch(reactor, options.seed, options.seconds)))


if __name__ == "__main__":
    main()
