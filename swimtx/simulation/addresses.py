"""Literal addresses, and which of them are a simulated host's own."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address as IPv6Literal
from ipaddress import ip_address
from typing import Literal

from twisted.internet.address import IPv4Address, IPv6Address

#: What a socket of a host is bound to: a literal address and a port. The loopback addresses, which
#: every host has, carry the host's own address after a percent sign.
Endpoint = tuple[str, int]

_LOOPBACKS = ("127.0.0.1", "::1")


@lru_cache(maxsize=65536)
def normal(literal: str) -> str | None:
    """The usual way to write a literal address, or L{None} if it is none."""
    try:
        return str(ip_address(literal))
    except ValueError:
        return None


def is_v6(literal: str) -> bool:
    """Whether this is an IPv6 literal."""
    return ":" in literal


def unmapped(literal: str) -> str:
    """C{10.0.0.1} for C{::ffff:10.0.0.1}, which is how a dual-stack socket names it."""
    address = ip_address(literal)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Literal) else None
    return literal if mapped is None else str(mapped)


def on_host(literal: str, host: str) -> str:
    """Where in the network this address is for somebody on C{host}."""
    return f"{literal}%{host}" if literal in _LOOPBACKS else literal


def is_loopback(literal: str) -> bool:
    """Whether this address never leaves its host."""
    return literal in _LOOPBACKS


def bound_addresses(interface: str, host: str) -> list[str]:
    """Which addresses of a host a socket takes that is bound to this interface; none: not its."""
    if interface in ("", "0.0.0.0"):
        return ([] if is_v6(host) else [host]) + [on_host("127.0.0.1", host)]
    if interface == "::":
        return [host] + [on_host(loopback, host) for loopback in _LOOPBACKS]
    literal = normal(interface)
    return [on_host(literal, host)] if literal in (host, *_LOOPBACKS) else []


def twisted_address(
    kind: Literal["TCP", "UDP"], literal: str, port: int
) -> IPv4Address | IPv6Address:
    """The same as Twisted writes it."""
    return (IPv6Address if is_v6(literal) else IPv4Address)(kind, literal, port)
