"""Looks names up: addresses by the reactor's resolver, services by SRV records (RFC 2782)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from swimtx.addresses import Address, normal_host

TIMEOUT = 5.0  # seconds that each look-up may take
FAMILIES = {"udp4": (IPv4Address, "IPv4"), "udp6": (IPv6Address, "IPv6")}

_RESOLV_CONF = Path("/etc/resolv.conf")


async def addresses_of(reactor: Any, name: str, port: int, type: str) -> list[Address]:
    """All addresses of a name: A records for C{"udp4"}, AAAA for C{"udp6"}.

    @raise LookupError: the name has no usable address; the text says why.
    @raise twisted.internet.defer.TimeoutError: no answer within 5 s.
    """
    family, called = FAMILIES[type]
    hosts = _HostCollector()
    # A resolution by GAIResolver cannot be cancelled, so late answers are ignored.
    maybeDeferred(
        reactor.nameResolver.resolveHostName,
        hosts,
        name,
        port,
        addressTypes=[family],
        transportSemantics="UDP",
    ).addErrback(hosts.failed)
    usable: list[Address] = []
    why = f"{name} has no {called} address"
    for host in await hosts.complete.addTimeout(TIMEOUT, reactor):
        try:
            usable.append(Address(normal_host(host), port))
        except ValueError as error:
            why = f"{name}: {error}"
    if not usable:
        raise LookupError(why)
    return usable


async def targets_of(reactor: Any, service: str, resolver: Any) -> list[tuple[str, int]]:
    """All targets of a service, sorted by rising priority, then by falling weight.

    @param resolver: an C{IResolver}; C{None}: the name servers of this machine.
    @return: C{(host, port)} pairs.
    @raise LookupError: the service has no target; the text says why.
    @raise twisted.internet.defer.TimeoutError: no answer within 5 s.
    """
    from twisted.names import dns
    from twisted.names.error import DNSNameError, DomainError

    if resolver is None:
        resolver = _resolver(reactor)
    query: Deferred[Any] = maybeDeferred(resolver.lookupService, service)
    try:
        answers, _, _ = await query.addTimeout(TIMEOUT, reactor)
    except DNSNameError:
        raise LookupError(f"{service} does not exist") from None
    except DomainError as error:
        raise LookupError(f"asking about {service} gave {type(error).__name__}") from None
    records = [answer.payload for answer in answers if answer.type == dns.SRV]
    records.sort(key=lambda record: (record.priority, -record.weight))
    targets = [
        (record.target.name.decode("ascii", "replace").rstrip("."), record.port)
        for record in records
    ]
    offered = [(host, port) for host, port in targets if host and port]
    if not offered:
        raise LookupError(f"nobody offers {service}")
    return offered


def _resolver(reactor: Any) -> Any:
    """A resolver for one query: no cache, and no timer that outlives the answer."""
    from twisted.names.client import Resolver

    servers = [(server, 53) for server in name_servers(_RESOLV_CONF)]
    # Two rounds through all servers, which end just before TIMEOUT.
    timeout = 0.9 * TIMEOUT / (2 * len(servers))
    return Resolver(servers=servers, timeout=(timeout, timeout), reactor=reactor)


def name_servers(path: Path) -> list[str]:
    """The name servers that resolv.conf(5) lists; if it lists none, the one on this machine."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    servers = [line[1] for line in words if line[:1] == ["nameserver"] and len(line) > 1]
    return [server for server in servers if "%" not in server] or ["127.0.0.1"]


@implementer(IResolutionReceiver)
class _HostCollector:
    """Collects the addresses of one name.

    @ivar complete: a Deferred of all hosts; fails with the error of a look-up that could not start.
    """

    def __init__(self) -> None:
        self.complete: Deferred[list[str]] = Deferred()
        self._hosts: list[str] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        """The look-up has started."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        """One address was found."""
        if isinstance(address, (IPv4Address, IPv6Address)):
            self._hosts.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """All addresses were found."""
        if not self.complete.called:
            self.complete.callback(self._hosts)

    def failed(self, failure: Failure) -> None:
        """The look-up could not start."""
        if not self.complete.called:
            self.complete.errback(failure)
