"""What a member says of itself to people, and to the programs that they ask with."""

from __future__ import annotations

from typing import Any

from swimtx.config import Config
from swimtx.counters import Counters
from swimtx.membership.claim import State
from swimtx.membership.table import Membership
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.detection_times import expected_detection_times


def status(
    membership: Membership, config: Config, health: LocalHealth, counters: Counters
) -> dict[str, Any]:
    """Ourselves, counts by state, times in seconds and counters, ready for JSON."""
    me = membership.me
    members = membership.members()
    return {
        "name": me.name,
        "address": me.address.host,
        "port": me.address.port,
        "state": me.state.value,
        "epoch": me.epoch,
        "incarnation": me.incarnation,
        "cluster": config.cluster,
        "profile": config.profile,
        "protocol_period": config.period,
        "ping_timeout": config.first_stage,
        "silence_tolerance": config.silence_tolerance_seconds,
        "patience": config.patience_seconds,
        "local_health": health.score,
        "expected": {
            kind: {"soonest": round(span.soonest, 3), "latest": round(span.latest, 3)}
            for kind, span in expected_detection_times(config, membership.living).items()
        },
        "members": {s.value: sum(m.state is s for m in members) for s in State},
        "refutations": membership.refutations,
        "refused": membership.refused,
        "counters": counters.as_dict(),
    }
