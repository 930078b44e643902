"""Monitors suspects first-hand until they refute or a verdict is given.

Each witness monitors its suspect, and on average three of the members that only learn of the
suspicion do. A monitor PINGs the suspect every half period with the SUSPECT attached (Lifeguard
§IV-C), tries a stream every other time, and publishes a changed observation.

An accepted stream is held open: it breaks when the process dies or its host is gone. Then a new one
is tried at once, which is refused or stays silent. To a frozen process no member but a monitor
connects, and a monitor only once: each connection takes a place in the queue of its kernel.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import attrs
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

_VOLUNTEERS = 3  # on average, of the members that only learn of a suspicion
_MANY = 4  # suspects up to which each is pinged every half period
_STREAM_SHARE = 0.96  # of a step, which its stream may take
_TWICE = 0.9  # periods between two refusals that suffice without another witness
_HOST_GONE = 3.0  # seconds that a host may leave sent bytes unacknowledged


@attrs.define(eq=False, repr=False)
class _Watch:
    """The state of one monitored suspect.

    @ivar timer: for the next step.
    @ivar step: the number of steps so far.
    @ivar saw: our last observation; C{None} before the first one.
    @ivar stream: an accepted stream that is held open.
    @ivar probe: the probe of the current step.
    @ivar refused_since: when its host first refused a stream, in seconds of the clock.
    """

    timer: Timer
    step: int = 0
    saw: Observation | None = None
    stream: IStream | None = None
    probe: Probe | None = None
    refused_since: float | None = None

    def end(self) -> None:
        """Close the stream, and stop the timer and the probe."""
        if self.stream is not None:
            self.stream.close()
        self.timer.cancel()
        if self.probe is not None:
            self.probe.stop()


@attrs.define(eq=False, repr=False)
class SuspectMonitors:
    """Monitors the suspects of this member.

    @param credible: C{credible(observation, claim)} returns the observation that one of ours of
        that member counts as.
    """

    _clock: IReactorTime
    _chance: random.Random
    _membership: Membership
    _messenger: Messenger
    _timers: SuspicionTimers
    _config: Config
    _credible: Callable[[Observation, Claim], Observation]
    _watches: dict[str, _Watch] = attrs.field(init=False, factory=dict)
    _unwatch: Callable[[], None] | None = attrs.field(init=False, default=None)

    def start(self) -> None:
        """Start monitoring suspects."""
        self._unwatch = self._membership.watch(self._changed, WatchOrder.MONITORS)

    def stop(self) -> None:
        """Stop monitoring suspects."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        for name in list(self._watches):
            self._end(name)

    def watch(self, name: str) -> None:
        """Monitor this suspect, until the suspicion ends."""
        if name not in self._watches:
            self._watches[name] = _Watch(Timer(self._clock))
            self._step(name)

    def saw(self, name: str) -> bool:
        """Whether we have an observation of our own of this suspect."""
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
        return 0.5 * self._config.protocol_period * max(1.0, suspects / _MANY)

    def _spare_its_backlog(self, claim: Claim) -> bool:
        """Whether not to connect: a frozen process accepts nothing, and its backlog would fill."""
        if self._timers.grade(claim.name) is not Grade.STALLED:
            return False
        mine = entry_of(claim.evidence, self._membership.local.name)
        return mine is None or mine.kind is not Observation.ACCEPTED

    def _seen(self, probe: Probe) -> bool:
        """Publish a refusal at once."""
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
        """Try another stream at once, after the one that was held open broke."""
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
        """Whether a second refusal suffices for a verdict, as there is no other witness.

        A refusal proves that this member is not isolated.
        """
        watch = self._watches.get(held.name)
        if watch is None:
            return False
        now = self._clock.seconds()
        if watch.refused_since is None:
            watch.refused_since = now
            return False
        others = [e for e in held.evidence if e.witness != self._membership.name]
        return not others and now - watch.refused_since >= _TWICE * self._config.protocol_period

    def _end(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.end()


def _broke_and_accepts(before: Observation, now: Observation) -> bool:
    """Whether a host accepts after a stream to the member broke: that adds no evidence."""
    return before is Observation.BROKEN and now is Observation.ACCEPTED
