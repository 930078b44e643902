"""Watching a suspect first-hand, until it refutes or the verdict comes.

Each witness watches, and of those who only hear of it three on average. A monitor PINGs the suspect
every half period with the SUSPECT attached (Lifeguard's buddy system), tries its stream every other
time, and publishes when what it sees has changed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.evidence import Grade, own
from swimtx.graded_suspicion import GradedSuspicion
from swimtx.member import Claim, Evidence, Kind, State
from swimtx.membership import Change, Membership
from swimtx.probe_round import Means, Round, Schedule

_VOLUNTEERS = 3  # on average, of those who only hear of a suspicion
_MANY = 4  # suspects up to which each is looked at every half period
_STREAM_SHARE = 0.96  # of a step, that its stream may take
_TWICE = 0.9  # periods between two refusals that one monitor may believe alone


class _Watch:
    """One suspect that we watch."""

    __slots__ = ("asking", "refused_since", "step", "timer")

    def __init__(self) -> None:
        self.step = 0
        self.asking: Round | None = None
        self.timer: IDelayedCall | None = None
        self.refused_since: float | None = None


class Monitors:
    """Our watches.

    @param credible: what an observation of a member counts as.
    @param declare: called as C{declare(claim)} with a FAIL that what we saw proves.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        means: Means,
        suspicion: GradedSuspicion,
        config: Config,
        credible: Callable[[Kind, Claim], Kind],
        declare: Callable[[Claim], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._means = means
        self._suspicion = suspicion
        self._period = config.period
        self._credible = credible
        self._declare = declare
        self._watches: dict[str, _Watch] = {}
        membership.watch(self._changed)

    def stop(self) -> None:
        """Watch nobody any more."""
        for name in list(self._watches):
            self._end(name)

    def watch(self, name: str) -> None:
        """Watch that suspect from now on."""
        if name not in self._watches:
            self._watches[name] = _Watch()
            self._step(name)

    def _changed(self, change: Change) -> None:
        claim = change.claim
        me = self._membership.me.name
        if claim.state is not State.SUSPECT or claim.name == me:
            self._end(claim.name)
            return
        first = change.held is None or change.held.state is not State.SUSPECT
        witness = own(claim.evidence, me) is not None
        volunteer = first and self._chance.random() * self._membership.living < _VOLUNTEERS
        if witness or volunteer:
            self.watch(claim.name)

    def _step(self, name: str) -> None:
        watch = self._watches[name]
        interval = self._interval()
        watch.timer = self._clock.callLater(interval, self._step, name)
        if watch.asking is not None:
            watch.asking.stop()
        claim = self._membership.claim(name)
        if claim is None or claim.seven_fields:
            return
        by_stream = watch.step % 2 == 1 and not self._spare_its_backlog(claim)
        watch.step += 1
        end = _STREAM_SHARE * interval
        schedule = Schedule((0.0,), 0.0 if by_stream else None, None, end)
        watch.asking = Round(claim, self._means, schedule, self._looked, seen=self._seen)

    def _interval(self) -> float:
        suspects = len(self._membership.roster.suspects)
        return 0.5 * self._period * max(1.0, suspects / _MANY)

    def _spare_its_backlog(self, claim: Claim) -> bool:
        """A frozen process accepts nothing: new connections would fill its backlog."""
        if self._suspicion.grade(claim.name) is not Grade.STALLED:
            return False
        mine = own(claim.evidence, self._membership.me.name)
        return mine is None or mine.kind is not Kind.ACCEPTED

    def _seen(self, asking: Round) -> bool:
        """Something was seen; a refusal is worth publishing at once."""
        if asking.own is Kind.REFUSED:
            self._publish(asking)
        return False

    def _looked(self, asking: Round) -> None:
        if asking.way is None and asking.tried_stream:
            self._publish(asking)

    def _publish(self, asking: Round) -> None:
        held = self._membership.claim(asking.target.name)
        if held is None or held.state is not State.SUSPECT or held.key != asking.target.key:
            return
        me = self._membership.me.name
        kind = self._credible(asking.own, held)
        mine = own(held.evidence, me)
        if kind is Kind.REFUSED and self._refused_twice(held):
            self._declare(held.failed(me, [Evidence(me, kind, 255)]))
        elif mine is None or (mine.kind is not kind and mine.kind is not Kind.BROKEN):
            counter = 0 if mine is None else mine.counter + 1
            self._membership.apply(held.suspected(me, [Evidence(me, kind, counter)]))

    def _refused_twice(self, held: Claim) -> bool:
        """Alone, and refused again: a refusal proves that it is not us who are cut off."""
        watch = self._watches.get(held.name)
        if watch is None:
            return False
        now = self._clock.seconds()
        if watch.refused_since is None:
            watch.refused_since = now
            return False
        others = [e for e in held.evidence if e.witness != self._membership.name]
        return not others and now - watch.refused_since >= _TWICE * self._period

    def _end(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is None:
            return
        if watch.timer is not None and watch.timer.active():
            watch.timer.cancel()
        if watch.asking is not None:
            watch.asking.stop()
