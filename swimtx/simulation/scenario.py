"""A scenario in virtual time: a group forms, some members fail, leave or stall, others notice."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

import attrs

from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.simulation.history import Announced
from swimtx.simulation.measures import Knowledge, Load, Meter, knowledge

_STEP = 0.5  # virtual seconds between two reports of progress
_ENDS = {"was killed": Event.FAILED, "vanished": Event.FAILED, "left": Event.LEFT}
"""How a member can end, and the event that the others should announce."""

_SAID = {
    Event.SUSPECTED: "is suspect",
    Event.STALLED: "is stalled",
    Event.FAILED: "has failed",
    Event.LEFT: "has left",
    Event.RECOVERED: "has recovered",
}


@dataclass(frozen=True)
class ScenarioPlan:
    """The faults of a scenario, which all happen at the same time, and its durations.

    @ivar kill: the number of members that are killed.
    @ivar vanish: the number of members whose host loses power.
    @ivar leave: the number of members that leave.
    @ivar stall: the number of members that stall for C{stall_seconds}.
    @ivar quiet: seconds before the faults, in which the load is measured.
    @ivar seconds: seconds from the faults to the end; C{None}: until all survivors know of each
        end, for at most C{patience} seconds.
    @ivar patience: the most seconds that the group may take to form, and to detect each end.
    """

    kill: int = 0
    vanish: int = 0
    leave: int = 0
    stall: int = 0
    stall_seconds: float = 2.0
    quiet: float = 10.0
    seconds: float | None = None
    patience: float = 120.0

    @property
    def victims(self) -> int:
        """The number of members that the faults need."""
        return self.kill + self.vanish + self.leave + self.stall


@dataclass
class ScenarioReport:
    """The results of a scenario.

    @ivar formed: seconds until all members listed all, C{None} if that never happened.
    @ivar quiet: the load before the faults.
    @ivar whole: the load from beginning to end.
    @ivar fates: by member name, how the member ended, and how the news of that spread.
    @ivar stalled: the names of the members that stalled.
    @ivar wrong: the announced failures of members that were running.
    """

    formed: float | None = None
    quiet: Load | None = None
    whole: Load | None = None
    fates: dict[str, tuple[str, Knowledge]] = field(default_factory=dict)
    stalled: list[str] = field(default_factory=list)
    wrong: list[Announced] = field(default_factory=list)

    @property
    def everybody_knows(self) -> bool:
        """Whether each survivor has announced each end."""
        return all(known.complete for _, known in self.fates.values())


@attrs.define(eq=False, repr=False)
class Scenario:
    """Runs a plan with a group that has not been started.

    @param tell: called as C{tell(time, sentence)} for each thing that happens; C{time} is in
        seconds since the simulation began.
    @param progress: called as C{progress(what, done, of)} at intervals: so many of all members
        have reached the awaited state.
    @param cpu: returns the seconds of CPU used so far.
    """

    _group: Group
    _plan: ScenarioPlan
    _tell_at: Callable[[float, str], object] = attrs.field(
        alias="tell", default=lambda time, sentence: None
    )
    _progress: Callable[[str, int, int], object] = lambda what, done, of: None
    _cpu: Callable[[], float] = lambda: 0.0

    def play(self) -> ScenarioReport:
        """Run the scenario from the first start to the end."""
        group, plan = self._group, self._plan
        report = ScenarioReport()
        whole = Meter(group, self._cpu)
        group.start()
        size = len(group.running)
        self._tell(f"{size} members start at once")
        if self._wait("list everybody", self._with_all, plan.patience):
            report.formed = group.now
            self._tell(f"everybody lists everybody after {group.now:.2f} s")
            quiet = Meter(group, self._cpu)
            self._pass(plan.quiet)
            report.quiet = quiet.read()
            self._apply_faults(report)
        else:
            self._tell(f"after {plan.patience:g} s not everybody lists everybody")
        report.whole = whole.read()
        report.wrong = group.wrongly_failed()
        return report

    def _apply_faults(self, report: ScenarioReport) -> None:
        """Apply all faults at once, and wait until the survivors know of each end."""
        group, plan = self._group, self._plan
        victims = Random(f"{group.seed}/story").sample(group.running, plan.victims)
        since = group.now
        numbers = (plan.kill, plan.vanish, plan.leave, plan.stall)
        fates = {}
        for fate, number in zip((*_ENDS, "stalled"), numbers, strict=True):
            for _ in range(number):
                fates[victims.pop()] = fate
        for name, fate in fates.items():
            self._apply_fault(name, fate)
        report.stalled = [name for name, fate in fates.items() if fate == "stalled"]
        gone = {name: fate for name, fate in fates.items() if fate != "stalled"}
        survivors = dict.fromkeys(group.running)

        def known(name: str) -> Knowledge:
            return knowledge(group, name, _ENDS[gone[name]], since, survivors)

        def aware() -> int:
            return min((known(name).knew for name in gone), default=len(survivors))

        if plan.seconds is not None:
            self._pass(plan.seconds)
        elif gone:
            self._wait("know of every end", aware, plan.patience)
        report.fates = {name: (fate, known(name)) for name, fate in gone.items()}
        self._tell_news(report, fates, since)

    def _tell_news(self, report: ScenarioReport, names: Collection[str], since: float) -> None:
        """Tell, in the order of time, the announcements and when all survivors knew of an end."""
        lines = [
            (each.time, f"{each.by} announces that {each.about} {_SAID[each.event]}: {each.why}")
            for each in self._firsts(names, since)
        ]
        for name, (fate, spread) in report.fates.items():
            if spread.complete and spread.last is not None:
                known_at, known_by = since + spread.last, f"all {spread.witnesses}"
            else:
                known_at, known_by = self._group.now, f"{spread.knew} of {spread.witnesses}"
            lines.append((known_at, f"{known_by} know that {name} {fate}"))
        for time, sentence in sorted(lines):
            self._tell_at(time, sentence)

    def _firsts(self, names: Collection[str], since: float) -> list[Announced]:
        """The first announcement of each event about each of these members."""
        firsts: dict[tuple[str, Event], Announced] = {}
        for announced in self._group.history:
            about_another = announced.about in names and announced.by != announced.about
            if announced.time >= since and about_another and announced.event in _SAID:
                firsts.setdefault((announced.about, announced.event), announced)
        return list(firsts.values())

    def _tell(self, sentence: str) -> None:
        self._tell_at(self._group.now, sentence)

    def _apply_fault(self, name: str, fate: str) -> None:
        group, seconds = self._group, self._plan.stall_seconds
        if fate == "stalled":
            group.stall(name, seconds)
            self._tell(f"{name} is stalled for {seconds:g} s")
        elif fate == "left":
            group.leave(name)
            self._tell(f"{name} leaves")
        elif fate == "vanished":
            group.vanish(name)
            self._tell(f"the host of {name} vanishes")
        else:
            group.kill(name)
            self._tell(f"{name} is killed")

    def _with_all(self) -> int:
        """The number of members that list all as alive."""
        running = self._group.running
        return sum(self._group.lists(key, running) for key in running)

    def _wait(self, what: str, done: Callable[[], int], bound: float) -> bool:
        """Let time pass until C{done()} counts all running members; whether it does in time."""
        group = self._group
        of = len(group.running)
        end = group.now + bound
        while group.now < end:
            number = done()
            self._progress(what, number, of)
            if number >= of:
                return True
            group.run_for(min(0.05, end - group.now))
        return False

    def _pass(self, seconds: float) -> None:
        """Let time pass, and report the progress."""
        end = self._group.now + seconds
        while (left := end - self._group.now) > 1e-6:
            self._progress("seconds", int(seconds - left), int(seconds))
            self._group.run_for(min(_STEP, left))
