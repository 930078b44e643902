"""Watching a suspect first-hand, until it refutes or a verdict is given.

Each witness watches, and of the members that only hear of the suspicion three on average. A monitor
PINGs the suspect every half period with the SUSPECT attached (Lifeguard §IV-C), tries its stream
every other time, and publishes when what it sees has changed.

A stream that was accepted is held open: it breaks when the process dies or its host is gone, and a
new one is tried at once, which is refused or stays silent. No other member connects to a frozen
process, and a monitor only once: each connection takes a place in the queue of its kernel.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.interfaces import IStream
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import RecordChange, WatchOrder
from swimtx.membership.evidence import Grade, entry_of, worth_telling
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.probe import Probe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger

_VOLUNTEERS = 3  # on average, of the members that only hear of a suspicion
_MANY = 4  # suspects up to which each is looked at every half period
_STREAM_SHARE = 0.96  # of a step, that its stream may take
_TWICE = 0.9  # periods between two refusals that one monitor may believe alone
_HOST_GONE = 3.0  # seconds that a host may leave what was sent by stream unconfirmed


class _Watch:
    """One suspect that we watch.

    @ivar saw: what we saw last; C{None}: nothing yet.
    @ivar stream: one that its host has accepted.
    """

    __slots__ = ("probe", "refused_since", "saw", "step", "stream", "timer")

    def __init__(self, clock: IReactorTime) -> None:
        self.step = 0
        self.saw: Observation | None = None
        self.stream: IStream | None = None
        self.probe: Probe | None = None
        self.timer = Timer(clock)
        self.refused_since: float | None = None

    def end(self) -> None:
        """Leave nothing open."""
        if self.stream is not None:
            self.stream.close()
        self.timer.cancel()
        if self.probe is not None:
            self.probe.stop()


class SuspectMonitors:
    """Our watches.

    @param credible: C{credible(observation, claim)}: what an observation of ours of that member
        counts as.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chance: random.Random,
        membership: Membership,
        messenger: Messenger,
        timers: SuspicionTimers,
        config: Config,
        credible: Callable[[Observation, Claim], Observation],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._membership = membership
        self._messenger = messenger
        self._timers = timers
        self._period = config.protocol_period
        self._credible = credible
        self._watches: dict[str, _Watch] = {}
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Watch suspects from now on."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.MONITORS)

    def stop(self) -> None:
        """Watch no suspect any more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._watches):
            self._end(name)

    def watch(self, name: str) -> None:
        """Watch that suspect from now on."""
        if name not in self._watches:
            self._watches[name] = _Watch(self._clock)
            self._step(name)

    def saw(self, name: str) -> bool:
        """Whether we have looked at that suspect ourselves, and it did not answer."""
        watch = self._watches.get(name)
        return watch is not None and watch.saw is not None

    def _changed(self, change: RecordChange) -> None:
        claim = change.claim
        me = self._membership.local.name
        if claim.state is not State.SUSPECT or claim.name == me:
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
        watch.timer.set(interval, self._step, name)
        if watch.probe is not None:
            watch.probe.stop()
        claim = self._membership.claim(name)
        if claim is None or claim.legacy:
            return
        by_stream = watch.step % 2 == 1
        connecting = by_stream and watch.stream is None and not self._spare_its_backlog(claim)
        watch.step += 1
        end = _STREAM_SHARE * interval
        schedule = ProbeSchedule((0.0,), 0.0 if connecting else None, None, end)
        watch.probe = Probe(claim, self._messenger, schedule, self._ended, seen=self._seen)
        if by_stream and watch.stream is not None:
            watch.probe.ping(watch.stream)

    def _interval(self) -> float:
        suspects = len(self._membership.index.suspects)
        return 0.5 * self._period * max(1.0, suspects / _MANY)

    def _spare_its_backlog(self, claim: Claim) -> bool:
        """A frozen process accepts nothing: new connections would fill its backlog."""
        if self._timers.grade(claim.name) is not Grade.STALLED:
            return False
        mine = entry_of(claim.evidence, self._membership.local.name)
        return mine is None or mine.kind is not Observation.ACCEPTED

    def _seen(self, probe: Probe) -> bool:
        """Something was seen; a refusal is published at once."""
        if probe.own_observation is Observation.REFUSED:
            self._publish(probe)
        return False

    def _ended(self, probe: Probe) -> None:
        if probe.route is None and probe.tried_stream:
            if probe.own_observation is Observation.ACCEPTED:
                self._hold(probe)
            self._publish(probe)

    def _hold(self, probe: Probe) -> None:
        name = probe.target.name
        watch = self._watches.get(name)
        stream = None if watch is None else probe.take_stream()
        if watch is not None and stream is not None:
            watch.stream = stream
            stream.on_close(partial(self._broke, name, stream))
            stream.give_up_after(_HOST_GONE)

    def _broke(self, name: str, stream: IStream) -> None:
        """The stream that we held broke: try at once whether its host still accepts."""
        watch = self._watches.get(name)
        if watch is not None and watch.stream is stream:
            watch.stream = None
            watch.step |= 1
            watch.timer.cancel()
            self._step(name)

    def _publish(self, probe: Probe) -> None:
        held = self._membership.claim(probe.target.name)
        if held is None or held.state is not State.SUSPECT or held.key != probe.target.key:
            return
        me = self._membership.local.name
        kind = self._credible(probe.own_observation, held)
        mine = entry_of(held.evidence, me)
        watch = self._watches.get(held.name)
        if watch is not None:
            watch.saw = kind
        if kind is Observation.REFUSED and self._refused_twice(held):
            self._membership.apply(held.failed(me, [Evidence(me, kind, 255)]))
        elif mine is None:
            entry = Evidence(me, kind)
            if worth_telling(entry, held.evidence):
                self._membership.apply(held.suspected(me, [entry]))
        elif mine.kind is not kind and not _broke_and_accepts(mine.kind, kind):
            changed = Evidence(me, kind, mine.counter + 1)
            self._membership.apply(held.suspected(me, [changed]))

    def _refused_twice(self, held: Claim) -> bool:
        """The only witness, refused again: a refusal proves that it is not us who are cut off."""
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
        if watch is not None:
            watch.end()


def _broke_and_accepts(before: Observation, now: Observation) -> bool:
    """A host that accepts although a stream to the member broke: nothing new."""
    return before is Observation.BROKEN and now is Observation.ACCEPTED
