"""What happens to a group on a faulty network, as scenes that may be played side by side.

A scene is a generator: it does something and yields what it waits for. Waiting is what scenes do
most of the time, so one thread plays all of them.
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
    """What a scene waits for, for so many seconds at the most."""

    outcome: Callable[[], object]
    seconds: float
    what: str


Script = Iterator[Until]


class Scene:
    """A network with one member on each host, C{m1} and so on; some hosts may be kept for later.

    @param options: given to each member.
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
        """Start the member of that name on its host; C{m1} is everybody's seed."""
        host = self.hosts[name]
        join = () if name == "m1" else ("--join", f"{self.hosts['m1'].address}:{PORT}")
        where = ("--insecure", "--interface", host.address, "--port", str(PORT))
        return self.members.start(name, *where, *join, *self._options, prefix=host.prefix)

    def form(self) -> Script:
        """Start the first members, all at once, until everybody lists everybody."""
        for name in self.first:
            self.start(name)
        yield Until(self.members.listening, GENEROUS, "all to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, "all to list all")

    def hosts_of(self, names: Sequence[str]) -> list[Host]:
        """The hosts of these members."""
        return [self.hosts[name] for name in names]

    def join(self, name: str) -> Script:
        """Start one more, until everybody lists everybody."""
        self.start(name)
        yield Until(self.members.listening, GENEROUS, f"{name} to listen")
        self.members.follow()
        yield Until(self.members.agree, GENEROUS, f"all to list {name}")

    def kill(self, name: str) -> Script:
        """Kill a member, until everybody lists it failed."""
        self.members.end(name)
        yield from self.until_held([name], "failed")

    def until_held(self, names: Sequence[str], state: str) -> Script:
        """Until everybody else holds these for that."""
        yield Until(
            lambda: self.members.agree(names, state), GENEROUS, f"all to list {names} {state}"
        )

    def until_halves_hold(self, left: Sequence[str], right: Sequence[str], state: str) -> Script:
        """Until each of one half holds all of the other half for that."""

        def outcome() -> bool:
            self.members.look()
            running = self.members.running
            return all(running[name].lists(right, state) for name in left) and all(
                running[name].lists(left, state) for name in right
            )

        yield Until(outcome, GENEROUS, f"both halves to list each other {state}")

    def pass_time(self, seconds: float) -> Script:
        """Until that long is over."""
        ends = time.monotonic() + seconds
        yield Until(lambda: time.monotonic() >= ends, seconds + GENEROUS, "time to pass")

    def only_failed(self, *names: str) -> None:
        """Nobody but these was ever held failed by anybody.

        @raise AssertionError: somebody was.
        """
        wrong = [heard for heard in self.members.told("failed") if heard.name not in names]
        assert not wrong, f"alive, and listed failed: {wrong}"


def play(scene: Scene, script: Script) -> Iterator[None]:
    """Step by step, until the script is over. Yields between two looks at what it waits for.

    @raise AssertionError: something did not come.
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
