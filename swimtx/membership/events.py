"""Changes of the member list, and the notifier that reports them to watchers and subscribers."""

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
    """The kind of a change, as a word for people and scripts."""

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
    """In which order components hear a change, the lower first: not the order of construction.

    Monitors ask for the grade that the suspicion timers have found for the same change. Components
    that send (failure broadcast, reconnector, table exchange) hear it after those that decide.
    """

    UPDATE_QUEUE = 1
    TOMBSTONES = 2
    SUSPICION_TIMERS = 3
    MONITORS = 4
    FAILURE_DETECTOR = 5
    TRIPWIRES = 6
    NAME_CONFLICTS = 7
    FAILURE_BROADCAST = 8
    RECONNECT = 9
    ANTI_ENTROPY = 10
    LEAVE = 11


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the member list, as subscribers hear it.

    @ivar event: what happened.
    @ivar member: the member as it is now.
    @ivar before: the member as it was, C{None} if no member of that name was known.
    @ivar why: what was seen, and by which members, in a sentence for people.
    """

    event: Event
    member: Member
    before: Member | None
    why: str


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change of a record, as the components of a member hear it.

    @ivar claim: the record that is held now.
    @ivar held: the record that was held before; the same as C{claim} if no record has changed.
    @ivar spread: whether others should hear of it from us.
    @ivar told: what subscribers hear; C{None} where only the protocol has to spread something:
        evidence that grew, an incarnation that rose.
    """

    claim: Claim
    held: Claim | None = None
    spread: bool = True
    told: Change | None = None

    @property
    def event(self) -> Event | None:
        """What subscribers hear of."""
        return None if self.told is None else self.told.event


Listener = Callable[[Change], object]
Watcher = Callable[[RecordChange], object]


class ChangeNotifier:
    """Reports changes to watchers and subscribers, one change after the other.

    Changes are queued, so that a listener may cause another change and every listener still
    receives them in the order in which they were made. An exception in a listener is logged; the
    listener stays registered.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._watchers: list[tuple[WatchOrder, Watcher]] = []
        self._listeners: dict[object, Listener] = {}
        self._queue: deque[RecordChange] = deque()
        self._reporting = False

    def watch(self, watcher: Watcher, order: WatchOrder) -> Callable[[], None]:
        """Tell C{watcher(change)} every change in that order, before the subscribers.

        Of several watchers with the same place in it the first registered hears it first.

        @return: a callable that ends it.
        """
        registered = (order, watcher)
        # A new list: a watcher may end while the old one is gone through.
        self._watchers = sorted([*self._watchers, registered], key=itemgetter(0))

        def stop() -> None:
            self._watchers = [other for other in self._watchers if other is not registered]

        return stop

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call C{listener(change)} for each change that has an event.

        @return: a function that ends the subscription; further calls of it have no effect.
        @raise TypeError: C{listener} cannot be called.
        """
        if not callable(listener):
            raise TypeError(f"a listener must be callable, not {listener!r}")
        subscription = object()
        self._listeners[subscription] = listener

        def stop() -> None:
            self._listeners.pop(subscription, None)

        return stop

    def announce(self, change: RecordChange) -> None:
        """Tell a change, after those that are being told."""
        self._queue.append(change)
        if self._reporting:
            return
        self._reporting = True
        try:
            while self._queue:
                self._report(self._queue.popleft())
        finally:
            self._reporting = False

    def _report(self, change: RecordChange) -> None:
        for registered in self._watchers:
            try:
                registered[1](change)
            except Exception:
                self._log.failure("a component failed on {change}", change=change)
        told = change.told
        if told is not None:
            for subscription, listener in list(self._listeners.items()):
                if subscription in self._listeners:  # and not ended by one that heard it sooner
                    try:
                        listener(told)
                    except Exception:
                        self._log.failure("a listener failed on {change}", change=told)


def event_between(held: Claim | None, claim: Claim) -> Event | None:
    """The event of the transition from C{held} to C{claim}; C{None} if there is none."""
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
