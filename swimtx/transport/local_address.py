"""Which of this host's addresses another one sees."""

from __future__ import annotations

import socket

# Addresses that are nobody's (RFC 5737, RFC 3849): the way to them is the way out.
_OUTSIDE = {"udp4": "192.0.2.1", "udp6": "2001:db8::1"}
_LOOPBACK = {"udp4": "127.0.0.1", "udp6": "::1"}


def address_toward(host: str | None, kind: str) -> str:
    """The address that this host would send from to C{host}; nothing is sent.

    @param host: an IP literal; C{None}: anywhere outside.
    @param kind: C{"udp4"} or C{"udp6"}.
    @return: an IP literal; loopback if there is no way there.
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
