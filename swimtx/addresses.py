"""Addresses of members: an IP literal in canonical form, and a port."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, final


@final
class Address(NamedTuple):
    """The address of a member: an IP literal and a port, the same number for UDP and TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_BROADCAST = ipaddress.ip_address("255.255.255.255")


def normal_host(host: str) -> str:
    """The canonical form of an IP literal: C{::ffff:1.2.3.4} becomes C{1.2.3.4}.

    @raise ValueError: C{host} is not an IP literal; is a link-local IPv6 one, whose zone the
        sockets lose; or stands for many hosts (multicast, broadcast).
    """
    if "%" in host:
        raise ValueError(f"{host} names a zone; link-local addresses are not supported")
    parsed = ipaddress.ip_address(host)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if parsed.version == 6 and parsed.is_link_local:
        raise ValueError(f"{host} is link-local, which is not supported")
    if parsed.is_multicast or parsed == _BROADCAST:
        raise ValueError(f"{host} stands for many hosts")
    return str(parsed)


def is_loopback(host: str) -> bool:
    """Whether the address is reachable from this machine only."""
    return host == "::1" or host.startswith("127.")


def is_wildcard(host: str) -> bool:
    """Whether the address stands for all addresses of the machine."""
    return host in ("0.0.0.0", "::")
