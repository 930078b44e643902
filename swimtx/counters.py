"""Counters of a node: plain attributes, read on demand."""

from __future__ import annotations


class Counters:
    """Counts since the node was created.

    @ivar malformed: received datagrams and frames that were not a valid message, by reason.
    @ivar not_admitted: datagrams and streams from addresses that are not admitted.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "datagrams_received",
        "datagrams_sent",
        "frames_received",
        "frames_sent",
        "handler_errors",
        "malformed",
        "not_admitted",
        "other_cluster",
        "pings_answered",
        "probes",
        "probes_failed",
        "relayed",
        "send_failures",
        "updates_sent",
        "wrong_target",
    )

    def __init__(self) -> None:
        self.bytes_received = 0
        self.bytes_sent = 0
        self.datagrams_received = 0
        self.datagrams_sent = 0
        self.frames_received = 0
        self.frames_sent = 0
        self.handler_errors = 0
        self.malformed: dict[str, int] = {}
        self.not_admitted = 0
        self.other_cluster = 0
        self.pings_answered = 0
        self.probes = 0
        self.probes_failed = 0
        self.relayed = 0
        self.send_failures = 0
        self.updates_sent = 0
        self.wrong_target = 0

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """The values of all counters, by name."""
        found: dict[str, int | dict[str, int]] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            found[name] = dict(value) if isinstance(value, dict) else value
        return found
