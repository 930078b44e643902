"""Probes a member each protocol period and applies the verdicts of the probes (SWIM §3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.failure_detector.assessment import Assessment
from swimtx.failure_detector.target_selection import TargetSelection
from swimtx.failure_detector.tripwires import Hints
from swimtx.interfaces import IJournal
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.probing.broken_streams import BrokenStreams
from swimtx.probing.buddy_system import tell_suspect
from swimtx.probing.local_health import WORST, LocalHealth
from swimtx.probing.probe import Probe
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.probing.relay_selection import RelaySelection
from swimtx.probing.schedule import BROKEN_QUIET, ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Route

_AT_ONCE = 8  # concurrent probes beyond which no member is probed out of turn
_ALONE_AFTER = 4  # probes in a row without any answer, the last of which is believed all the same
_REMEMBERED = 4096  # runs of members with one inconclusive probe


class FailureDetector:
    """Probes one member each protocol period.

    @param schedule: returns the schedule of a probe for a period and a ping timeout in seconds.
    @param doubt: called when a probe had no answer at all: C{Isolation.doubt}.
    @param reached: called as C{reached(address, route)} after each probe that was answered.
    """

    __slots__ = (
        "__weakref__",
        "_alone",
        "_alone_at",
        "_assessment",
        "_broken_streams",
        "_choose_relays",
        "_clock",
        "_counters",
        "_doubt",
        "_glance",
        "_health",
        "_journal",
        "_messenger",
        "_membership",
        "_probes",
        "_reachability",
        "_reached",
        "_schedules",
        "_see",
        "_skip",
        "_targets",
        "_tick",
        "_timer",
        "_unsure",
        "_when_ended",
    )

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        messenger: Messenger,
        targets: TargetSelection,
        relays: RelaySelection,
        schedule: Callable[[float, float], ProbeSchedule],
        assessment: Assessment,
        reachability: ReachabilityCheck,
        doubt: Callable[[], object],
        reached: Callable[[Address, Route], object],
        hints: Hints,
        broken_streams: BrokenStreams,
        health: LocalHealth,
        config: Config,
        counters: Counters,
        journal: IJournal,
    ) -> None:
        self._clock = clock
        self._membership = membership
        self._messenger = messenger
        self._targets = targets
        self._assessment = assessment
        self._reachability = reachability
        self._doubt = doubt
        self._reached = reached
        self._broken_streams = broken_streams
        self._health = health
        self._counters = counters
        self._journal = journal
        self._schedules = [
            schedule(config.protocol_period * n, config.ping_timeout * n)
            for n in range(1, WORST + 2)
        ]
        self._glance = BROKEN_QUIET * config.protocol_period
        self._skip = 0
        self._timer: IDelayedCall | None = None
        self._probes: dict[str, Probe] = {}
        self._alone = 0  # probes in a row without any answer
        self._alone_at = 0.0
        self._unsure: set[tuple[str, int]] = set()
        # Bound once, instead of for each probe.
        self._tick, self._when_ended = self._period, self._ended
        self._choose_relays, self._see = relays.choose, self._seen
        membership.watch(self._changed, WatchOrder.FAILURE_DETECTOR)
        hints.on_break(self.expedite)

    def start(self) -> None:
        """Start the protocol periods."""
        self._targets.begin(self._membership.local.name)
        now = self._clock.seconds()
        self._timer = self._clock.callLater(self._targets.first(now) - now, self._tick)

    def stop(self) -> None:
        """Stop the protocol periods and all probes; no member is accused after that.

        What this run has counted of inconclusive probes does not count in the next.
        """
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for probe in list(self._probes.values()):
            probe.stop()
        self._probes.clear()
        self._alone = self._skip = 0
        self._unsure.clear()

    def expedite(self, name: str) -> None:
        """Probe a member at once, after a hint that it has failed. A hint proves nothing."""
        probe = self._probes.get(name)
        target = self._membership.claim(name)
        if probe is not None:
            probe.expedite(self._glance)
        elif target is not None and target.state.living:
            self.probe(target).expedite(self._glance)

    def probe(self, target: Claim) -> Probe:
        """Start a probe of a member, or return the one that is under way."""
        probe = self._probes.get(target.name)
        if probe is not None:
            return probe
        self._counters.probes += 1
        schedule = self._assessment.schedule_for(target, self._schedules[self._health.score])
        probe = self._probes[target.name] = Probe(
            target, self._messenger, schedule, self._when_ended, self._choose_relays, seen=self._see
        )
        return probe

    def probe_out_of_turn(self, members: Iterable[Claim]) -> None:
        """Probe those of these members that are alive, up to eight probes at a time."""
        for member in members:
            held = self._membership.claim(member.name)
            if held is not None and held.state is State.ALIVE and len(self._probes) < _AT_ONCE:
                self.probe(held)

    def _period(self) -> None:
        now = self._clock.seconds()
        name, at = self._targets.turn(now)
        # Re-arm first: an error below must not end the protocol periods.
        self._timer = self._clock.callLater(at - now if at > now else 0.0, self._tick)
        if self._skip:  # LHA-Probe: a member of poor local health probes less often
            self._skip -= 1
            return
        self._skip = self._health.score
        target = None if name is None else self._membership.claim(name)
        if target is not None and target.state.living:
            self.probe(target)
        elif name is not None and target is None:
            self._targets.remove(name)  # the table was cleared meanwhile

    def _accused(self, probe: Probe) -> Claim | None:
        """The record of the target; C{None} if it has changed so that no verdict applies."""
        held = self._membership.claim(probe.target.name)
        if held is None or not held.state.living or held.epoch != probe.target.epoch:
            return None
        return held if held.incarnation == probe.target.incarnation else None

    def _seen(self, probe: Probe) -> bool:
        held = self._accused(probe)
        verdict = None if held is None else self._assessment.before_timeout(probe, held)
        return verdict is not None

    # The end of a probe

    def _ended(self, probe: Probe) -> None:
        target = probe.target
        self._probes.pop(target.name, None)
        if probe.route is not None:
            self._answered(probe, probe.route)
            return
        self._counters.probes_failed += 1
        held = self._accused(probe)
        if held is None:
            return
        verdict = self._assessment.before_timeout(probe, held)
        if verdict is None and probe.tried_stream:
            verdict = self._at_timeout(probe, held)
        if verdict is not None:
            self._membership.apply(verdict)

    def _answered(self, probe: Probe, route: Route) -> None:
        target = probe.target
        if probe.rtt is not None:
            self._membership.measured(target.name, probe.rtt)
        self._reached(target.address, route)
        self._alone = 0
        self._health.probe_succeeded()
        self._broken_streams.discard(target.name, target.epoch)
        if self._unsure:
            self._unsure.discard((target.name, target.epoch))
        self._assessment.answered(probe)
        if target.name in self._membership.index.suspects:
            held = self._accused(probe)
            if held is not None and target.state is State.ALIVE:
                # The target does not know yet that it is suspected: tell it at once.
                tell_suspect(self._messenger, held)

    def _at_timeout(self, probe: Probe, held: Claim) -> Claim | None:
        """The claim to apply.

        Without answers of the relays either this member is cut off or they are gone: the
        reachability check finds out which.
        """
        found = self._assessment.at_timeout(probe, held)
        self._alone = self._counted(probe) if found.alone else 0
        if found.alone:
            self._journal.note("inconclusive", probe.target.name, in_a_row=self._alone)
            self._doubt()
        if found.nacks_missing:
            self._reachability.ask(partial(self._checked, probe, found.alone))
        if found.alone and self._alone < _ALONE_AFTER:
            return None
        return found.claim

    def _counted(self, probe: Probe) -> int:
        """The number of probes in a row without any answer; concurrent probes count once."""
        now = self._clock.seconds()
        if now - probe.elapsed < self._alone_at:
            return self._alone
        self._alone_at = now
        return self._alone + 1

    def _checked(self, probe: Probe, alone: bool, reachable: bool) -> None:
        """Act on the reachability check that followed a probe without answers of its relays.

        If other members answer, and the probe had no answer at all, its target and relays are
        probed once more: under loss all of them may have missed it. A second such probe of the
        target is believed.
        """
        run = (probe.target.name, probe.target.epoch)
        if not reachable:
            self._health.nack_missed()
        elif alone:
            self._alone = 0
            if run in self._unsure:
                self._unsure.remove(run)
                self._conclude(probe)
            else:
                if len(self._unsure) >= _REMEMBERED:
                    self._unsure.clear()
                self._unsure.add(run)
                self.probe_out_of_turn((probe.target, *probe.relays))

    def _conclude(self, probe: Probe) -> None:
        """Apply the finding of a probe that was inconclusive at first."""
        held = self._accused(probe)
        verdict = None if held is None else self._assessment.at_timeout(probe, held).claim
        if verdict is not None:
            self._membership.apply(verdict)

    def _changed(self, change: RecordChange) -> None:
        """Keep alive and suspect members among the targets, and remove the others."""
        claim = change.claim
        if claim.name == self._membership.name:
            return
        if claim.state.living:
            self._targets.add(claim.name)
            return
        self._targets.remove(claim.name)
        probe = self._probes.pop(claim.name, None)
        if probe is not None:
            probe.stop()
