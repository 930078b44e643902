"""The times that go together, in seconds: what a member is set to unless it is told otherwise.

C{silence_tolerance} alone is counted in protocol periods.
"""

from __future__ import annotations

PRESETS: dict[str, dict[str, float]] = {
    "local": {
        "protocol_period": 1.0,
        "gossip_interval": 0.1,
        "table_interval": 15.0,
        "silence_tolerance": 3.0,
        "patience": 30.0,
    },
    "lan": {
        "protocol_period": 1.0,
        "gossip_interval": 0.2,
        "table_interval": 30.0,
        "silence_tolerance": 5.0,
        "patience": 30.0,
    },
    "wan": {
        "protocol_period": 5.0,
        "gossip_interval": 0.5,
        "table_interval": 60.0,
        "silence_tolerance": 7.0,
        "patience": 60.0,
    },
}
PROFILES = tuple(PRESETS)
