"""Names and services that are looked up in virtual time."""

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
    """Resolves what it knows, when it is told to.

    @ivar known: hosts by name.
    @ivar silent: names about which there is never an answer.
    @ivar asked: what it was asked.
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
    """Virtual time, and names."""

    __slots__ = ("nameResolver",)

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = Names()


class Services:
    """Answers SRV questions: records by service, or an exception to fail with."""

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


class Scenes(SynchronousTestCase):
    """Seeds, and what is found by them."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.names = self.reactor.nameResolver

    def seeds(self, *seeds: Any, **options: Any) -> Seeds:
        return Seeds(self.reactor, seeds, **options)

    def found(self, *seeds: Any, **options: Any) -> tuple[list[str], dict[str, str]]:
        addresses, failures = self.successResultOf(self.seeds(*seeds, **options).find())
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])
        return [str(address) for address in addresses], failures
