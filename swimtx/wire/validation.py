"""Checks of the fields of messages and claims (docs/wire.rst)."""

from __future__ import annotations

from typing import TypeVar

from swimtx.addresses import Address, normal_host
from swimtx.errors import Malformed
from swimtx.limits import MAX_EPOCH, MAX_INCARNATION, MAX_NAME_BYTES, check_text
from swimtx.membership.observation import Observation
from swimtx.wire.messages import MessageType

MAX_AHEAD = 24 * 3600.0  # seconds that an epoch may lie ahead of our clock

KINDS = tuple(Observation)
_TYPES = tuple(MessageType)
_KNOWN = len(_TYPES)
_CACHED = 4096  # maximum number of entries of each cache
_PORTS = 1 << 16

Addresses = dict[tuple[str, int], Address]

_K = TypeVar("_K")
_V = TypeVar("_V")


def keep(cache: dict[_K, _V], key: _K, value: _V) -> None:
    """Cache C{value} under C{key}. A full cache is emptied first."""
    if len(cache) >= _CACHED:
        cache.clear()
    cache[key] = value


def message_type(number: int) -> MessageType:
    """The type with this number.

    @raise Malformed: the number is unknown.
    """
    if not 0 <= number < _KNOWN:
        raise Malformed("type", f"{number} is not known")
    return _TYPES[number]


def check_name(name: str, most: int = MAX_NAME_BYTES, reason: str = "name") -> None:
    """Check that C{name} may be a name.

    @param most: its maximum size in bytes.
    @param reason: the kind of name, which is also the reason of the error.
    @raise Malformed: C{name} may be no name.
    """
    try:
        check_text(name, most, f"a {reason}")
    except ValueError as error:
        raise Malformed(reason, str(error)) from None


def check_incarnation(incarnation: int) -> None:
    """Check that an incarnation is within its limits.

    @raise Malformed: the incarnation is below 0 or above C{MAX_INCARNATION}.
    """
    if not 0 <= incarnation <= MAX_INCARNATION:
        raise Malformed("incarnation", str(incarnation))


def check_epoch(epoch: int, now: float) -> None:
    """Check that a run may have this epoch.

    @param epoch: in milliseconds.
    @param now: the wall clock in seconds.
    @raise Malformed: the epoch is out of range, or more than C{MAX_AHEAD} in the future.
    """
    if epoch > MAX_EPOCH:
        raise Malformed("epoch", str(epoch))
    if epoch > (now + MAX_AHEAD) * 1000:
        raise Malformed("future", f"epoch {epoch} is more than a day ahead of our clock")


def checked_address(known: Addresses, host: str, port: int) -> Address:
    """The address in canonical form.

    @param known: the cache of addresses checked before; the address is added to it.
    @raise Malformed: the port is out of range, or C{host} is no IP literal of a single host.
    """
    address = known.get((host, port))
    if address is not None:
        return address
    if not 0 < port < _PORTS:
        raise Malformed("address", f"port {port}")
    try:
        address = Address(normal_host(host), port)
    except ValueError as error:
        raise Malformed("address", str(error)) from None
    keep(known, (host, port), address)
    return address


def said_or_not(known: Addresses, host: str, port: int) -> Address:
    """The address that a peer states, with an empty host if it states none that is reachable.

    @param known: as for L{checked_address}.
    """
    try:
        address = checked_address(known, host, port)
    except Malformed:
        return Address("", port if 0 < port < _PORTS else 0)
    unspecified = address.host in ("0.0.0.0", "::")
    return Address("", port) if unspecified else address
