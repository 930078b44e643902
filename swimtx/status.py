"""What a member says of itself to people, and to the programs that they ask with."""

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
    """A member at one moment. Times are in seconds.

    @ivar address: its host, an IP literal.
    @ivar state: C{"alive"}, or C{"left"}.
    @ivar local_health: 0 is best, 7 is worst (Lifeguard §IV-A).
    @ivar expected: for each kind of failure (C{killed}, C{stalled}, C{hung}, C{silent}) when it
        should be known everywhere: C{{"soonest": ..., "latest": ...}}.
    @ivar members: how many are in each state, oneself included.
    @ivar refutations: how often it has refuted what others said of it.
    @ivar refused: newcomers that were turned away because the list was full.
    @ivar counters: what has been counted, by name.
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

        @raise NotRunning: it has never been started.
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
        """The JSON object that C{swimtx info} shows."""
        return asdict(self)
