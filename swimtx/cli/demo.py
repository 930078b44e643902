"""``swimtx demo``: real processes on loopback; one is killed, one frozen, one leaves."""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from swimtx.cli.demo_screen import Screen, make_screen
from swimtx.cli.errors import CommandFailed
from swimtx.cli.group_views import GroupViews
from swimtx.cli.output import print_table
from swimtx.cli.twistd_processes import Processes, Twistd, free_port

FEWEST, MOST = 3, 100  # members
FROZEN_FOR = 10.0  # seconds
STEP_BOUND = 60.0  # seconds that a step may take on a slow machine
_SETTLE = 3.0  # seconds; a refusal is evidence only at a port that has accepted a stream before
_TRIES = 3  # another process may take a free port first
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "demo",
        help="a group of real processes on this machine: one is killed, one frozen, one leaves",
        description="Start a bootstrap node and some members as real processes on loopback; kill "
        "one, freeze one, let one leave; show how long each takes to be known everywhere.",
    )
    parser.add_argument(
        "--members",
        metavar="N",
        type=_number_of_members,
        default=5,
        help=f"how many, {FEWEST} to {MOST}; 5 by default",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo. Every process that it has started ends with it, however it ends."""
    try:
        with (
            _signals_raise(),
            Processes(Path(tempfile.mkdtemp(prefix="swimtx-demo-"))) as processes,
        ):
            views = GroupViews()
            with make_screen(views) as screen:
                times = Demo(processes, views, screen, args.members).run()
    except _Ended as ended:
        return 128 + ended.number
    print()
    print_table(("WHAT HAPPENED", "KNOWN EVERYWHERE AFTER"), times)
    print("All of it happened. Nothing is left behind.")
    return 0


class Demo:
    """The processes of the demo and its steps."""

    def __init__(
        self, processes: Processes, views: GroupViews, screen: Screen, members: int
    ) -> None:
        self._processes = processes
        self._views = views
        self._screen = screen
        self._names = [f"n{number + 1}" for number in range(members)]
        self._members: dict[str, Twistd] = {}
        self._bootstrap_port = 0

    def run(self) -> list[tuple[str, str]]:
        """Run all steps.

        @return: for each step, its description and the time until it was known everywhere.
        @raise CommandFailed: an expected change did not come about; the text says which.
        """
        killed, frozen, leaving = self._names[-1], self._names[1], self._names[-2]
        times = [
            ("they find each other", self._gather()),
            (f"{killed} is killed (SIGKILL)", self._kill(killed)),
            (f"{frozen} is frozen for {FROZEN_FOR:g} s (SIGSTOP)", self._freeze(frozen)),
            (f"{leaving} leaves (SIGTERM)", self._let_leave(leaving)),
        ]
        self._check_survived(frozen)
        return times

    def _gather(self) -> str:
        self._screen.step("starting a bootstrap node")
        self._wait_for_start(self._start_bootstrap(), self._start_bootstrap)
        self._screen.step(f"starting {len(self._names)} members")
        for name in self._names:
            self._members[name] = self._start_member(name)
        for name, process in list(self._members.items()):
            start = partial(self._start_member, name)
            self._members[name] = self._wait_for_start(process, start)
            self._views.follow(name, self._control(name))
        self._until("all to find each other", self._names, self._names, "alive")
        took = f"{self._views.acquainted_after():.2f} s"
        self._screen.result(f"everybody knows everybody, {took} after the last one was there")
        self._screen.step(f"{_SETTLE:g} s for each to reach the others by a stream, once")
        self._views.wait(lambda: False, time.monotonic() + _SETTLE, self._meanwhile)
        return took

    def _kill(self, name: str) -> str:
        self._screen.step(f"killing {name} with SIGKILL: it cannot say goodbye")
        self._views.forget(name)
        self._members.pop(name).send(signal.SIGKILL)
        took = self._until(f"{name} to be known as failed", self._members, [name], "failed")
        self._screen.result(f"everybody knows that {name} has failed, after {took}")
        return took

    def _freeze(self, name: str) -> str:
        self._screen.step(f"freezing {name} for {FROZEN_FOR:g} s with SIGSTOP: it must survive")
        process = self._members[name]
        process.send(signal.SIGSTOP)
        try:
            thawed = time.monotonic() + FROZEN_FOR
            self._views.wait(lambda: False, thawed, self._meanwhile)
        finally:
            process.send(signal.SIGCONT)
        self._until(f"{name} to be known as alive again", self._members, self._members, "alive")
        self._check_survived(name)
        self._screen.result(f"{name} is alive for everybody, and was never called failed")
        return "never called failed"

    def _let_leave(self, name: str) -> str:
        self._screen.step(f"stopping {name} with SIGTERM: it says goodbye")
        process = self._members.pop(name)
        self._views.forget(name)
        process.send(signal.SIGTERM)
        took = self._until(f"{name} to be known as left", self._members, [name], "left")
        process.wait(STEP_BOUND)
        self._screen.result(f"everybody knows that {name} has left, after {took}")
        return took

    def _start_bootstrap(self) -> Twistd:
        self._bootstrap_port = free_port()
        arguments = ["swim-bootstrap", "--port", str(self._bootstrap_port)]
        return self._processes.start("bootstrap", arguments)

    def _start_member(self, name: str) -> Twistd:
        arguments = ["swim", "--name", name, "--port", str(free_port())]
        arguments += ["--join", f"127.0.0.1:{self._bootstrap_port}"]
        arguments += ["--control", f"unix:{self._control(name)}"]
        return self._processes.start(name, arguments)

    def _wait_for_start(self, process: Twistd, start: Callable[[], Twistd]) -> Twistd:
        """Wait until a process listens; start another one if it ends, as its port may be taken."""
        for tries_left in reversed(range(_TRIES)):
            try:
                process.ready_line(STEP_BOUND)
                break
            except CommandFailed:
                if process.status is None or not tries_left:
                    raise
                process = start()
        self._screen.command(process.line)
        return process

    def _check_survived(self, name: str) -> None:
        if name in self._views.ever_failed:
            raise CommandFailed(f"{name} was only frozen, but it was called failed")

    def _control(self, name: str) -> Path:
        return self._processes.folder / f"{name}.sock"

    def _until(
        self, what: str, observers: Iterable[str], members: Iterable[str], state: str
    ) -> str:
        """Wait until all the observers list all the members in a state.

        @return: how long that took, as text.
        @raise CommandFailed: it takes longer than C{STEP_BOUND} seconds.
        """
        observers, members = list(observers), list(members)
        started = time.monotonic()

        def agreed() -> bool:
            return all(self._views.say(observers, member, state) for member in members)

        if not self._views.wait(agreed, started + STEP_BOUND, self._meanwhile):
            raise CommandFailed(f"waited {STEP_BOUND:g} s in vain for {what}")
        return f"{time.monotonic() - started:.2f} s"

    def _meanwhile(self) -> None:
        for seen in self._views.news():
            self._screen.seen(seen)
        self._screen.refresh()


class _Ended(BaseException):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Have the first signal that asks to end raise C{_Ended}; later ones do not interrupt clean-up.

    The signal may arrive anywhere, and C{_Ended} may cause another exception on its way, such as
    that for the release of a lock that is not held. That one is replaced by C{_Ended}.
    """
    received: list[int] = []

    def end(number: int, frame: object) -> None:
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        received.append(number)
        raise _Ended(number)

    before = {each: signal.getsignal(each) for each in _ENDING}
    for each, handling in before.items():
        if handling is not signal.SIG_IGN:
            signal.signal(each, end)
    try:
        yield
    except Exception:
        if received:
            raise _Ended(received[0]) from None
        raise
    finally:
        for each, handling in before.items():
            signal.signal(each, handling)


def _number_of_members(text: str) -> int:
    if not text.isdecimal() or not FEWEST <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(
            f"a number from {FEWEST} to {MOST} is wanted, not {text!r}"
        )
    return int(text)
