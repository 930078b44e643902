"""The settings of one member, their presets, and the checks of their values.

Times are in seconds. ``Config.lan()``, ``Config.wan()`` and ``Config.local()`` are the presets;
each takes every field as a keyword, except the profile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypedDict, Unpack

from swimtx.addresses import Address, is_loopback, normal_host
from swimtx.errors import BadConfig
from swimtx.limits import MAX_CLUSTER_BYTES, MAX_NAME_BYTES, check_tags, check_text

# In seconds, except the silence tolerance, which is in protocol periods.
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

_BY_PROFILE: Any = None  # filled in from the profile
_BY_TYPE: Any = None  # filled in from the type of addresses
_LOOPBACK = {"udp4": "127.0.0.1", "udp6": "::1"}


class Settings(TypedDict, total=False):
    """The fields of L{Config} as keywords of its presets, which choose the profile."""

    name: str | None
    port: int
    interface: str
    type: str
    advertise: tuple[str, int] | None
    insecure: bool
    cluster: str
    tags: Mapping[str, str]
    protocol_period: float
    ping_timeout: float
    relays: int
    gossip_interval: float
    gossip_fanout: int
    transmissions: float
    silence_tolerance: float
    patience: float
    refused_verdict: bool
    tripwires: bool
    phased: bool
    table_interval: float
    renewal_interval: float
    direct_notice_limit: int
    max_members: int
    max_remembered: int
    failed_memory: float
    left_memory: float
    leave_timeout: float
    join_timeout: float
    capacity: int


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one member; frozen.

    @ivar name: the member's name in the group, unique and stable, 1 to 128 bytes of UTF-8; C{None}:
        C{<hostname>-<port>}.
    @ivar port: the number of the UDP and of the TCP port; 0: the system picks it.
    @ivar interface: the IP literal to bind; C{None}: loopback, or with C{insecure} all addresses.
    @ivar type: the kind of addresses, C{"udp4"} or C{"udp6"}.
    @ivar advertise: C{(host, port)} that other members use, the host an IP literal; port 0: the
        bound one.
    @ivar insecure: whether C{interface} may be beyond loopback, without encryption.
    @ivar cluster: the group's name, 1 to 64 bytes; members of different clusters ignore each other.
    @ivar tags: text to text, which every member can read; at most 32, and 512 bytes together.
    @ivar profile: the preset of times: C{"local"}, C{"lan"} or C{"wan"}.
    @ivar protocol_period: T', seconds between two probes (SWIM §3.1). A shorter period detects
        failures sooner, and costs two datagrams a probe.
    @ivar ping_timeout: seconds until a probe asks relays; at most 0.6 T'. The PING is repeated at
        1/3 and 2/3 of it.
    @ivar relays: k, the number of members that are sent a PING_REQ (SWIM §3.1). More relays lower
        the false positives under packet loss, and add up to 4k datagrams for each probe without an
        ACK.
    @ivar gossip_interval: seconds between two gossip ticks, while there are updates to send.
    @ivar gossip_fanout: the number of members that each gossip tick sends to.
    @ivar transmissions: lambda: an update is sent lambda * ceil(ln(n+1)) times (SWIM §4.1).
    @ivar silence_tolerance: Ts, in protocol periods: a host that was silent for less than Ts + 1
        periods is not declared failed. The detection of a host that is gone takes exactly that much
        longer.
    @ivar patience: seconds until a stalled process, whose host still accepts streams, is declared
        failed. A longer patience allows longer stalls; a hung process is reported stalled at once,
        and declared failed that much later.
    @ivar refused_verdict: whether refused streams prove that a process has ended. If not, a refusal
        counts as silence: for networks where an attacker on the path may forge a TCP reset.
    @ivar tripwires: whether an idle stream is held to each of three neighbours, which breaks when
        the neighbour's process ends. If not, the next probe detects a killed process, about a
        second later: for networks where a middlebox closes idle streams.
    @ivar phased: whether probes are spread so that every member is probed once a period. If not,
        targets are selected by the paper's randomised round robin (SWIM §4.3).
    @ivar table_interval: seconds between two table exchanges with a random member.
    @ivar renewal_interval: seconds between two registrations with the bootstrap nodes.
    @ivar direct_notice_limit: the largest group, in members, in which a FAIL is sent to every
        member at once.
    @ivar max_members: the most names that the member list holds.
    @ivar max_remembered: the most failed and left members among them.
    @ivar failed_memory: seconds that a failed member is remembered, and is asked from time to time
        whether it is back.
    @ivar left_memory: seconds that a member that left is remembered.
    @ivar leave_timeout: seconds that C{leave()} waits for acknowledgements.
    @ivar join_timeout: seconds without an answer of a seed after which C{join()} fails.
    @ivar capacity: bytes of the largest datagram that is sent, 1280 to 65000.
    @raise BadConfig: a value has the wrong type or exceeds its limits, or two contradict each
        other; the text says which and why.
    """

    name: str | None = None
    port: int = 7946
    interface: str = _BY_TYPE
    type: str = "udp4"
    advertise: tuple[str, int] | None = None
    insecure: bool = False
    cluster: str = "default"
    tags: Mapping[str, str] = field(default_factory=dict)
    profile: str = "lan"
    protocol_period: float = _BY_PROFILE
    ping_timeout: float = _BY_PROFILE
    relays: int = 3
    gossip_interval: float = _BY_PROFILE
    gossip_fanout: int = 3
    transmissions: float = 3.0
    silence_tolerance: float = _BY_PROFILE
    patience: float = _BY_PROFILE
    refused_verdict: bool = True
    tripwires: bool = True
    phased: bool = True
    table_interval: float = _BY_PROFILE
    renewal_interval: float = 10.0
    direct_notice_limit: int = 64
    max_members: int = 16384
    max_remembered: int = 10000
    failed_memory: float = 24 * 3600.0
    left_memory: float = 3600.0
    leave_timeout: float = 5.0
    join_timeout: float = 10.0
    capacity: int = 1400

    @classmethod
    def local(cls, **settings: Unpack[Settings]) -> Config:
        """The preset for members on one machine or rack.

        @raise BadConfig: as for L{Config}.
        """
        return cls(profile="local", **settings)

    @classmethod
    def lan(cls, **settings: Unpack[Settings]) -> Config:
        """The preset for members in one data centre, which is also the default.

        @raise BadConfig: as for L{Config}.
        """
        return cls(profile="lan", **settings)

    @classmethod
    def wan(cls, **settings: Unpack[Settings]) -> Config:
        """The preset for members in several data centres.

        @raise BadConfig: as for L{Config}.
        """
        return cls(profile="wan", **settings)

    def __post_init__(self) -> None:
        self._fill_in()
        self._check_types()
        self._check_identity()
        self._check_addresses()
        self._check_times()

    @property
    def silence_tolerance_seconds(self) -> float:
        """The silence tolerance in seconds instead of protocol periods."""
        return self.silence_tolerance * self.protocol_period

    def _fill_in(self) -> None:
        preset = PRESETS.get(self.profile) if isinstance(self.profile, str) else None
        if preset is None:
            raise BadConfig(f"profile must be one of {', '.join(PROFILES)}, not {self.profile!r}")
        unset = {setting for setting, value in vars(self).items() if value is None}
        for setting, value in preset.items():
            if setting in unset:
                object.__setattr__(self, setting, value)
        self._follow_the_period(unset)
        if self.type not in _LOOPBACK:
            raise BadConfig(f"type must be udp4 or udp6, not {self.type!r}")
        if "interface" in unset:
            wildcard = "::" if self.type == "udp6" else "0.0.0.0"
            chosen = wildcard if self.insecure else _LOOPBACK[self.type]
            object.__setattr__(self, "interface", chosen)
        if not isinstance(self.tags, Mapping):
            raise BadConfig(f"tags must be a mapping of text to text, not {self.tags!r}")
        object.__setattr__(self, "tags", MappingProxyType(dict(self.tags)))

    def _follow_the_period(self, unset: set[str]) -> None:
        """Fill in the defaults that depend on the protocol period, after checking its type."""
        for setting in ("protocol_period", "silence_tolerance"):
            value: object = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise BadConfig(f"{setting} must be a number, not {value!r}")
        if "patience" in unset and self.patience < self.silence_tolerance_seconds:
            object.__setattr__(self, "patience", self.silence_tolerance_seconds)
        if "ping_timeout" in unset:
            object.__setattr__(self, "ping_timeout", 0.45 * self.protocol_period)

    def _check_types(self) -> None:
        for expected, (kinds, settings) in _TYPES.items():
            for setting in settings:
                value = getattr(self, setting)
                if isinstance(value, bool) is not (bool in kinds) or not isinstance(value, kinds):
                    raise BadConfig(f"{setting} must be {expected}, not {value!r}")
        if self.name is not None and not isinstance(self.name, str):
            raise BadConfig(f"name must be a text, not {self.name!r}")
        match self.advertise:
            case None | (str(), int()):
                pass
            case _:
                raise BadConfig(f"advertise must be (host, port), not {self.advertise!r}")

    def _check_identity(self) -> None:
        try:
            if self.name is not None:
                check_text(self.name, MAX_NAME_BYTES, "the member's name")
            check_text(self.cluster, MAX_CLUSTER_BYTES, "the cluster's name")
            check_tags(self.tags.items())
        except ValueError as error:
            raise BadConfig(str(error)) from None

    def _check_addresses(self) -> None:
        if not 0 <= self.port <= 0xFFFF:
            raise BadConfig(f"port must be 0 to 65535, not {self.port}")
        host = self.interface
        try:
            normal = normal_host(host)
        except ValueError as error:
            raise BadConfig(f"interface must be an IP literal: {error}") from None
        if (":" in host) != (self.type == "udp6"):
            raise BadConfig(f"interface {host} does not go with type {self.type}")
        if not self.insecure and not is_loopback(normal):
            raise BadConfig(
                f"binding {host}, beyond loopback, without encryption: "
                "anybody who reaches the port could change the member list; "
                "insecure (--insecure) says that this is meant"
            )
        if self.advertise is not None:
            try:
                Address(normal_host(self.advertise[0]), self.advertise[1])
            except ValueError as error:
                raise BadConfig(f"advertise must be an IP literal: {error}") from None
            if not 0 <= self.advertise[1] <= 0xFFFF:
                raise BadConfig(f"advertise names port {self.advertise[1]}")

    def _check_times(self) -> None:
        for setting in _POSITIVE:
            if not 0 < getattr(self, setting) < math.inf:
                raise BadConfig(f"{setting} must be above zero, and finite")
        if self.ping_timeout > 0.6 * self.protocol_period:
            raise BadConfig(
                f"ping_timeout {self.ping_timeout:g} s is more than 0.6 of the protocol period "
                f"{self.protocol_period:g} s: the relays would have no time to answer"
            )
        if self.patience < self.silence_tolerance_seconds:
            raise BadConfig(
                f"patience {self.patience:g} s is less than the silence tolerance "
                f"{self.silence_tolerance_seconds:g} s: a process whose host accepts for it would "
                "be given less time than a host of which nothing is heard"
            )
        for setting in ("relays", "max_remembered", "direct_notice_limit"):
            if getattr(self, setting) < 0:
                raise BadConfig(f"{setting} must not be negative")
        if not 1280 <= self.capacity <= 65000:
            raise BadConfig(
                "capacity must be 1280 to 65000 bytes: a claim with all its tags has to fit"
            )


_TYPES: dict[str, tuple[tuple[type, ...], tuple[str, ...]]] = {
    "a text": ((str,), ("interface", "type", "cluster")),
    "True or False": ((bool,), ("insecure", "refused_verdict", "tripwires", "phased")),
    "a whole number": (
        (int,),
        (
            "port",
            "relays",
            "gossip_fanout",
            "direct_notice_limit",
            "max_members",
            "max_remembered",
            "capacity",
        ),
    ),
    "a number": (
        (int, float),
        (
            "protocol_period",
            "ping_timeout",
            "gossip_interval",
            "transmissions",
            "silence_tolerance",
            "patience",
            "table_interval",
            "renewal_interval",
            "failed_memory",
            "left_memory",
            "leave_timeout",
            "join_timeout",
        ),
    ),
}

_POSITIVE = (
    "protocol_period",
    "ping_timeout",
    "gossip_interval",
    "gossip_fanout",
    "transmissions",
    "silence_tolerance",
    "patience",
    "table_interval",
    "renewal_interval",
    "max_members",
    "failed_memory",
    "left_memory",
    "leave_timeout",
    "join_timeout",
)
