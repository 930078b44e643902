"""Watching a suspect first-hand, until it refutes or the verdict comes.

Each witness watches, and of those who only hear of it three on average. A monitor PINGs the suspect
every half period with the SUSPECT attached (Lifeguard's buddy system), tries its stream every other
time, and publishes when what it sees has changed.

A stream that was accepted is held open: it breaks when the process dies or its host is gone, and a
new one is tried at once, which is refused or stays silent. Nobody else connects to a frozen
process, and its watchers only once: each connection takes a place in its kernel's queue.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, WatchOrder
from swimtx.membership.evidence import Grade, entry_of, worth_telling
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.transport.messenger import Messenger

_VOLUNTEERS = 3  # on average, of those who only hear of a suspicion
_MANY = 4  # suspects up to which each is looked at every half period
_STREAM_SHARE = 0.96  # of a step, that its stream may take
_TWICE = 0.9  # periods between two refusals that one monitor may believe alone
_HOST_GONE = 3.0  # seconds that a host may leave what was sent by stream unconfirmed


class _Watch:
    """One suspect that we watch.

    @ivar saw: what we saw last; C{None}: nothing yet.
    @ivar stream: one that its host has accepted.
    """

    __slots__ = ("asking", "refused_since", "saw", "step", "stream", "timer")

    def __init__(self) -> None:
        self.step = 0
        self.saw: Observation | None = None
        self.stream: Any = None
        self.asking: Probe | None = None
        self.timer: IDelayedCall | None = None
        self.refused_since: float | None = None


class SuspectMonitors:
    """Our watches.

    @param credible: what an observation of a member counts as.
    @param declare: called as C{declare(claim)} with a FAIL that what we saw proves.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        suspicion: SuspicionTimers,
        config: Config,
        credible: Callable[[Observation, Claim], Observation],
        declare: Callable[[Claim], object],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._suspicion = suspicion
        self._period = config.period
        self._credible = credible
        self._declare = declare
        self._watches: dict[str, _Watch] = {}
        membership.watch(self._changed, WatchOrder.MONITORS)

    def stop(self) -> None:
        """Watch nobody any more."""
        for name in list(self._watches):
            self._end(name)

    def watch(self, name: str) -> None:
        """Watch that suspect from now on."""
        if name not in self._watches:
            self._watches[name] = _Watch()
            self._step(name)

    def saw(self, name: str) -> bool:
        """Whether we have looked at that suspect ourselves, and it did not answer."""
        watch = self._watches.get(name)
        return watch is not None and watch.saw is not None

    def _changed(self, change: Change) -> None:
        claim = change.claim
        me = self._membership.me.name
        gone = self._membership.me.state is State.LEFT
        if claim.state is not State.SUSPECT or claim.name == me or gone:
            self._end(claim.name)
            return
        first = change.held is None or change.held.state is not State.SUSPECT
        witness = entry_of(claim.evidence, me) is not None
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
        if claim is None or claim.legacy:
            return
        by_stream = watch.step % 2 == 1
        connecting = by_stream and watch.stream is None and not self._spare_its_backlog(claim)
        watch.step += 1
        end = _STREAM_SHARE * interval
        schedule = ProbeSchedule((0.0,), 0.0 if connecting else None, None, end)
        watch.asking = Probe(claim, self._messenger, schedule, self._looked, seen=self._seen)
        if by_stream and watch.stream is not None:
            watch.asking.ping(watch.stream)

    def _interval(self) -> float:
        suspects = len(self._membership.index.suspects)
        return 0.5 * self._period * max(1.0, suspects / _MANY)

    def _spare_its_backlog(self, claim: Claim) -> bool:
        """A frozen process accepts nothing: new connections would fill its backlog."""
        if self._suspicion.grade(claim.name) is not Grade.STALLED:
            return False
        mine = entry_of(claim.evidence, self._membership.me.name)
        return mine is None or mine.kind is not Observation.ACCEPTED

    def _seen(self, asking: Probe) -> bool:
        """Something was seen; a refusal is worth publishing at once."""
        if asking.own_observation is Observation.REFUSED:
            self._publish(asking)
        return False

    def _looked(self, asking: Probe) -> None:
        if asking.route is None and asking.tried_stream:
            if asking.own_observation is Observation.ACCEPTED:
                self._hold(asking)
            self._publish(asking)

    def _hold(self, asking: Probe) -> None:
        name = asking.target.name
        watch = self._watches.get(name)
        stream = None if watch is None else asking.take_stream()
        if watch is not None and stream is not None:
            watch.stream = stream
            stream.closed = partial(self._broke, name, stream)
            stream.give_up_after(_HOST_GONE)

    def _broke(self, name: str, stream: Any) -> None:
        """The stream that we held: look at once whether its host still accepts."""
        watch = self._watches.get(name)
        if watch is not None and watch.stream is stream:
            watch.stream = None
            watch.step |= 1
            if watch.timer is not None and watch.timer.active():
                watch.timer.cancel()
            self._step(name)

    def _publish(self, asking: Probe) -> None:
        held = self._membership.claim(asking.target.name)
        if held is None or held.state is not State.SUSPECT or held.key != asking.target.key:
            return
        me = self._membership.me.name
        kind = self._credible(asking.own_observation, held)
        mine = entry_of(held.evidence, me)
        watch = self._watches.get(held.name)
        if watch is not None:
            watch.saw = kind
        if kind is Observation.REFUSED and self._refused_twice(held):
            self._declare(held.failed(me, [Evidence(me, kind, 255)]))
        elif mine is None:
            entry = Evidence(me, kind)
            if worth_telling(entry, held.evidence):
                self._membership.apply(held.suspected(me, [entry]))
        elif mine.kind is not kind and not (
            mine.kind is Observation.BROKEN and kind is Observation.ACCEPTED
        ):
            changed = Evidence(me, kind, mine.counter + 1)
            self._membership.apply(held.suspected(me, [changed]))

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
        if watch.stream is not None:
            watch.stream.close()
        if watch.timer is not None and watch.timer.active():
            watch.timer.cancel()
        if watch.asking is not None:
            watch.asking.stop()
