"""By which way a member has answered, and so can be reached."""

from __future__ import annotations

import enum


class Route(enum.Enum):
    """How an ACK came."""

    DATAGRAM = "datagram"
    STREAM = "stream"
    RELAY = "relay"
