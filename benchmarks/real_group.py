"""A group of C{twistd} processes on loopback: the times of its formation and of detection.

One bootstrap node and 32 members with the profile C{lan}, started at once. Then one member after
the other is killed and restarted under its name and port; at last one leaves.
"""

from __future__ import annotations

import random
import re
import signal
import statistics
import time
from dataclasses import dataclass, field

from benchmarks.report import Figure, at_most, exactly, shown
from swimtx.cli.twistd_processes import wait_until
from tests.faults.members import Members, ReportedChange

MEMBERS = 32
KILLS = 10
FORMED_WITHIN = 5.0  # seconds after the last member listens
FAILED_MEDIAN, FAILED_WORST = 10.0, 15.0
BACK_WITHIN = 3.0
LEFT_WITHIN = 1.0
_BOUND = 60.0  # seconds to wait for any outcome


@dataclass
class Results:
    """The measurements so far, in seconds.

    @ivar found: for each kill, the time until each survivor listed the victim as failed, sorted.
    @ivar back: for each restart, the time from the start of the process until the last member
        listed it as alive.
    @ivar back_since_ready: the same, from the time at which the process listened.
    @ivar wrong: failures of members that had not been killed, as text.
    """

    found: list[list[float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    back_since_ready: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def measure(count: int = MEMBERS, kills: int = KILLS) -> list[Figure]:
    """The figures; takes two to four minutes."""
    chance = random.Random(1)
    results = Results()
    with Members() as members:
        formed = _form(members, count)
        victims = chance.sample([f"m{number}" for number in range(1, count + 1)], kills + 1)
        for victim in victims[:-1]:
            _kill_and_restart(members, victim, results)
        left = _leave(members, victims[-1])
    firsts = [times[0] for times in results.found]
    lasts = [times[-1] for times in results.found]
    everyone = [one for times in results.found for one in times]
    return [
        at_most("group", f"{count} members form, s", formed, FORMED_WITHIN),
        shown("group", "kill -9: first survivor, median, s", f"{statistics.median(firsts):.2f}"),
        at_most(
            "group",
            "kill -9: median survivor, s",
            statistics.median(everyone),
            FAILED_MEDIAN,
        ),
        shown("group", "kill -9: last survivor, median, s", f"{statistics.median(lasts):.2f}"),
        at_most("group", f"kill -9: last survivor, worst of {kills}, s", max(lasts), FAILED_WORST),
        exactly("group", "held failed without being killed", len(results.wrong), 0),
        at_most("group", "restarted: alive everywhere, worst, s", max(results.back), BACK_WITHIN),
        shown(
            "group",
            "the same since it listens, worst, s",
            f"{max(results.back_since_ready):.2f}",
        ),
        at_most("group", "SIGTERM: left everywhere, s", left, LEFT_WITHIN),
    ]


def _form(members: Members, count: int) -> float:
    """Start all members.

    @return: the seconds from the time at which the last member listens until all list all.
    """
    bootstrap = members.processes.start("bootstrap", ["swim-bootstrap", "--port", "0"])
    line = wait_until(
        lambda: next((x for x in bootstrap.log().splitlines() if "listening on udp" in x), None),
        _BOUND,
        "the bootstrap node",
    )
    found = re.search(r"udp \S+:(\d+)", line)
    assert found is not None, line
    for number in range(1, count + 1):
        members.start(f"m{number}", "--port", "0", "--join", f"127.0.0.1:{found[1]}")
    members.wait(members.listening, _BOUND, "all to listen")
    # Following costs the members CPU time, so it begins when the group should have formed.
    time.sleep(FORMED_WITHIN)
    members.follow()
    members.wait(members.agree, _BOUND, "all to list all")
    began = max(member.ready or 0.0 for member in members.running.values())
    done = max(
        listed.since for member in members.running.values() for listed in member.list.values()
    )
    return max(0.0, done - began)


def _kill_and_restart(members: Members, victim: str, results: Results) -> None:
    port = members.running[victim].port
    mark = len(members.reported)
    killed = members.end(victim)
    members.wait(lambda: members.agree([victim], "failed"), _BOUND, f"{victim} to be held failed")
    results.found.append(_first_reported(members.changes_of("failed", mark), victim, killed))
    # It joins by the bootstrap node, as at its first start.
    again = members.start(victim, "--port", str(port), *_seeds(members))
    members.wait(lambda: members.agree([victim]) or again.look(), _BOUND, f"{victim} to listen")
    members.wait(members.listening, _BOUND, f"{victim} to listen")
    members.follow()
    members.wait(members.agree, _BOUND, f"{victim} to be back, and to list all")
    alive = max(member.list[victim].since for member in members.running.values())
    results.back.append(alive - again.began)
    results.back_since_ready.append(max(0.0, alive - (again.ready or 0.0)))
    results.wrong += [
        f"{change.by} held {change.name} failed"
        for change in members.changes_of("failed", mark)
        if change.name != victim
    ]


def _leave(members: Members, name: str) -> float:
    mark = len(members.reported)
    ended = members.end(name, signal.SIGTERM)
    members.wait(lambda: members.agree([name], "left"), _BOUND, f"{name} to be held left")
    return _first_reported(members.changes_of("left", mark), name, ended)[-1]


def _first_reported(changes: list[ReportedChange], name: str, since: float) -> list[float]:
    """The seconds after C{since} until each member first reported a change of C{name}, sorted."""
    first: dict[str, float] = {}
    for change in changes:
        if change.name == name:
            first.setdefault(change.by, change.at - since)
    return sorted(first.values())


def _seeds(members: Members) -> tuple[str, ...]:
    """The C{--join} option of the members."""
    arguments = next(iter(members.running.values())).process.arguments
    at = arguments.index("--join")
    return tuple(arguments[at : at + 2])
