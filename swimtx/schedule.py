"""The course of a round: when it does what (SWIM §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a round does what, in seconds since its start.

    @ivar pings: when a PING goes out.
    @ivar stream: when a stream is opened as well; C{None}: not at all.
    @ivar relays: when the relays are asked; C{None}: not at all.
    @ivar end: when it is over.
    @ivar look: when to see whether it is over already, although nothing is sent.
    @ivar moments: all times at which something happens, in order.
    """

    pings: tuple[float, ...]
    stream: float | None
    relays: float | None
    end: float
    look: float | None = None
    moments: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        several = {*self.pings, self.end}
        several |= {when for when in (self.stream, self.relays, self.look) if when is not None}
        object.__setattr__(self, "moments", tuple(sorted(several)))

    @classmethod
    def probe(cls, period: float, first_stage: float) -> Schedule:
        """A member's own round."""
        pings = (0.0, first_stage / 3, 2 * first_stage / 3, first_stage)
        return cls(pings, first_stage, first_stage, period)

    @classmethod
    def relayed(cls, first_stage: float, budget: float, look: float) -> Schedule:
        """A round on behalf of another member, which must be over within C{budget}."""
        pings = tuple(t for t in (0.0, first_stage / 3, 2 * first_stage / 3) if t < budget)
        return cls(pings, 0.0, None, budget, look if look < budget else None)
