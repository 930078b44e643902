"""A whole group in virtual time: real members on a simulated network, and what befalls them."""

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
_POLL = 0.05  # seconds between two looks at what is waited for
_JOIN_AGAIN = 1.0  # seconds after a join that failed


class Group(GroupFaults):
    """Members C{n1}, C{n2}, ... of one group, each a process on a host of its own.

    The same arguments, and the same calls after them, give the same trace.

    @param size: how many members it has at first.
    @param seed: everything random comes from C{random.Random(f"{seed}/{name}")}.
    @param config: the settings of all; name, interface and C{insecure} are filled in.
    @param loss: the chance of every packet to be lost, 0 to 1.
    @param latency: how long a packet travels.
    @param bootstrap: whether there is a well-known node, which all join by; else it is the first.
    @param events: which events C{history} keeps. That of a large group that keeps all is long.
    @param wiring: what the members are made of, where there is a choice.
    @ivar network: where faults are made that have no method here.
    @ivar nodes: the latest run of each member, by key: its name, if nothing else was said.
    @ivar runs: every run there has been, those under one key in order.
    @ivar seeds: whom those who start from now on join by.
    @ivar well_known: the bootstrap node, if there is one.
    @ivar history: who announced what about whom, and when.
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

    # Who is there

    @property
    def now(self) -> float:
        """Seconds since the simulation began."""
        return self.clock.seconds() - START

    @property
    def running(self) -> list[str]:
        """The keys of those whose process runs and who have not begun to leave."""
        return [key for key, runs in self.runs.items() if runs[-1].until is None]

    def address(self, key: str) -> tuple[str, int]:
        """The host and the port of a member."""
        return self.runs[key][-1].host, self.nodes[key].config.port

    def table(self, key: str) -> Membership:
        """The member list of a member, with the records behind it."""
        return self.nodes[key]._parts.membership

    # Coming

    def start(self, every: float = 0.0) -> None:
        """Start all who have not been started and have them join.

        @param every: seconds between one and the next; with 0 all start at once.
        """
        waiting = [key for key in self.running if not self.nodes[key].running]
        for number, key in enumerate(waiting):
            if every:
                self.clock.callLater(number * every, self._start, key)
            else:
                self._start(key)

    def add(self, key: str, host: str | None = None, skew: float = 0.0, **settings: Any) -> Node:
        """Start one more member, under its key if C{settings} gives no C{name}.

        @param host: where, if not on a host of its own.
        @param skew: by how many seconds its clock is ahead.
        @param settings: changes of the group's C{Config}.
        """
        self._make(key, host, skew, **settings)
        self._start(key)
        return self.nodes[key]

    def restart(self, key: str, skew: float = 0.0, **settings: Any) -> Node:
        """A new process on the same host; the old one is killed if it still runs."""
        self.kill(key)
        return self.add(key, self.runs[key][-1].host, skew, **settings)

    # Going

    def kill(self, key: str) -> None:
        """End the process, as C{SIGKILL} does: its host refuses streams from now on."""
        self._end(key)
        self.runs[key][-1].process.kill()

    def vanish(self, key: str) -> None:
        """Cut the host's power: nobody refuses anything any more."""
        self._end(key)
        self.network.vanish(self.runs[key][-1].host)

    def leave(self, key: str) -> Deferred[None]:
        """Say goodbye, then stop. Fires when that is done."""
        self._end(key)
        node = self.nodes[key]
        return node.leave().addCallback(lambda _: node.stop())

    def stop(self) -> Deferred[None]:
        """Stop everybody without a word."""
        stopping = [self.nodes[key].stop() for key in self.running]
        for key in self.running:
            self._end(key)
        if self.well_known is not None:
            stopping.append(self.well_known.stop())
        return gatherResults(stopping).addCallback(lambda _: None)

    # Time

    def run_for(self, seconds: float) -> None:
        """Let so much time pass."""
        self.clock.advance(seconds)

    def run_until(self, holds: Callable[[], bool], bound: float) -> bool:
        """Let time pass until something holds, for C{bound} seconds at the most; whether it did."""
        end = self.now + bound
        while not holds():
            left = end - self.now
            if left <= 0:
                return False
            self.clock.advance(min(_POLL, left))
        return True

    # What they believe

    def everybody_lists(
        self, names: str | Iterable[str] | None = None, state: State = State.ALIVE
    ) -> bool:
        """Whether each running member lists all of these in that state; by default all running."""
        wanted = [names] if isinstance(names, str) else list(names or self._names_running())
        return all(self.lists(key, wanted, state) for key in self.running)

    def lists(
        self, key: str, names: Collection[str] | None = None, state: State = State.ALIVE
    ) -> bool:
        """Whether that member lists all of these in that state; by default all running."""
        if names is None:
            names = self._names_running()
        membership = self.table(key)
        if not self.nodes[key].running or (state.living and membership.living < len(names)):
            return False
        claims = map(membership.claim, names)
        return all(claim is not None and claim.state is state for claim in claims)

    def wrongly_failed(self) -> list[Announced]:
        """The failures that somebody announced of one whose process was running."""
        runs = (run for runs in self.runs.values() for run in runs)
        return list(wrong_failures(self.history, runs))

    # How

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
            node.membership.subscribe(lambda change: self._heard(key, change))

    def _start(self, key: str) -> None:
        run = self.runs[key][-1]
        if run.until is None:
            failures: list[Failure] = []
            run.node.start().addErrback(failures.append)
            if failures:
                failures[0].raiseException()
            self._join(run)

    def _join(self, run: Run) -> None:
        """However long it takes, as the service does."""

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

    def _heard(self, key: str, change: Change) -> None:
        event, member = change.event, change.member
        if event is not None and event in self._events:
            self.history.append(
                Announced(self.now, key, event, member.name, member.epoch, change.why)
            )
