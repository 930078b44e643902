"""How soon real processes know what became of one of them, on loopback: killed, or frozen.

Times are those at which each member told of a change on its stream, one process reading them all.
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

KILL_WITHIN, KILL_WITHIN_BARE = 0.5, 2.0  # seconds; with tripwires, and without
STALLED_WITHIN = 2.5
BACK_WITHIN = 1.0
LASTING = 2.0
_SETTLED = 6.0  # seconds until a group that has changed holds its tripwires again
_BOUND = 60.0
_LOOKS_EVERY = 0.02


@dataclass
class Course:
    """What was measured so far.

    @ivar times: of each repeat, when each survivor told of it, sorted, in seconds.
    @ivar back: of each repeat, when the last one listed everybody alive again.
    @ivar missed: of how many survivors nothing was heard that should have been.
    @ivar wrong: who was declared failed, or suspected for long, and is well.
    """

    times: list[list[float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    missed: int = 0
    wrong: list[str] = field(default_factory=list)

    def figures(self, part: str, what: str, most: float) -> list[Figure]:
        """First, median and last survivor."""
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
    """SIGKILL of one after the other, each started anew afterwards."""
    part = f"kill N={count}" + "".join(f" {option}" for option in options)
    course = Course()
    with loopback(count, options) as scene:
        for victim in picked(scene.first, times):
            mark = len(scene.members.heard)
            port = scene.members.running[victim].port
            at = scene.members.end(victim)
            run(scene, until_told(scene.members, "failed", victim, mark))
            take(course, scene.members, "failed", victim, mark, at)
            scene.start(victim, port)
            scene.members.wait(scene.members.listening, _BOUND, f"{victim} to listen")
            scene.members.follow()
            scene.members.wait(scene.members.agree, _BOUND, f"{victim} to be back")
            restarted = len(scene.members.heard)
            run(scene, scene.pass_time(_SETTLED))
            course.wrong += wrongs(scene.members, mark, [victim], at)
            renewed = scene.members.told("failed", restarted)
            course.wrong += [f"{h.by} failed {victim} anew" for h in renewed if h.name == victim]
    bare = "--no-tripwires" in options
    return course.figures(part, "kill -9", KILL_WITHIN_BARE if bare else KILL_WITHIN)


def freeze(count: int, times: int, lasts: float, failed: bool = False) -> list[Figure]:
    """SIGSTOP of one after the other, SIGCONT after a while.

    @param failed: whether so long a freeze shall be declared a failure.
    """
    part, course, verdicts = f"freeze N={count} {lasts:g} s", Course(), 0
    with loopback(count) as scene:
        members = scene.members
        for victim in picked(scene.first, times):
            mark, at = len(members.heard), time.time()
            members.running[victim].process.send(signal.SIGSTOP)
            run(scene, scene.pass_time(lasts))
            take(course, members, "stalled", victim, mark, at)
            thawed = time.time()
            members.running[victim].process.send(signal.SIGCONT)
            run(scene, scene.pass_time(0.3))
            members.wait(members.agree, _BOUND, f"{victim} to be alive for all")
            run(scene, scene.pass_time(2 * LASTING))
            back = [h.at for h in members.told("recovered", mark) if h.name == victim]
            course.back.append(max(back, default=thawed) - thawed)
            verdicts += sum(heard.name == victim for heard in members.told("failed", mark))
            course.wrong += wrongs(members, mark, [victim], at)
            course.wrong += [str(s) for s in suspicions(members, mark) if _late(s, victim, thawed)]
    figures = course.figures(part, "stalled", STALLED_WITHIN)
    if failed:
        figures.append(exactly(part, "declared failed", verdicts > 0, True))
    else:
        figures.append(exactly(part, "declared failed all the same", verdicts, 0))
    figures.append(
        at_most(part, "alive everywhere after SIGCONT, worst, s", max(course.back), BACK_WITHIN)
    )
    return [*figures, shown(part, "the same, all, s", seconds(course.back))]


def _late(suspicion: Suspicion, victim: str, thawed: float) -> bool:
    """Whether it began, about the one that was frozen, when it no longer was, and went on."""
    mine = suspicion.name == victim and suspicion.at > thawed
    return mine and suspicion.lasted > LASTING


def take(course: Course, members: Members, event: str, name: str, mark: int, since: float) -> None:
    """Note when each of the others told of that."""
    first: dict[str, float] = {}
    for heard in members.told(event, mark):
        if heard.name == name:
            first.setdefault(heard.by, heard.at - since)
    course.times.append(sorted(first.values()))
    course.missed += len(set(members.running) - {name} - set(first))


def wrongs(members: Members, mark: int, but: Iterable[str], since: float) -> list[str]:
    """Who is well and was failed, or suspected for long."""
    excepted = set(but)
    failed = [h for h in members.told("failed", mark) if h.name not in excepted]
    suspected = [
        suspicion
        for suspicion in suspicions(members, mark)
        if suspicion.name not in excepted and suspicion.lasted > LASTING
    ]
    return [
        *(f"{h.by} failed {h.name} after {h.at - since:.1f} s: {h.why}" for h in failed),
        *map(str, suspected),
    ]


def until_told(members: Members, event: str, name: str, mark: int) -> Script:
    """Until all others have told of that."""

    def told() -> bool:
        by = {heard.by for heard in members.told(event, mark) if heard.name == name}
        return set(members.running) - {name} <= by

    yield Until(told, _BOUND, f"all to tell that {name} is {event}")


def picked(names: Sequence[str], times: int) -> list[str]:
    """Whom it happens to: the same ones in each run, nobody twice before everybody was."""
    chance, order = random.Random(1), list(names)
    chance.shuffle(order)
    return [order[number % len(order)] for number in range(times)]


def run(scene: Scene, script: Script) -> None:
    """Play that to its end."""
    for _ in play(scene, script):
        time.sleep(_LOOKS_EVERY)
        scene.members.look()


def seconds(times: Iterable[float]) -> str:
    """Some times, sorted, for people."""
    return ", ".join(f"{one:.2f}" for one in sorted(times))


@contextmanager
def loopback(count: int, options: Sequence[str] = ()) -> Iterator[Loopback]:
    """So many members that know each other, and are gone at the end."""
    scene = Loopback(count, options)
    try:
        run(scene, scene.form())
        run(scene, scene.pass_time(_SETTLED))
        yield scene
    finally:
        scene.close()
