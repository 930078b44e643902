"""Literal addresses of simulated hosts, and which of them a socket of a host is bound to."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address as IPv6Literal
from ipaddress import ip_address
from typing import Literal

from twisted.internet.address import IPv4Address, IPv6Address

#: The address of a bound socket, C{(literal address, port)}. The loopback addresses, which every
#: host has, carry the host's own address after a percent sign.
Endpoint = tuple[str, int]

_LOOPBACKS = ("127.0.0.1", "::1")


@lru_cache(maxsize=65536)
def normal(literal: str) -> str | None:
    """The normal spelling of a literal address, or L{None} if the text is not an address."""
    try:
        return str(ip_address(literal))
    except ValueError:
        return None


def is_v6(literal: str) -> bool:
    """Whether a literal address is an IPv6 address."""
    return ":" in literal


def unmapped(literal: str) -> str:
    """The IPv4 address of an IPv4-mapped IPv6 address, else the address itself.

    A dual-stack socket writes C{10.0.0.1} as C{::ffff:10.0.0.1}.
    """
    address = ip_address(literal)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Literal) else None
    return literal if mapped is None else str(mapped)


def on_host(literal: str, host: str) -> str:
    """The key in the network of an address that a process on C{host} uses."""
    return f"{literal}%{host}" if literal in _LOOPBACKS else literal


def is_loopback(literal: str) -> bool:
    """Whether a literal address is a loopback address."""
    return literal in _LOOPBACKS


def bound_addresses(interface: str, host: str) -> list[str]:
    """The addresses of a host that a socket bound to C{interface} takes; may be empty."""
    if interface in ("", "0.0.0.0"):
        return ([] if is_v6(host) else [host]) + [on_host("127.0.0.1", host)]
    if interface == "::":
        return [host] + [on_host(loopback, host) for loopback in _LOOPBACKS]
    literal = normal(interface)
    return [on_host(literal, host)] if literal in (host, *_LOOPBACKS) else []


def twisted_address(
    kind: Literal["TCP", "UDP"], literal: str, port: int
) -> IPv4Address | IPv6Address:
    """An address and a port as an address object of Twisted."""
    return (IPv6Address if is_v6(literal) else IPv4Address)(kind, literal, port)
