"""The course of a round: when it does what (SWIM §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

BROKEN_QUIET = 0.02  # periods in which one whose stream broke may still answer a PING


@dataclass(frozen=True, slots=True)
class Moment:
    """A time at which something happens in a round.

    @ivar at: seconds since its start.
    @ivar next: seconds until the next one; 0: it is the end.
    @ivar pings: whether a PING goes out.
    @ivar detours: whether one goes by the detour as well, where there is one. Of several the first
        does not: it tells whether datagrams arrive again.
    @ivar closer: whether a closer look begins: a stream is opened, the relays are asked.
    """

    at: float
    next: float
    pings: bool = False
    detours: bool = False
    closer: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a round does what, in seconds since its start.

    @ivar pings: when a PING goes out.
    @ivar stream: when a stream is opened as well; C{None}: not at all.
    @ivar relays: when the relays are asked; C{None}: not at all.
    @ivar end: when it is over.
    @ivar look: when to see whether it is over already, although nothing is sent.
    @ivar moments: all of that in order, up to the end.
    """

    pings: tuple[float, ...]
    stream: float | None
    relays: float | None
    end: float
    look: float | None = None
    moments: tuple[Moment, ...] = field(init=False)

    def __post_init__(self) -> None:
        closer = (self.stream, self.relays)
        several = {*self.pings, *closer, self.look}
        times = sorted(at for at in several if at is not None and at < self.end)
        following = [*times[1:], self.end]
        first = self.pings[0] if len(self.pings) > 1 else None
        moments = [
            Moment(at, after - at, at in self.pings, at != first, at in closer)
            for at, after in zip(times, following, strict=True)
        ]
        object.__setattr__(self, "moments", (*moments, Moment(self.end, 0.0)))

    @classmethod
    @lru_cache(maxsize=64)
    def probe(cls, period: float, first_stage: float) -> Schedule:
        """A member's own round."""
        pings = (0.0, first_stage / 3, 2 * first_stage / 3, first_stage)
        return cls(pings, first_stage, first_stage, period)

    @classmethod
    def relayed(cls, first_stage: float, budget: float, look: float) -> Schedule:
        """A round on behalf of another member, which must be over within C{budget}."""
        pings = tuple(t for t in (0.0, first_stage / 3, 2 * first_stage / 3) if t < budget)
        return cls(pings, 0.0, None, budget, look if look < budget else None)
