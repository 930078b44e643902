"""Addresses of members: an IP literal in canonical form and a port, and their text form."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, final


@final
class Address(NamedTuple):
    """The address of a member: an IP literal and a port, the same number for UDP and TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_port(self.host, self.port)


def host_port(host: str, port: int) -> str:
    """The text of a host and a port: an IPv6 literal in brackets, as in C{[::1]:7946}."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(text: str) -> tuple[str, str | None]:
    """The host and the port of C{HOST[:PORT]}, as texts; C{None} for a port that is not given.

    An IPv6 literal with a port is in brackets; without one it may be.

    @raise ValueError: a bracket is missing, or encloses anything but an IPv6 literal.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("an IPv6 address with a port is [ADDRESS]:PORT")
        if ":" not in host:
            raise ValueError("brackets are for IPv6 addresses")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, rest = text.partition(":")
    return host, rest if colon else None


_BROADCAST = ipaddress.ip_address("255.255.255.255")


def normal_host(host: str) -> str:
    """The canonical form of an IP literal: C{::ffff:1.2.3.4} becomes C{1.2.3.4}.

    @raise ValueError: C{host} is not an IP literal, is a link-local IPv6 address (sockets drop its
        zone), or is a multicast or broadcast address.
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
    """Whether the host is a loopback address, reachable from this machine only."""
    return host == "::1" or host.startswith("127.")


def is_wildcard(host: str) -> bool:
    """Whether the host is the wildcard: all addresses of the machine."""
    return host in ("0.0.0.0", "::")
