"""Parses one seed: an address, a name, or a service with SRV records (RFC 2782)."""

from __future__ import annotations

from typing import NamedTuple

from swimtx.addresses import Address, is_wildcard, normal_host, split_host_port

DEFAULT_PORT = 7946


class Seed(NamedTuple):
    """One parsed seed.

    @ivar text: the seed as it was given; failures are reported under it.
    @ivar host: an IP literal or a name.
    @ivar port: 0 for a service, whose records contain the port.
    @ivar literal: whether C{host} is an IP literal, which needs no look-up.
    """

    text: str
    host: str
    port: int
    literal: bool

    @property
    def service(self) -> bool:
        """Whether the seed is a service, which is looked up by SRV records."""
        return not self.port


def parse_seed(text: str, default_port: int = DEFAULT_PORT) -> Seed:
    """Parse C{HOST}, C{HOST:PORT}, C{[IPV6]}, C{[IPV6]:PORT}, a bare IPv6 literal, or
    C{_service._udp.domain}.

    @param default_port: the port if C{text} names none and is no service.
    @raise ValueError: C{text} is none of these; the error says why.
    """
    try:
        host, port = split_host_port(text)
    except ValueError as error:
        raise ValueError(f"seed {text!r}: {error}") from None
    return _seed(text, host, default_port if port is None else _port(text, port), port is not None)


def seed_at(host: str, port: int) -> Seed:
    """The seed for a host (an IP literal or a name) and a port.

    @raise ValueError: C{host} is neither, or the port is out of range; the text says which and why.
    """
    return _seed(str(Address(host, port)), host, port, True)


def _seed(text: str, host: str, port: int, port_given: bool) -> Seed:
    """The seed, with its host and port checked.

    @raise ValueError: the host is neither an address of one host nor a possible name, or the port
        is out of range.
    """
    if not host:
        raise ValueError(f"seed {text!r}: no host is given")
    if not 0 < port <= 0xFFFF:
        raise ValueError(f"seed {text!r}: the port must be 1 to 65535")
    try:
        if _is_literal(host):
            host = normal_host(host)
            if is_wildcard(host):
                raise ValueError(f"{host} stands for no address that could be asked")
            return Seed(text, host, port, True)
        _check_name(host)
    except ValueError as error:
        raise ValueError(f"seed {text!r}: {error}") from None
    if not host.startswith("_"):
        return Seed(text, host, port, False)
    labels = host.split(".")
    if len(labels) < 3 or labels[1].lower() != "_udp":
        raise ValueError(f"seed {text!r}: a service is named _SERVICE._udp.DOMAIN")
    if port_given:
        raise ValueError(f"seed {text!r}: a service's records say the port")
    return Seed(text, host, 0, False)


def _port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit()) or len(port) > 5:
        raise ValueError(f"seed {text!r}: the port must be 1 to 65535")
    return int(port)


def _is_literal(host: str) -> bool:
    """Whether the host must be an IP literal: the last label of a name is never a number."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or "%" in host or (last.isascii() and last.isdigit())


def _check_name(name: str) -> None:
    if len(name) > 253:
        raise ValueError("the name is longer than 253 characters")
    for label in name.removesuffix(".").split("."):
        if not 0 < len(label) <= 63:
            raise ValueError("each part of a name has 1 to 63 characters")
        if not all(c.isalnum() or c in "-_" for c in label):
            raise ValueError(f"{label!r} cannot be part of a name")
