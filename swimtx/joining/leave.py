"""Leaving: tell everybody, and wait until they know, within bounds."""

from __future__ import annotations

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

_AGAIN = 0.2  # seconds until a LEAVE is sent again to those who have not acknowledged it
_PACE = 50  # LEAVEs a tick
_BY_STREAM_FROM = 3  # ticks after which a stream is tried as well


class Leaving:
    """Sends LEAVE to all living members, and acknowledges the LEAVEs of others."""

    def __init__(
        self,
        clock: IReactorTime,
        membership: Membership,
        messenger: Messenger,
        config: Config,
    ) -> None:
        self._membership = membership
        self._messenger = messenger
        self._protocol = messenger.protocol
        self._requests = messenger.requests
        self._config = config
        self._unaware: dict[str, Claim] = {}
        self._tries: dict[str, int] = {}
        self._sequence = 0
        self._ticker = Timer(clock)
        self._bound = Timer(clock)
        self._done: Deferred[None] | None = None
        self._protocol.handle(MessageType.LEAVE, self._heard)
        membership.watch(self._changed, WatchOrder.LEAVE)

    def leave(self) -> Deferred[None]:
        """Mark ourselves left and tell. Fires when all living members know, or at the bound."""
        self._done = Deferred()
        me = self._membership.local.name
        self._unaware = {
            c.name: c for c in self._membership.claims() if c.state.living and c.name != me
        }
        self._membership.depart()
        # The original knows no LEAVE; it is told by FAIL.
        self._unaware = {n: c for n, c in self._unaware.items() if not c.legacy}
        self._sequence = self._requests.open(self._acknowledged)
        self._bound.set(self._config.leave_timeout, self._finish)
        done = self._done
        self._tick()
        return done

    def stop(self) -> None:
        """Tell nobody any more."""
        self._finish()

    def _tick(self) -> None:
        if not self._unaware:
            self._finish()
            return
        self._ticker.set(_AGAIN, self._tick)
        least_tried = sorted(self._unaware, key=lambda name: self._tries.get(name, 0))
        for name in least_tried[:_PACE]:
            self._tell(self._unaware[name])

    def _tell(self, member: Claim) -> None:
        tries = self._tries[member.name] = self._tries.get(member.name, 0) + 1
        mine = framed(encode_update(self._membership.local))
        body = sequence_field(self._sequence) + mine
        self._messenger.send(member.address, MessageType.LEAVE, body)
        if tries == _BY_STREAM_FROM:
            self._messenger.connect(member.address, self._config.leave_timeout).addCallbacks(
                lambda stream: self._protocol.send(stream, MessageType.LEAVE, body),
                lambda failure: None,
            )

    def _acknowledged(self, message: Message, peer: Peer) -> None:
        if self._unaware.pop(message.name, None) is not None and not self._unaware:
            self._finish()

    def _changed(self, change: RecordChange) -> None:
        """Whoever is gone need not be told."""
        if change.event in (Event.FAILED, Event.LEFT) and self._unaware:
            self._unaware.pop(change.claim.name, None)

    def _finish(self) -> None:
        self._ticker.cancel()
        self._bound.cancel()
        self._requests.close(self._sequence)
        self._unaware.clear()
        self._tries.clear()
        done, self._done = self._done, None
        if done is not None:
            done.callback(None)

    def _heard(self, message: Message, peer: Peer) -> None:
        """Somebody leaves; the update that came along has been applied."""
        if message.sequence:
            self._protocol.send(peer, MessageType.ACK, sequence_field(message.sequence))
