"""Test doubles for look-ups of names and services in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IHostnameResolver
from twisted.names import dns
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swimtx.discovery import Seeds
from swimtx.simulation import VirtualClock


@implementer(IHostnameResolver)
class Names:
    """A resolver of names.

    @ivar known: hosts by name.
    @ivar silent: names whose look-up never ends.
    @ivar asked: the queries: name, types of address and transport.
    """

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}
        self.silent: set[str] = set()
        self.asked: list[tuple[str, list[Any], str]] = []

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[Any] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        self.asked.append((hostName, list(addressTypes or ()), transportSemantics))
        if hostName == "broken.example":
            raise UnicodeError("cannot be encoded")
        resolutionReceiver.resolutionBegan(None)
        if hostName not in self.silent:
            for host in self.known.get(hostName, ()):
                kind = IPv6Address if ":" in host else IPv4Address
                resolutionReceiver.addressResolved(kind("UDP", host, portNumber))
            resolutionReceiver.resolutionComplete()


class Reactor(VirtualClock):
    """A reactor with virtual time and a resolver of names."""

    __slots__ = ("nameResolver",)

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = Names()


class Services:
    """A resolver of SRV queries: records by service, a Deferred, or an exception to raise."""

    def __init__(self, **known: Any) -> None:
        self.known = known

    def lookupService(self, name: str, timeout: Any = None) -> Deferred[Any]:
        answer = self.known[name.split(".", maxsplit=1)[0].strip("_")]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Deferred):
            return answer
        records = [
            dns.RRHeader(name.encode(), dns.SRV, payload=dns.Record_SRV(*record))
            for record in answer
        ]
        alias = dns.RRHeader(name.encode(), dns.CNAME, payload=dns.Record_CNAME(b"other.example"))
        return succeed(([alias, *records], [], []))


class SeedsTestCase(SynchronousTestCase):
    """Seeds, and the addresses that they find."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.names = self.reactor.nameResolver

    def seeds(self, *seeds: Any, **options: Any) -> Seeds:
        return Seeds(self.reactor, seeds, **options)

    def found(self, *seeds: Any, **options: Any) -> tuple[list[str], dict[str, str]]:
        addresses, failures = self.successResultOf(self.seeds(*seeds, **options).find())
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])
        return [str(address) for address in addresses], failures
