"""Leaves the group: sends LEAVE to all living members, and waits for their ACKs for a while."""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from swimtx.config import Config
from swimtx.membership.claim import Claim
from swimtx.membership.events import Event, RecordChange, WatchOrder
from swimtx.membership.table import Membership
from swimtx.timer import Timer
from swimtx.transport.messenger import Messenger
from swimtx.transport.route import Peer
from swimtx.wire.codec import encode_update, framed, sequence_field
from swimtx.wire.messages import Message, MessageType

_AGAIN = 0.2  # seconds until a LEAVE is sent again to a member that has not acknowledged it
_PACE = 50  # LEAVEs a tick
_BY_STREAM_FROM = 3  # LEAVEs to a member; with that many a stream is tried as well


@attrs.define(eq=False, repr=False)
class Leaving:
    """Sends LEAVE to all living members, and acknowledges the LEAVEs of others."""

    _clock: IReactorTime
    _membership: Membership
    _messenger: Messenger
    _config: Config
    _unaware: dict[str, Claim] = attrs.field(init=False, factory=dict)
    _tries: dict[str, int] = attrs.field(init=False, factory=dict)
    _sequence: int = attrs.field(init=False, default=0)
    _ticker: Timer = attrs.field(init=False)
    _bound: Timer = attrs.field(init=False)
    _done: Deferred[None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._ticker = Timer(self._clock)
        self._bound = Timer(self._clock)
        self._messenger.protocol.handle(MessageType.LEAVE, self._leave_received)
        self._membership.watch(self._changed, WatchOrder.LEAVE)

    def leave(self) -> Deferred[None]:
        """Change our state to left, and send LEAVE.

        @return: a Deferred of C{None}, which fires when all living members have acknowledged, or
            after C{leave_timeout} seconds, or at L{stop}.
        """
        self._done = Deferred()
        me = self._membership.local.name
        # The original schema has no LEAVE; its peers get a FAIL.
        self._unaware = {
            c.name: c
            for c in self._membership.claims()
            if c.state.living and c.name != me and not c.legacy
        }
        self._membership.depart()
        self._sequence = self._messenger.requests.open(self._ack_received)
        self._bound.set(self._config.leave_timeout, self._finish)
        done = self._done
        self._tick()
        return done

    def stop(self) -> None:
        """Send LEAVE no more; the Deferred of L{leave} fires."""
        self._finish()

    def _tick(self) -> None:
        if not self._unaware:
            self._finish()
            return
        self._ticker.set(_AGAIN, self._tick)
        least_tried = sorted(self._unaware, key=lambda name: self._tries.get(name, 0))
        for name in least_tried[:_PACE]:
            self._send_leave(self._unaware[name])

    def _send_leave(self, member: Claim) -> None:
        tries = self._tries[member.name] = self._tries.get(member.name, 0) + 1
        mine = framed(encode_update(self._membership.local))
        body = sequence_field(self._sequence) + mine
        self._messenger.send(member.address, MessageType.LEAVE, body)
        if tries == _BY_STREAM_FROM:
            self._messenger.connect(member.address, self._config.leave_timeout).addCallbacks(
                lambda stream: self._messenger.protocol.send(stream, MessageType.LEAVE, body),
                lambda failure: None,
            )

    def _ack_received(self, message: Message, peer: Peer) -> None:
        if self._unaware.pop(message.name, None) is not None and not self._unaware:
            self._finish()

    def _changed(self, change: RecordChange) -> None:
        """Wait no more for a member that has failed or left."""
        if change.event in (Event.FAILED, Event.LEFT) and self._unaware:
            self._unaware.pop(change.claim.name, None)

    def _finish(self) -> None:
        self._ticker.cancel()
        self._bound.cancel()
        self._messenger.requests.close(self._sequence)
        self._unaware.clear()
        self._tries.clear()
        done, self._done = self._done, None
        if done is not None:
            done.callback(None)

    def _leave_received(self, message: Message, peer: Peer) -> None:
        """Acknowledge a LEAVE; the update in it has been applied."""
        if message.sequence:
            body = sequence_field(message.sequence)
            self._messenger.protocol.send(peer, MessageType.ACK, body)
