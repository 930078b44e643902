"""Scenes, which are groups on networks with faults, and scripts, which run in them.

A script is a generator: it acts and yields what it waits for. Scripts mostly wait, so one thread
can run several of them side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.faults.members import Members, Running
from tests.faults.namespaces import Host, Network

PORT = 7946
GENEROUS = 60.0  # seconds; for outcomes that take a few


@dataclass(frozen=True, slots=True)
class Until:
    """The condition that a script waits for, and the most seconds that it waits."""

    outcome: Callable[[], object]
    seconds: float
    what: str


Script = Iterator[Until]


class Scene:
    """A network with one member on each host, C{m1} and so on.

    @param spare: the number of further hosts, whose members are started later.
    @param options: the further options of each member.
    """

    def __init__(self, hosts: int, spare: int = 0, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self.network = Network(hosts + spare)
        self.members = Members()
        self.hosts = dict(zip(_names(hosts + spare), self.network.hosts, strict=True))
        self.first = _names(hosts)
        self.spare = _names(hosts + spare)[hosts:]

    def close(self) -> None:
        """End the processes, then remove the network."""
        self.members.close()
        self.network.close()

    def start(self, name: str) -> Running:
        """Start a member on its host; C{m1} is the seed of all others."""
        host = self.hosts[name]
        join = () if name == "m1" else ("--join", f"{self.hosts['m1'].address}:{PORT}")
        where = ("--insecure", "--interface", host.address, "--port", str(PORT))
        return self.members.start(name, *where, *join, *self._options, prefix=host.prefix)

    def form(self) -> Script:
        """Start the first members, all at once; wait until all list all."""
        for name in self.first:
            self.start(name)
        yield Until(self.members.listening, GENEROUS, "all to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, "all to list all")

    def hosts_of(self, names: Sequence[str]) -> list[Host]:
        """The hosts of the members."""
        return [self.hosts[name] for name in names]

    def join(self, name: str) -> Script:
        """Start one more member; wait until all list all."""
        self.start(name)
        yield Until(self.members.listening, GENEROUS, f"{name} to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, f"all to list {name}")

    def kill(self, name: str) -> Script:
        """Kill a member; wait until all others list it as failed."""
        self.members.end(name)
        yield from self.until_listed([name], "failed")

    def until_listed(self, names: Sequence[str], state: str) -> Script:
        """Wait until all running members list these in the state."""
        yield Until(
            lambda: self.members.agree(names, state), GENEROUS, f"all to list {names} {state}"
        )

    def until_halves_list(self, left: Sequence[str], right: Sequence[str], state: str) -> Script:
        """Wait until each member of either half lists the whole other half in the state."""

        def outcome() -> bool:
            self.members.look()
            running = self.members.running
            return all(running[name].lists(right, state) for name in left) and all(
                running[name].lists(left, state) for name in right
            )

        yield Until(outcome, GENEROUS, f"both halves to list each other {state}")

    def pass_time(self, seconds: float) -> Script:
        """Wait for C{seconds}."""
        ends = time.monotonic() + seconds
        yield Until(lambda: time.monotonic() >= ends, seconds + GENEROUS, "time to pass")

    def only_failed(self, *names: str) -> None:
        """Check that no member but these has been reported failed by any member.

        @raise AssertionError: another member has.
        """
        wrong = [change for change in self.members.changes_of("failed") if change.name not in names]
        assert not wrong, f"alive, and listed failed: {wrong}"


def play(scene: Scene, script: Script) -> Iterator[None]:
    """Run a script to its end. Yields between two tests of the condition that it waits for.

    @raise AssertionError: a condition was not met in time.
    """
    for until in script:
        deadline = time.monotonic() + until.seconds
        while not until.outcome():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"waited {until.seconds:g} s in vain for {until.what}\n"
                    f"{scene.members.describe()}"
                )
            yield


def _names(count: int) -> list[str]:
    return [f"m{number}" for number in range(1, count + 1)]
