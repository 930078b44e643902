"""What changed in the member list, as values, and how those who listen are told."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

from twisted.logger import Logger

from swimtx.membership.claim import Claim, State
from swimtx.membership.member import Member


class Event(enum.StrEnum):
    """What happened, as a word for people and scripts."""

    JOINED = "joined"
    SUSPECTED = "suspected"
    STALLED = "stalled"
    RECOVERED = "recovered"
    FAILED = "failed"
    LEFT = "left"
    UPDATED = "updated"
    CONFLICT = "conflict"
    ISOLATED = "isolated"
    RECONNECTED = "reconnected"


class WatchOrder(enum.IntEnum):
    """In which order the parts of a member hear a change, the lower first. It is not the order
    in which they are made.

    Monitors ask for the grade that the suspicion timers have found for the same change. Those who
    send (failure notices, resurrection, table exchange) do so after those who decide.
    """

    UPDATE_QUEUE = 1
    TOMBSTONES = 2
    VERIFICATION = 3
    SUSPICION = 4
    MONITORS = 5
    FAILURE_DETECTOR = 6
    TRIPWIRES = 7
    NAME_CONFLICTS = 8
    FAILURE_NOTICES = 9
    RESURRECTION = 10
    ANTI_ENTROPY = 11
    LEAVING = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the list.

    @ivar event: what a subscriber is told, or C{None} for what only swimtx itself needs to spread:
        evidence that grew, an incarnation that rose.
    @ivar member: the member as it is now.
    @ivar before: the member as it was, C{None} if nobody of that name was known.
    @ivar why: what was seen, and by whom; empty where there is no event.
    @ivar claim: the record that is held now.
    @ivar held: the record that was held before.
    @ivar spread: whether others should hear of it from us.
    """

    event: Event | None
    member: Member
    before: Member | None
    why: str
    claim: Claim
    held: Claim | None = None
    spread: bool = True


Listener = Callable[[Change], object]


class ChangeNotifier:
    """Tells changes to all who listen, one change after the other.

    They are queued, so that a listener may cause another change and all still hear them in the
    order in which they were made. One that raises is logged, and keeps its place.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._watchers: list[tuple[WatchOrder, Listener]] = []
        self._listeners: dict[object, Listener] = {}
        self._queue: deque[Change] = deque()
        self._telling = False

    def watch(self, watcher: Listener, order: WatchOrder) -> None:
        """Tell C{watcher(change)} every change in that order, before those who subscribed.

        Of several of the same place in it the first registered hears it first.
        """
        self._watchers.append((order, watcher))
        self._watchers.sort(key=itemgetter(0))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell C{listener(change)} those that have an event. Call what is returned to end it."""
        subscription = object()
        self._listeners[subscription] = listener

        def stop() -> None:
            self._listeners.pop(subscription, None)

        return stop

    def announce(self, change: Change) -> None:
        """Tell a change, after those that are being told."""
        self._queue.append(change)
        if self._telling:
            return
        self._telling = True
        try:
            while self._queue:
                self._tell(self._queue.popleft())
        finally:
            self._telling = False

    def _tell(self, change: Change) -> None:
        for _, watcher in self._watchers:  # as many as the node was built with
            self._call(watcher, change)
        if change.event is not None:
            for subscription, listener in list(self._listeners.items()):
                if subscription in self._listeners:  # and not ended by one who heard it sooner
                    self._call(listener, change)

    def _call(self, listener: Listener, change: Change) -> None:
        try:
            listener(change)
        except Exception:
            self._log.failure("a listener failed on {change}", change=change)


def event_between(held: Claim | None, claim: Claim) -> Event | None:
    """The event of going from one record of a name to another; C{None} if there is none to tell."""
    state = claim.state
    if held is None or claim.epoch > held.epoch:
        if state.living:
            return Event.JOINED
        return Event.LEFT if state is State.LEFT else Event.FAILED
    if state is held.state:
        visible = (claim.tags, claim.address) != (held.tags, held.address)
        return Event.UPDATED if visible else None
    if state is State.LEFT:
        return Event.LEFT
    if state is State.FAILED:
        return Event.FAILED
    if state is State.SUSPECT and held.state is State.ALIVE:
        return Event.SUSPECTED
    return Event.RECOVERED
