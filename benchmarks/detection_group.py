"""Detection times of real processes on loopback, of which one is killed or frozen.

Times are those at which each member reported a change on its stream; one process reads all streams.
"""

from __future__ import annotations

import random
import signal
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.report import Figure, at_most, exactly, shown
from tests.faults.members import Members
from tests.faults.processes import Loopback, Suspicion, suspicions
from tests.faults.scenes import Scene, Script, Until, play

KILL_WITHIN, KILL_WITHIN_BARE = 0.5, 2.0  # seconds, with and without tripwires
STALLED_WITHIN = 2.5
BACK_WITHIN = 1.0
LASTING = 2.0
_SETTLED = 6.0  # seconds until a group that has changed has opened its tripwires again
_BOUND = 60.0
_LOOKS_EVERY = 0.02


@dataclass
class Results:
    """The measurements so far.

    @ivar times: for each repeat, the seconds until each survivor reported the change, sorted.
    @ivar back: for each repeat, the seconds until the last member listed the victim as alive again.
    @ivar missed: the number of survivors that did not report an expected change.
    @ivar wrong: wrong failures and long suspicions, as text.
    """

    times: list[list[float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    missed: int = 0
    wrong: list[str] = field(default_factory=list)

    def figures(self, part: str, what: str, most: float) -> list[Figure]:
        """The figures of the first, the median and the last survivor."""
        firsts, lasts = [t[0] for t in self.times if t], [t[-1] for t in self.times if t]
        everyone = [one for times in self.times for one in times]
        if not everyone:
            return [exactly(part, f"{what}: heard of", "never", "always")]
        return [
            shown(part, f"{what}: first survivor, median, s", f"{statistics.median(firsts):.2f}"),
            shown(part, f"{what}: median survivor, s", f"{statistics.median(everyone):.2f}"),
            at_most(part, f"{what}: last survivor, median, s", statistics.median(lasts), most),
            shown(part, f"{what}: last survivor, all, s", seconds(lasts)),
            exactly(part, f"{what}: survivors that did not tell", self.missed, 0),
            exactly(part, f"{what}: wrongly failed, or suspected > 2 s", len(self.wrong), 0),
            *[shown(part, f"{what}: wrong", wrong) for wrong in self.wrong[:5]],
        ]


def kill(count: int, times: int, options: Sequence[str] = ()) -> list[Figure]:
    """Kill one member after the other by SIGKILL, and restart each."""
    part = f"kill N={count}" + "".join(f" {option}" for option in options)
    results = Results()
    with loopback(count, options) as scene:
        for victim in picked(scene.first, times):
            mark = len(scene.members.reported)
            port = scene.members.running[victim].port
            at = scene.members.end(victim)
            run(scene, until_reported(scene.members, "failed", victim, mark))
            take(results, scene.members, "failed", victim, mark, at)
            scene.start(victim, port)
            scene.members.wait(scene.members.listening, _BOUND, f"{victim} to listen")
            scene.members.follow()
            scene.members.wait(scene.members.agree, _BOUND, f"{victim} to be back")
            restarted = len(scene.members.reported)
            run(scene, scene.pass_time(_SETTLED))
            results.wrong += wrongs(scene.members, mark, [victim], at)
            renewed = scene.members.changes_of("failed", restarted)
            results.wrong += [
                f"{change.by} failed {victim} anew" for change in renewed if change.name == victim
            ]
    bare = "--no-tripwires" in options
    return results.figures(part, "kill -9", KILL_WITHIN_BARE if bare else KILL_WITHIN)


def freeze(count: int, times: int, lasts: float, failed: bool = False) -> list[Figure]:
    """Freeze one member after the other by SIGSTOP; thaw each by SIGCONT after C{lasts} seconds.

    @param failed: whether a freeze of that length has to be declared a failure.
    """
    part, results, verdicts = f"freeze N={count} {lasts:g} s", Results(), 0
    with loopback(count) as scene:
        members = scene.members
        for victim in picked(scene.first, times):
            mark, at = len(members.reported), time.time()
            members.running[victim].process.send(signal.SIGSTOP)
            run(scene, scene.pass_time(lasts))
            take(results, members, "stalled", victim, mark, at)
            thawed = time.time()
            members.running[victim].process.send(signal.SIGCONT)
            run(scene, scene.pass_time(0.3))
            members.wait(members.agree, _BOUND, f"{victim} to be alive for all")
            run(scene, scene.pass_time(2 * LASTING))
            back = [
                change.at
                for change in members.changes_of("recovered", mark)
                if change.name == victim
            ]
            results.back.append(max(back, default=thawed) - thawed)
            verdicts += sum(change.name == victim for change in members.changes_of("failed", mark))
            results.wrong += wrongs(members, mark, [victim], at)
            results.wrong += [str(s) for s in suspicions(members, mark) if _late(s, victim, thawed)]
    figures = results.figures(part, "stalled", STALLED_WITHIN)
    if failed:
        figures.append(exactly(part, "declared failed", verdicts > 0, True))
    else:
        figures.append(exactly(part, "declared failed all the same", verdicts, 0))
    figures.append(
        at_most(part, "alive everywhere after SIGCONT, worst, s", max(results.back), BACK_WITHIN)
    )
    return [*figures, shown(part, "the same, all, s", seconds(results.back))]


def _late(suspicion: Suspicion, victim: str, thawed: float) -> bool:
    """Whether the victim was suspected after it had been thawed, for longer than C{LASTING}."""
    after = suspicion.name == victim and suspicion.at > thawed
    return after and suspicion.lasted > LASTING


def take(
    results: Results, members: Members, event: str, name: str, mark: int, since: float
) -> None:
    """Record the time at which each survivor reported the event, in seconds after C{since}."""
    first: dict[str, float] = {}
    for change in members.changes_of(event, mark):
        if change.name == name:
            first.setdefault(change.by, change.at - since)
    results.times.append(sorted(first.values()))
    results.missed += len(set(members.running) - {name} - set(first))


def wrongs(members: Members, mark: int, but: Iterable[str], since: float) -> list[str]:
    """The failures and long suspicions of members other than C{but}, as text."""
    excepted = set(but)
    failed = [
        change for change in members.changes_of("failed", mark) if change.name not in excepted
    ]
    suspected = [
        suspicion
        for suspicion in suspicions(members, mark)
        if suspicion.name not in excepted and suspicion.lasted > LASTING
    ]
    return [
        *(
            f"{change.by} failed {change.name} after {change.at - since:.1f} s: {change.why}"
            for change in failed
        ),
        *map(str, suspected),
    ]


def until_reported(members: Members, event: str, name: str, mark: int) -> Script:
    """Wait until all other members have reported the event about C{name}."""

    def reported() -> bool:
        by = {change.by for change in members.changes_of(event, mark) if change.name == name}
        return set(members.running) - {name} <= by

    yield Until(reported, _BOUND, f"all to tell that {name} is {event}")


def picked(names: Sequence[str], times: int) -> list[str]:
    """The victims: the same in each run; a name repeats only after all names were victims."""
    chance, order = random.Random(1), list(names)
    chance.shuffle(order)
    return [order[number % len(order)] for number in range(times)]


def run(scene: Scene, script: Script) -> None:
    """Run a script to its end."""
    for _ in play(scene, script):
        time.sleep(_LOOKS_EVERY)
        scene.members.look()


def seconds(times: Iterable[float]) -> str:
    """Times in seconds as text, sorted."""
    return ", ".join(f"{one:.2f}" for one in sorted(times))


@contextmanager
def loopback(count: int, options: Sequence[str] = ()) -> Iterator[Loopback]:
    """A group of C{count} members, formed and at rest; its processes end with the context."""
    scene = Loopback(count, options)
    try:
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        yield scene
    finally:
        scene.close()
