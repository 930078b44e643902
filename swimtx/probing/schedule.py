"""The schedule of a probe: which message it sends when (SWIM §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

BROKEN_QUIET = 0.02  # protocol periods in which a member whose stream broke may still answer


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """A time at which a probe does something.

    @ivar at: seconds since its start.
    @ivar next: seconds until the next step; 0: this is the end.
    @ivar pings: whether a PING is sent.
    @ivar by_stream_too: whether a PING is sent by the fallback stream as well, if there is one. Of
        several PINGs the first is not: its ACK shows that datagrams arrive again.
    @ivar starts_indirect: whether the second stage begins: a stream is opened, PING_REQs are sent.
    """

    at: float
    next: float
    pings: bool = False
    by_stream_too: bool = False
    starts_indirect: bool = False


@dataclass(frozen=True, slots=True)
class ProbeSchedule:
    """The times of a probe, in seconds since its start.

    @ivar pings: the times of the PINGs.
    @ivar stream: when a stream is opened; C{None}: never.
    @ivar relays: when the PING_REQs are sent; C{None}: never.
    @ivar end: when the probe ends.
    @ivar check: when to check whether the evidence is enough, although nothing is sent; C{None}:
        never.
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
        """The schedule of a member's own probe.

        @param period: the protocol period in seconds.
        @param first_stage: the ping timeout in seconds.
        """
        pings = (0.0, first_stage / 3, 2 * first_stage / 3, first_stage)
        return cls(pings, first_stage, first_stage, period)

    @classmethod
    def relayed(cls, first_stage: float, budget: float, check: float) -> ProbeSchedule:
        """The schedule of a probe on behalf of another member.

        @param first_stage: the ping timeout in seconds.
        @param budget: seconds that the probe takes.
        @param check: seconds after which to check the evidence.
        """
        pings = tuple(t for t in (0.0, first_stage / 3, 2 * first_stage / 3) if t < budget)
        return cls(pings, 0.0, None, budget, check if check < budget else None)
