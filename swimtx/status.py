"""The status of a member, for users and for their programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.membership.claim import State
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.detection_times import expected_detection_times


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """The status of a member at one time. Durations are in seconds.

    @ivar address: the member's host, an IP literal.
    @ivar state: C{"alive"}, or C{"left"}.
    @ivar epoch: milliseconds since 1970 at the start of the run.
    @ivar incarnation: the incarnation number within the run (SWIM §4.2).
    @ivar silence_tolerance: in seconds, unlike in C{Config}.
    @ivar local_health: the local health score, 0 (healthy) to 7 (worst) (Lifeguard §IV-A).
    @ivar expected: for each kind of failure (C{killed}, C{stalled}, C{hung}, C{silent}) the bounds
        of the time until all members should know it: C{{"soonest": ..., "latest": ...}}.
    @ivar members: the number of members in each state, the local member included.
    @ivar refutations: the number of claims that the member has refuted.
    @ivar refused: the number of newcomers that were refused because the member list was full.
    @ivar counters: the values of the node's C{Counters}, by name.
    """

    name: str
    address: str
    port: int
    state: str
    epoch: int
    incarnation: int
    cluster: str
    profile: str
    protocol_period: float
    ping_timeout: float
    silence_tolerance: float
    patience: float
    local_health: int
    expected: Mapping[str, Mapping[str, float]]
    members: Mapping[str, int]
    refutations: int
    refused: int
    counters: Mapping[str, int | Mapping[str, int]]

    @classmethod
    def of(
        cls, membership: Membership, config: Config, health: LocalHealth, counters: Counters
    ) -> NodeStatus:
        """The status of the member with these components.

        @raise NotRunning: the member has never been started.
        """
        me = membership.local
        states = [claim.state for claim in membership.claims()]
        expected = expected_detection_times(config, membership.living)
        return cls(
            name=me.name,
            address=me.address.host,
            port=me.address.port,
            state=me.state.value,
            epoch=me.epoch,
            incarnation=me.incarnation,
            cluster=config.cluster,
            profile=config.profile,
            protocol_period=config.protocol_period,
            ping_timeout=config.ping_timeout,
            silence_tolerance=config.silence_tolerance_seconds,
            patience=config.patience,
            local_health=health.score,
            expected={
                kind: {"soonest": round(span.soonest, 3), "latest": round(span.latest, 3)}
                for kind, span in expected.items()
            },
            members={state.value: states.count(state) for state in State},
            refutations=membership.refutations,
            refused=membership.refused,
            counters=counters.as_dict(),
        )

    def to_json(self) -> dict[str, object]:
        """The status as a JSON object, as C{swimtx info} shows it."""
        return asdict(self)
