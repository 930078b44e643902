"""One probe of one member, from the first PING to its end (SWIM §3.1; Lifeguard §IV-A).

The PING is repeated while it is unanswered. At the ping timeout the second stage begins: a last
PING, a PING by stream, a PING_REQ to k other members. An ACK by any of these routes ends the probe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall

from swimtx.addresses import Address
from swimtx.interfaces import IOutlet, IStream
from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.indirect_probe import IndirectProbe
from swimtx.probing.schedule import ProbeSchedule
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer, Route
from swimtx.wire.codec import encode_update, framed, sequence_field, target_fields
from swimtx.wire.messages import Message, MessageType

# Looked up in every probe: names of this module are found quicker than members of an enum.
_PING, _ACK, _NACK = MessageType.PING, MessageType.ACK, MessageType.NACK
_DATAGRAM = Route.DATAGRAM


class Probe:
    """One probe. It ends by itself, once, and calls C{ended(probe)}.

    @param relays: C{relays(target, hinted)} returns the members that get a PING_REQ in the second
        stage.
    @param seen: C{seen(probe)} is called after each observation and at each step; true ends the
        probe.
    @param attach: a claim that each PING carries, before any other update.
    @param same_run: whether a relay's ACK counts only if it is of the same epoch as C{target}; by
        default it counts for any epoch, as a relay may know a later or an earlier one.
    @ivar body: the fields of each PING and PING_REQ.
    @ivar over: whether it has ended.
    @ivar tried_stream: whether the second stage has begun.
    @ivar route: how the ACK came; C{None}: there is none yet.
    @ivar rtt: seconds from PING to ACK; only for a direct ACK to the first PING, since an ACK after
        a repeat could answer either. Else C{None}.
    @ivar answer: the ACK; C{None}: there is none yet.
    """

    __slots__ = (
        "_ended",
        "_enough",
        "_messenger",
        "_next",
        "_relays",
        "_same_run",
        "_schedule",
        "_second_stage",
        "_started",
        "_timer",
        "answer",
        "body",
        "over",
        "rtt",
        "sequence",
        "target",
        "route",
        "tried_stream",
    )

    def __init__(
        self,
        target: Claim,
        messenger: Messenger,
        schedule: ProbeSchedule,
        ended: Callable[[Probe], object],
        relays: Callable[[Claim, bool], Sequence[Claim]] = lambda target, hinted: (),
        attach: Claim | None = None,
        seen: Callable[[Probe], bool] = lambda probe: False,
        same_run: bool = False,
    ) -> None:
        self.target = target
        self.over = False
        self.route: Route | None = None
        self.rtt: float | None = None
        self.answer: Message | None = None
        self._messenger = messenger
        self._schedule = schedule
        self._ended = ended
        self._relays = relays
        self._enough = seen
        self._same_run = same_run
        self._second_stage: IndirectProbe | None = None
        self._next = 0
        self._timer: IDelayedCall | None = None
        self.tried_stream = False
        self._started = messenger.clock.seconds()
        self.sequence = messenger.requests.open(self._answered)
        if target.legacy:
            messenger.requests.open_for_address(target.address, self.sequence, self._answered)
        self.body = sequence_field(self.sequence) + target_fields(target)
        if attach is not None:
            self.body += framed(encode_update(attach, attach.age))
        self._step()

    @property
    def elapsed(self) -> float:
        """Seconds since the probe began."""
        return self._messenger.clock.seconds() - self._started

    @property
    def left(self) -> float:
        """Seconds until the probe ends."""
        return self._schedule.end - self.elapsed

    # Evidence

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """First-hand observations: the local member's, and those of the relays that sent a NACK."""
        stage = self._second_stage
        return (
            Evidence(self._messenger.me().name, self.own_observation),
            *(stage.seen if stage else ()),
        )

    @property
    def own_observation(self) -> Observation:
        """The local member's observation of the target's host."""
        return self._second_stage.stream.observed if self._second_stage else Observation.SILENT

    @property
    def relays(self) -> Sequence[Claim]:
        """The members that got a PING_REQ."""
        return self._second_stage.relays if self._second_stage else ()

    @property
    def hinted(self) -> bool:
        """Whether something hinted at a failure during the probe."""
        return self._second_stage is not None and self._second_stage.hinted

    # Control

    def expedite(self, glance: float) -> None:
        """Begin the second stage at once, because something hints at a failure; it is no proof.

        @param glance: seconds after which to check whether the evidence is enough.
        """
        left = self.left
        if self.over or self.hinted or left <= 0:
            return
        stage = self._second_stage
        if stage is None:
            self.ping(self.target.address)
            stage = self._begin_second_stage(left, hinted=True)
        stage.hint(glance if not self.over and glance < left else None)

    def take_stream(self) -> IStream | None:
        """Hand over the stream that the probe has opened, so that it stays open.

        It may be called until C{ended} has returned; after that the stream is closed.

        @return: C{None} if there is none.
        """
        return self._second_stage.stream.take() if self._second_stage else None

    def stop(self) -> None:
        """End the probe without calling C{ended}."""
        self._finish()
        if self._second_stage is not None:
            self._second_stage.stream.close()

    # The schedule

    def _step(self) -> None:
        """Do the step that is due now, and set the timer for the next one."""
        self._timer = None
        if self._next and self.check():
            return
        step = self._schedule.steps[self._next]
        if not step.next:
            self._end()
            return
        self._next += 1
        self._timer = self._messenger.clock.callLater(step.next, self._step)
        if step.pings:
            self.ping(self.target.address)
            if step.by_stream_too:
                stream = self._messenger.routes.stream(self.target.address)
                if stream is not None:
                    self.ping(stream)
        if step.starts_indirect and self._second_stage is None:
            self._begin_second_stage(self._schedule.end - step.at)

    def ping(self, peer: Peer | IOutlet) -> None:
        """Send the PING to that address, or over an open stream.

        To a suspect it carries the SUSPECT first, so that the suspect refutes at once.
        """
        if self.over:
            return
        messenger = self._messenger
        target = self.target
        accusation = messenger.accusation  # a local name is called quicker
        accused = accusation(target.name)
        if accused is None or target.legacy:
            messenger.protocol.send(peer, _PING, self.body, piggyback=not target.legacy)
        else:
            messenger.protocol.send(peer, _PING, self.body, framed(encode_update(accused)))

    def _begin_second_stage(self, left: float, hinted: bool = False) -> IndirectProbe:
        schedule = self._schedule
        stage = self._second_stage = IndirectProbe(self, self._messenger, schedule.end, hinted)
        self.tried_stream = True
        if schedule.relays is not None:
            stage.ask(self._relays(self.target, hinted), left)
        if schedule.stream is not None:
            stage.stream.open(left)
        return stage

    def check(self) -> bool:
        """End the probe if the evidence is enough.

        @return: whether it has ended, now or before.
        """
        if not self.over and self._enough(self):
            self._end()
        return self.over

    # Answers and the end

    def _answered(self, message: Message, peer: Peer) -> None:
        if self.over:
            return
        kind = message.header.type
        if kind is _ACK:
            if self._speaks_for_target(message, peer):
                self.answer = message
                self._end()
        elif kind is _NACK and self._second_stage is not None:
            self._second_stage.nack_received(message)

    def _speaks_for_target(self, message: Message, peer: Peer) -> bool:
        """Whether that ACK answers for the target; if so, note its route and round-trip time."""
        target, speaker = self.target, message.header
        if target.legacy and not speaker.version:
            self.route = Route.DATAGRAM
        elif speaker.name == target.name:
            if target.epoch and speaker.epoch < target.epoch:
                return False
            self.route = route = _DATAGRAM if type(peer) is Address else Route.STREAM
            if route is _DATAGRAM and self._next == 1:
                rtt = self._messenger.clock.seconds() - self._started
                self.rtt = rtt if rtt > 0 else 0.0  # clocks may be set back
        elif message.target == target.name and any(r.name == speaker.name for r in self.relays):
            same_run = message.target_epoch == target.epoch
            if self._same_run and not same_run and not target.legacy:
                return False  # a legacy target has another epoch at each member, so any counts
            self.route = Route.RELAY
        else:
            return False
        return True

    def _end(self) -> None:
        self._finish()
        self._ended(self)
        if self._second_stage is not None:
            self._second_stage.stream.close()

    def _finish(self) -> None:
        if self.over:
            return
        self.over = True
        self._messenger.requests.close(self.sequence)
        if self.target.legacy:
            self._messenger.requests.close_for_address(self.target.address, self.sequence)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._second_stage is not None:
            self._second_stage.stop()
