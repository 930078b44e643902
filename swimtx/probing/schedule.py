"""The course of a round: when it does what (SWIM §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

BROKEN_QUIET = 0.02  # periods in which one whose stream broke may still answer a PING


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """A time at which something happens in a round.

    @ivar at: seconds since its start.
    @ivar next: seconds until the next one; 0: it is the end.
    @ivar pings: whether a PING goes out.
    @ivar by_stream_too: whether one goes by the fallback stream as well, if there is one. Of
        several PINGs the first does not: it tells whether datagrams arrive again.
    @ivar starts_indirect: whether the second stage begins: a stream is opened, relays are asked.
    """

    at: float
    next: float
    pings: bool = False
    by_stream_too: bool = False
    starts_indirect: bool = False


@dataclass(frozen=True, slots=True)
class ProbeSchedule:
    """When a round does what, in seconds since its start.

    @ivar pings: when a PING goes out.
    @ivar stream: when a stream is opened as well; C{None}: not at all.
    @ivar relays: when the relays are asked; C{None}: not at all.
    @ivar end: when it is over.
    @ivar check: when to see whether it is over already, although nothing is sent.
    @ivar steps: all of that in order, up to the end.
    """

    pings: tuple[float, ...]
    stream: float | None
    relays: float | None
    end: float
    check: float | None = None
    steps: tuple[ProbeStep, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts_indirect = (self.stream, self.relays)
        several = {*self.pings, *starts_indirect, self.check}
        times = sorted(at for at in several if at is not None and at < self.end)
        following = [*times[1:], self.end]
        first = self.pings[0] if len(self.pings) > 1 else None
        steps = [
            ProbeStep(at, after - at, at in self.pings, at != first, at in starts_indirect)
            for at, after in zip(times, following, strict=True)
        ]
        object.__setattr__(self, "steps", (*steps, ProbeStep(self.end, 0.0)))

    @classmethod
    @lru_cache(maxsize=64)
    def probe(cls, period: float, first_stage: float) -> ProbeSchedule:
        """A member's own round."""
        pings = (0.0, first_stage / 3, 2 * first_stage / 3, first_stage)
        return cls(pings, first_stage, first_stage, period)

    @classmethod
    def relayed(cls, first_stage: float, budget: float, check: float) -> ProbeSchedule:
        """A round on behalf of another member, which must be over within C{budget}."""
        pings = tuple(t for t in (0.0, first_stage / 3, 2 * first_stage / 3) if t < budget)
        return cls(pings, 0.0, None, budget, check if check < budget else None)
