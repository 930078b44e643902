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
    """The order in which the components of a member receive a change, the lower first. It is
    independent of the order in which they are created.

    The monitors need the grade that the suspicion timers compute from the same change. The
    components that send (failure notices, resurrection, table exchange) come after those that
    decide.
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
    """One change of the member list.

    @ivar event: the event for subscribers; C{None} for a change that only swimtx itself spreads:
        evidence that grew, an incarnation that rose.
    @ivar member: the member after the change.
    @ivar before: the member before the change; C{None} if its name was unknown.
    @ivar why: the observations and their witnesses, for people; empty if there is no event.
    @ivar claim: the record after the change.
    @ivar held: the record before the change; C{None} if the name was unknown.
    @ivar spread: whether this node gossips the change.
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
    """Reports changes to watchers and subscribers, one change after the other.

    Changes are queued, so that a listener may cause another change and every listener still
    receives them in the order in which they were made. An exception in a listener is logged; the
    listener stays registered.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._watchers: list[tuple[WatchOrder, Listener]] = []
        self._listeners: dict[object, Listener] = {}
        self._queue: deque[Change] = deque()
        self._reporting = False

    def watch(self, watcher: Listener, order: WatchOrder) -> None:
        """Call C{watcher(change)} for every change, in C{order}, before the subscribers.

        Watchers of equal order are called in the order of their registration.
        """
        self._watchers.append((order, watcher))
        self._watchers.sort(key=itemgetter(0))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call C{listener(change)} for each change that has an event.

        @return: a function that ends the subscription; further calls of it have no effect.
        """
        subscription = object()
        self._listeners[subscription] = listener

        def stop() -> None:
            self._listeners.pop(subscription, None)

        return stop

    def announce(self, change: Change) -> None:
        """Report a change, after the changes that are being reported."""
        self._queue.append(change)
        if self._reporting:
            return
        self._reporting = True
        try:
            while self._queue:
                self._report(self._queue.popleft())
        finally:
            self._reporting = False

    def _report(self, change: Change) -> None:
        for _, watcher in self._watchers:  # fixed once the node is built
            self._call(watcher, change)
        if change.event is not None:
            for subscription, listener in list(self._listeners.items()):
                if subscription in self._listeners:  # an earlier listener may end it
                    self._call(listener, change)

    def _call(self, listener: Listener, change: Change) -> None:
        try:
            listener(change)
        except Exception:
            self._log.failure("a listener failed on {change}", change=change)


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
