"""A group in virtual time: real members on a simulated network, which join, leave and fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.python.failure import Failure

from swimtx.bootstrap import Bootstrap
from swimtx.config import Config
from swimtx.errors import JoinFailed, NotRunning
from swimtx.membership.claim import State
from swimtx.membership.events import Change, Event
from swimtx.membership.table import Membership
from swimtx.node import Node
from swimtx.simulation.clock import START, VirtualClock
from swimtx.simulation.group_faults import GroupFaults
from swimtx.simulation.history import Announced, Run, wrong_failures
from swimtx.simulation.latency import LAN, Latency
from swimtx.simulation.network import MemoryNetwork
from swimtx.wire.codec import Codec
from swimtx.wiring import Wiring

WELL_KNOWN = ("10.255.255.254", 10000)
_POLL = 0.05  # seconds between two checks of an awaited condition
_JOIN_AGAIN = 1.0  # seconds from a failed join to the next attempt


class Group(GroupFaults):
    """Members C{n1}, C{n2}, ... of one group, each a process on a host of its own.

    The same arguments, and the same calls after them, give the same trace.

    @param size: the number of members at first.
    @param seed: seeds all randomness, as C{random.Random(f"{seed}/{name}")}.
    @param config: the settings of all members; name, interface and C{insecure} are filled in.
    @param loss: the probability that a packet is lost, 0 to 1.
    @param latency: the travel time of a packet.
    @param bootstrap: whether a bootstrap node is the seed of all members; else the first member is.
    @param events: the events that C{history} keeps. All events of a large group are many.
    @param wiring: builds the components of each member.
    @ivar network: the network, for faults that have no method here.
    @ivar nodes: the latest run of each member, by key: its name, unless the settings gave another.
    @ivar runs: all runs of each member, by key, in order.
    @ivar seeds: the C{(host, port)} of the seeds of members that start from now on.
    @ivar well_known: the bootstrap node, if there is one.
    @ivar history: the events that members announced, in the order of time.
    """

    def __init__(
        self,
        size: int,
        seed: object = 0,
        config: Config | None = None,
        loss: float = 0.0,
        latency: Latency = LAN,
        bootstrap: bool = False,
        events: Collection[Event] = tuple(Event),
        wiring: type[Wiring] = Wiring,
    ) -> None:
        self.seed = seed
        self.config = config or Config.lan()
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock, Random(f"{seed}/network"), latency, loss)
        self.codec = Codec(self.clock.seconds)
        self.nodes: dict[str, Node] = {}
        self.runs: dict[str, list[Run]] = {}
        self.history: list[Announced] = []
        self._events = frozenset(events)
        self._wiring = wiring
        self._hosts = 0
        self.well_known: Bootstrap | None = None
        self.seeds: list[tuple[str, int]] = []
        if bootstrap:
            host, port = WELL_KNOWN
            self.well_known = Bootstrap(self.network.host(host), port, host)
            self.well_known.start()
            self.seeds = [WELL_KNOWN]
        for number in range(1, size + 1):
            self._make(f"n{number}")
        if not bootstrap and size:
            self.seeds = [self.address("n1")]

    # Members

    @property
    def now(self) -> float:
        """The current time, in seconds since the simulation began."""
        return self.clock.seconds() - START

    @property
    def running(self) -> list[str]:
        """The keys of the members whose process runs and that have not begun to leave."""
        return [key for key, runs in self.runs.items() if runs[-1].until is None]

    def address(self, key: str) -> tuple[str, int]:
        """The C{(host, port)} of a member."""
        return self.runs[key][-1].host, self.nodes[key].config.port

    def table(self, key: str) -> Membership:
        """The member list of a member, with the records behind it."""
        return self.nodes[key]._parts.membership

    # Starts

    def start(self, every: float = 0.0) -> None:
        """Start all members that have not been started, and have them join.

        @param every: seconds between two starts; with 0 all start at once.
        """
        waiting = [key for key in self.running if not self.nodes[key].running]
        for number, key in enumerate(waiting):
            if every:
                self.clock.callLater(number * every, self._start, key)
            else:
                self._start(key)

    def add(self, key: str, host: str | None = None, skew: float = 0.0, **settings: Any) -> Node:
        """Start one more member; its name is its key if C{settings} gives no C{name}.

        @param host: the address of its host; C{None}: a host of its own.
        @param skew: seconds by which its clock is ahead.
        @param settings: changes of the group's C{Config}.
        """
        self._make(key, host, skew, **settings)
        self._start(key)
        return self.nodes[key]

    def restart(self, key: str, skew: float = 0.0, **settings: Any) -> Node:
        """Start a new process of a member on the same host; kill the old process if it runs."""
        self.kill(key)
        return self.add(key, self.runs[key][-1].host, skew, **settings)

    # Ends

    def kill(self, key: str) -> None:
        """End a member's process, as C{SIGKILL} does: its host refuses streams from now on."""
        self._end(key)
        self.runs[key][-1].process.kill()

    def vanish(self, key: str) -> None:
        """Cut the power of a member's host: it answers nothing any more, not even a SYN."""
        self._end(key)
        self.network.vanish(self.runs[key][-1].host)

    def leave(self, key: str) -> Deferred[None]:
        """Have a member leave, and stop it.

        @return: a Deferred that fires when the member has stopped.
        """
        self._end(key)
        node = self.nodes[key]
        return node.leave().addCallback(lambda _: node.stop())

    def stop(self) -> Deferred[None]:
        """Stop all members, which do not leave first, and the bootstrap node.

        @return: a Deferred that fires when all have stopped.
        """
        stopping = [self.nodes[key].stop() for key in self.running]
        for key in self.running:
            self._end(key)
        if self.well_known is not None:
            stopping.append(self.well_known.stop())
        return gatherResults(stopping).addCallback(lambda _: None)

    # Time

    def run_for(self, seconds: float) -> None:
        """Let C{seconds} of virtual time pass."""
        self.clock.advance(seconds)

    def run_until(self, holds: Callable[[], bool], bound: float) -> bool:
        """Let time pass until C{holds()}, for at most C{bound} seconds; return whether it holds."""
        end = self.now + bound
        while not holds():
            left = end - self.now
            if left <= 0:
                return False
            self.clock.advance(min(_POLL, left))
        return True

    # Member lists

    def everybody_lists(
        self, names: str | Iterable[str] | None = None, state: State = State.ALIVE
    ) -> bool:
        """Whether each running member lists these names, by default all running, in a state."""
        wanted = [names] if isinstance(names, str) else list(names or self._names_running())
        return all(self.lists(key, wanted, state) for key in self.running)

    def lists(
        self, key: str, names: Collection[str] | None = None, state: State = State.ALIVE
    ) -> bool:
        """Whether one member lists these names, by default all running, in a state."""
        if names is None:
            names = self._names_running()
        membership = self.table(key)
        if not self.nodes[key].running or (state.living and membership.living < len(names)):
            return False
        claims = map(membership.claim, names)
        return all(claim is not None and claim.state is state for claim in claims)

    def wrongly_failed(self) -> list[Announced]:
        """The announced failures of members whose process was running."""
        runs = (run for runs in self.runs.values() for run in runs)
        return list(wrong_failures(self.history, runs))

    # Internals

    def _names_running(self) -> list[str]:
        return [self.runs[key][-1].name for key in self.running]

    def _make(self, key: str, host: str | None = None, skew: float = 0.0, **settings: Any) -> None:
        if host is None:
            self._hosts += 1
            number = self._hosts
            host = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        before = self.runs.setdefault(key, [])
        config = replace(
            self.config, **{"name": key, "interface": host, "insecure": True, **settings}
        )
        process = self.network.host(host, skew)
        chance = Random(f"{self.seed}/{key}" + f"/{len(before)}" * bool(before))
        node = Node(process, config, chance=chance, codec=self.codec, wiring=self._wiring)
        self.nodes[key] = node
        before.append(Run(config.name or key, host, process, node))
        if self._events:
            node.membership.subscribe(lambda change: self._record(key, change))

    def _start(self, key: str) -> None:
        run = self.runs[key][-1]
        if run.until is None:
            failures: list[Failure] = []
            run.node.start().addErrback(failures.append)
            if failures:
                failures[0].raiseException()
            self._join(run)

    def _join(self, run: Run) -> None:
        """Join, and try again until it succeeds, as the service does."""

        def failed(failure: Failure) -> None:
            if failure.check(JoinFailed) and run.until is None:
                run.process.callLater(_JOIN_AGAIN, self._join, run)
            else:
                failure.trap(JoinFailed, NotRunning, CancelledError)

        if run.until is None:
            run.node.join(list(self.seeds)).addErrback(failed)

    def _end(self, key: str) -> None:
        run = self.runs[key][-1]
        if run.until is None:
            run.until = self.now

    def _record(self, key: str, change: Change) -> None:
        event, member = change.event, change.member
        if event is not None and event in self._events:
            self.history.append(
                Announced(self.now, key, event, member.name, member.epoch, change.why)
            )
