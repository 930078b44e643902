"""One direction of a simulated stream: in order, with lost segments sent again, as in TCP."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from swimtx.simulation.network import MemoryNetwork

#: Seconds until TCP sends a segment again: the first wait, doubled each time up to the longest; and
#: the number of retries before it gives up (after about a quarter of an hour).
FIRST_RETRY = 0.2
LONGEST_RETRY = 120.0
RETRIES = 15


class Mark(Enum):
    """The segments of a wire that are not data."""

    #: The connection is open: the other side may accept it.
    OPEN = "open"
    #: No more data will come.
    FIN = "fin"
    #: The connection is gone.
    RESET = "reset"


Segment = bytes | Mark


@attrs.define(eq=False, repr=False)
class Wire:
    """Carries segments from one host to another; ACKs, and the way back, are not simulated.

    @param deliver: called with each segment, in order.
    @param give_up: called once, after about 15 minutes in which no segment got through.
    """

    _network: MemoryNetwork
    _source: str
    _destination: str
    _deliver: Callable[[Segment], object]
    _give_up: Callable[[], object]
    #: Each segment not yet delivered, the oldest first, and whether it has been lost.
    _segments: deque[tuple[Segment, bool]] = attrs.field(init=False, factory=deque)
    _due: int = attrs.field(init=False, default=0)
    _latest: float = attrs.field(init=False, default=0.0)
    _retries: int = attrs.field(init=False, default=0)
    _retrying: bool = attrs.field(init=False, default=False)
    _waited: float = attrs.field(init=False, default=0.0)
    #: Seconds without a delivery after which it gives up; TCP_USER_TIMEOUT.
    longest: float | None = attrs.field(init=False, default=None)

    def send(self, segment: Segment) -> None:
        """Send a segment after all earlier segments."""
        clock = self._network.clock
        now = clock.seconds()
        travel = self._network.travel(self._source, self._destination)
        self._segments.append((segment, travel is None))
        self._latest = max(now + (travel or 0.0), self._latest)
        clock.post(self._latest - now, self._arrive)

    def reset(self) -> None:
        """Drop all segments under way, and send a reset."""
        self._segments = deque((b"", lost) for _, lost in self._segments)
        self.send(Mark.RESET)

    def drop(self) -> None:
        """Drop all segments under way, without a reset."""
        self._segments.clear()

    def _arrive(self) -> None:
        self._due += 1
        if not self._retrying:
            self._pass_on()

    def _pass_on(self) -> None:
        """Deliver the segments that have arrived, up to the first lost one."""
        self._retrying = False
        while self._due and self._segments:
            segment, lost = self._segments[0]
            if lost:
                self._wait()
                return
            self._segments.popleft()
            self._due -= 1
            self._deliver(segment)

    def _wait(self) -> None:
        self._retrying = True
        delay = min(FIRST_RETRY * 2.0**self._retries, LONGEST_RETRY)
        self._waited += delay
        self._network.clock.post(delay, self._retry)

    def _retry(self) -> None:
        """Send all waiting segments again; the retry timeout of the first has passed."""
        travel = self._network.travel(self._source, self._destination)
        if not self._segments:
            self._retrying = False
        elif travel is not None:
            self._retries = 0
            self._waited = 0.0
            self._segments = deque((segment, False) for segment, _ in self._segments)
            self._network.clock.post(travel, self._pass_on)
        elif self._retries < RETRIES and (self.longest is None or self._waited < self.longest):
            self._retries += 1
            self._wait()
        else:
            self.drop()
            self._give_up()
