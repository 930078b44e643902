"""Finds the address of this host from which another host receives its packets."""

from __future__ import annotations

import socket

# Documentation addresses (RFC 5737, RFC 3849): no host has them, so the default route is used.
_OUTSIDE = {"udp4": "192.0.2.1", "udp6": "2001:db8::1"}
_LOOPBACK = {"udp4": "127.0.0.1", "udp6": "::1"}


def address_toward(host: str | None, kind: str) -> str:
    """The source address of packets from this host to C{host}; nothing is sent.

    @param host: an IP literal; C{None}: any host on the default route.
    @param kind: C{"udp4"} or C{"udp6"}.
    @return: an IP literal; loopback if there is no route, or only a link-local one.
    """
    target = host or _OUTSIDE[kind]
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found = str(probe.getsockname()[0])
    except OSError:
        return _LOOPBACK[kind]
    return _LOOPBACK[kind] if "%" in found or found.startswith("fe80:") else found
