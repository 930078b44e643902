"""One probe of one member, from the first PING to its end (SWIM §3.1; Lifeguard §IV-A).

A PING, repeated while it is unanswered. At the ping timeout the second stage: a last PING, one
over a stream, a PING_REQ to k other members. An ACK by any of these ways ends the round.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from swimtx.means import Means
from swimtx.member import Address, Claim, Evidence, Kind, State
from swimtx.messages import Message, MessageType
from swimtx.schedule import Schedule
from swimtx.wire.codec import encode_update, fields, framed, sequence_field, target_fields

# Every probe comes by here: names of this module are found quicker than members of an enum.
_PING, _ACK, _NACK = MessageType.PING, MessageType.ACK, MessageType.NACK
_SUSPECT = State.SUSPECT
_SILENT = Kind.SILENT

RELAY_SHARE = 0.8  # of what is left of a round, for the relay's answer to be back in time
_STREAM_MARGIN = 0.03  # of a period, before the end


class Way(enum.Enum):
    """How an ACK came."""

    DATAGRAM = "datagram"
    STREAM = "stream"
    RELAY = "relay"


_DATAGRAM = Way.DATAGRAM


class Round:
    """One probe. It ends by itself, once, and calls C{ended(round)}.

    @param relays: says whom to ask in the second stage, when it comes to that.
    @param seen: asked C{seen(round)} whenever something was seen and at each step; true ends it.
    @param attach: told to the target with each PING, before any other news.
    @param same_run: whether a relay's ACK counts only if it is of the target's very run; else, as
        a relay may know of a later or an earlier one, of whichever it has.
    @ivar way: how the ACK came, C{None} while there was none.
    @ivar rtt: seconds from PING to ACK; only of a direct answer to the first PING, since an answer
        after a repeat could be to either.
    @ivar relays: whom it has asked.
    @ivar evidence: what was seen by us and by the relays that answered.
    @ivar answer: the ACK.
    """

    __slots__ = (
        "_body",
        "_choose_relays",
        "_connecting",
        "_ended",
        "_enough",
        "_glance",
        "_means",
        "_next",
        "_own",
        "_same_run",
        "_schedule",
        "_second_look",
        "_seen",
        "_started",
        "_stream",
        "_timer",
        "answer",
        "hinted",
        "over",
        "relays",
        "rtt",
        "sequence",
        "target",
        "tried_stream",
        "way",
    )

    def __init__(
        self,
        target: Claim,
        means: Means,
        schedule: Schedule,
        ended: Callable[[Round], object],
        relays: Callable[[Claim], Sequence[Claim]] = lambda target: (),
        attach: Claim | None = None,
        seen: Callable[[Round], bool] = lambda probe: False,
        same_run: bool = False,
    ) -> None:
        self._same_run = same_run and not target.seven_fields  # each has its own word for theirs
        self.hinted = False
        self.tried_stream = False
        self._enough = seen
        self.target = target
        self.way: Way | None = None
        self.rtt: float | None = None
        self.answer: Message | None = None
        self.over = False
        self._means = means
        self._schedule = schedule
        self._next = 0
        self._ended = ended
        self._choose_relays = relays
        self.relays: Sequence[Claim] = ()
        self._own = _SILENT
        self._seen: dict[str, Kind] = {}
        self._stream: Any = None
        self._second_look = False
        self._connecting: Deferred[Any] | None = None
        self._timer: IDelayedCall | None = None
        self._glance: IDelayedCall | None = None
        self._started = means.clock.seconds()
        self.sequence = means.questions.ask(self._answered)
        if target.seven_fields:
            means.questions.ask_address(target.address, self.sequence, self._answered)
        self._body = sequence_field(self.sequence) + target_fields(target)
        if attach is not None:
            self._body += framed(encode_update(attach, attach.age))
        self._step()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """First-hand observations: ours, and those of the relays that sent a NACK."""
        own = Evidence(self._means.me().name, self._own)
        return (own, *(Evidence(name, kind) for name, kind in self._seen.items()))

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return self._means.clock.seconds() - self._started

    @property
    def own(self) -> Kind:
        """What we saw ourselves."""
        return self._own

    def ping(self, stream: Any) -> None:
        """Send the PING over a stream that is open already, too."""
        if not self.over:
            self._send_ping(stream)

    def take_stream(self) -> Any:
        """The stream that this round has opened, C{None} if there is none: it stays open then.

        May be called until C{ended} has returned.
        """
        stream, self._stream = self._stream, None
        return stream

    def stop(self) -> None:
        """End it without a verdict."""
        self._finish()
        self._close_stream()

    def _finish(self) -> None:
        if self.over:
            return
        self.over = True
        address = self.target.address if self.target.seven_fields else None
        self._means.questions.close(self.sequence, address)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._glance is not None and self._glance.active():
            self._glance.cancel()
        self._glance = None
        if self._connecting is not None:
            self._connecting.cancel()

    def _close_stream(self) -> None:
        stream = self.take_stream()
        if stream is not None:
            stream.close()

    def hasten(self, glance: float) -> None:
        """Something hints at a failure: begin the second stage at once. It proves nothing.

        @param glance: seconds after which to see whether what was seen is enough.
        """
        schedule = self._schedule
        if self.over or self.hinted:
            return
        self.hinted = True
        left = schedule.end - self.elapsed
        if not self.tried_stream and left > 0:
            self._send_ping(self.target.address)
            self._second_stage(left)
        if not self.over and glance < left:
            self._glance = self._means.clock.callLater(glance, self._look)

    # The course of a round

    def _step(self) -> None:
        """Do what is due now, and come back for what is due next."""
        self._timer = None
        if self._next and self._look():
            return
        moment = self._schedule.moments[self._next]
        if not moment.next:
            self._end()
            return
        self._next += 1
        self._timer = self._means.clock.callLater(moment.next, self._step)
        if moment.pings:
            self._send_ping(self.target.address)
            # The first of several tells whether datagrams arrive again.
            if moment.at or len(self._schedule.pings) == 1:
                detour = self._means.protocol.detour(self.target.address)
                if detour is not None:
                    self._send_ping(detour)
        if moment.closer and not self.tried_stream:
            self._second_stage(self._schedule.end - moment.at)

    def _second_stage(self, left: float) -> None:
        self.tried_stream = True
        if self._schedule.relays is not None:
            self._ask_relays(left)
        if self._schedule.stream is not None:
            self._open_stream(left - _STREAM_MARGIN * self._schedule.end)

    def _look(self) -> bool:
        """Whether what was seen is enough to end it now."""
        if not self.over and self._enough(self):
            self._end()
        return self.over

    def _send_ping(self, peer: Any) -> None:
        """The accusation first, to one that is suspected: it should refute at once."""
        news = not self.target.seven_fields
        accused = self._means.record(self.target.name)
        if news and accused is not None and accused.state is _SUSPECT:
            self._means.protocol.send(peer, _PING, self._body, framed(encode_update(accused)))
        else:
            self._means.protocol.send(peer, _PING, self._body, news=news)

    def _ask_relays(self, left: float) -> None:
        budget = fields(budget=int(RELAY_SHARE * left * 1000))
        self.relays = self._choose_relays(self.target)
        for relay in self.relays:
            self._means.protocol.spread(relay.address, MessageType.PING_REQ, self._body, budget)

    def _open_stream(self, timeout: float) -> None:
        if self.target.seven_fields:
            return
        self._connecting = self._means.streams.connect(
            self.target.address, timeout, self._means.protocol.frame_received
        )
        self._connecting.addCallbacks(self._accepted, self._not_accepted)

    def _accepted(self, stream: Any) -> None:
        self._connecting = None
        if self.over:
            stream.close()
            return
        self._stream = stream
        stream.closed = self._closed_by_target
        self._own = Kind.ACCEPTED
        self._send_ping(stream)
        self._look()

    def _closed_by_target(self) -> None:
        """It was accepted and closed without an answer: once, look again. A dying process may close
        what it had accepted a moment before its port."""
        self._stream = None
        left = self._schedule.end * (1 - _STREAM_MARGIN) - self.elapsed
        if not self.over and not self._second_look and left > 0:
            self._second_look = True
            self._open_stream(left)

    def _not_accepted(self, failure: Failure) -> None:
        self._connecting = None
        if failure.check(ConnectionRefusedError):
            self._own = Kind.REFUSED
            self._look()

    # Its end

    def _answered(self, message: Message, peer: Any) -> None:
        if self.over:
            return
        if message.type is _NACK:
            self._seen[message.name] = message.observed
            self._look()
            return
        if message.type is not _ACK or not self._speaks_for_target(message, peer):
            return
        self.answer = message
        self._end()

    def _speaks_for_target(self, message: Message, peer: Any) -> bool:
        """Whether that ACK is the target's, and of the run that was asked for."""
        target = self.target
        if target.seven_fields and not message.version:
            self.way = Way.DATAGRAM
        elif message.name == target.name:
            if target.epoch and message.epoch < target.epoch:
                return False
            self.way = _DATAGRAM if type(peer) is Address else Way.STREAM
            if self.way is _DATAGRAM and self._next == 1:
                self.rtt = max(0.0, self._means.clock.seconds() - self._started)
        elif message.target == target.name and any(r.name == message.name for r in self.relays):
            if self._same_run and message.target_epoch != target.epoch:
                return False
            self.way = Way.RELAY
        else:
            return False
        return True

    def _end(self) -> None:
        self._finish()
        self._ended(self)
        if self._stream is not None:
            self._close_stream()
