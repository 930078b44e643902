"""Prints hashes of the traffic of simulated groups, to find changes of behaviour.

::

    python -m tests.traces            # every story, a line each
    python -m tests.traces kill       # only the named stories

Run it before and after a change of the code that must not change behaviour. There are two hashes a
story. The first is of the datagrams in the order sent, lost ones included, each with its time, its
source, its destination and its bytes, and of the amount of stream traffic. The second is of the
announced events with their explanations.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from swimtx.simulation import Group
from swimtx.simulation.addresses import Endpoint

SIZES = (16, 100)
SEEDS = (1, 2)
FORMED = 12.0  # virtual seconds
AFTER = 20.0


class Trace(NamedTuple):
    """The two hashes of a story in hexadecimal digits, and the number of datagrams sent."""

    sent: str
    announced: str
    datagrams: int


def kill(group: Group) -> None:
    """Two processes are killed, at different moments."""
    group.kill("n3")
    group.run_for(0.7)
    group.kill("n8")
    group.run_for(AFTER)


def loss(group: Group) -> None:
    """A fifth of all packets is lost, and a host vanishes."""
    group.network.lose(0.2)
    group.run_for(AFTER / 2)
    group.vanish("n4")
    group.run_for(AFTER)


def partition(group: Group) -> None:
    """A quarter of the members is partitioned off for a while."""
    cut = [f"n{number}" for number in range(1, len(group.running) // 4 + 1)]
    group.partition(cut)
    group.run_for(AFTER)
    group.heal()
    group.run_for(AFTER)


def freeze(group: Group) -> None:
    """Two processes are stalled, one of them for so long that it is detected."""
    group.stall("n5", 3.0)
    group.stall("n6", 12.0)
    group.run_for(AFTER)


def restart(group: Group) -> None:
    """One process restarts at once; another leaves and restarts with its clock behind."""
    group.restart("n2")
    group.run_for(2.0)
    group.leave("n7")
    group.run_for(6.0)
    group.restart("n7", skew=-60.0)
    group.run_for(AFTER)


STORIES: dict[str, Callable[[Group], None]] = {
    story.__name__: story for story in (kill, loss, partition, freeze, restart)
}


def trace(story: Callable[[Group], None], size: int, seed: int) -> Trace:
    """Run a story with a group of C{size} members that join by a bootstrap node."""
    group = Group(size, f"{story.__name__}/{seed}", bootstrap=True)
    sent = hashlib.sha256()
    network = group.network
    send = network.send_datagram

    def recorded(source: Endpoint, destination: Endpoint, data: bytes) -> None:
        sent.update(repr((group.clock.seconds(), source, destination, data)).encode())
        send(source, destination, data)

    network.send_datagram = recorded  # type: ignore[method-assign]
    group.start()
    group.run_for(FORMED)
    story(group)
    traffic = network.traffic
    streams = (traffic.streams_opened, traffic.stream_bytes_sent, traffic.stream_bytes_delivered)
    sent.update(repr(streams).encode())
    announced = hashlib.sha256(repr(group.history).encode())
    return Trace(sent.hexdigest()[:16], announced.hexdigest()[:16], traffic.datagrams_sent)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stories, and print a line for each."""
    options = argparse.ArgumentParser(prog="python -m tests.traces", description=__doc__)
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("story", nargs="*", choices=[[], *STORIES], help="by default all")
    options.add_argument("--size", type=int, action="append", help="by default 16 and 100")
    chosen = options.parse_args(arguments)
    began = time.process_time()
    for name in chosen.story or STORIES:
        for size in chosen.size or SIZES:
            for seed in SEEDS:
                found = trace(STORIES[name], size, seed)
                print(
                    f"{name:<10} N={size:<4} seed {seed}  sent {found.sent}  "
                    f"announced {found.announced}  {found.datagrams} datagrams",
                    flush=True,
                )
    print(f"{time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()
