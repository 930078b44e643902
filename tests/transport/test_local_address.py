"""The source address of packets to another host, by the routes of this machine."""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import normal_host
from swimtx.transport import local_address
from swimtx.transport.local_address import address_toward


class Sockets:
    """Replaces the module C{socket}: each socket has this source address, or no route.

    @ivar targets: the family and the target of each connection.
    """

    AF_INET, AF_INET6, SOCK_DGRAM = socket.AF_INET, socket.AF_INET6, socket.SOCK_DGRAM

    def __init__(self, source: str | None) -> None:
        self.source = source
        self.targets: list[tuple[int, tuple[str, int]]] = []
        self.closed = 0

    def socket(self, family: int, kind: int) -> Any:
        self.family = family
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.closed += 1

    def connect(self, target: tuple[str, int]) -> None:
        self.targets.append((self.family, target))
        if self.source is None:
            raise OSError("no route to host")

    def getsockname(self) -> tuple[str | None, int]:
        return self.source, 50000


class AddressTowardTests(SynchronousTestCase):
    def toward(self, source: str | None, host: str | None, kind: str = "udp4") -> str:
        self.sockets = Sockets(source)
        self.patch(local_address, "socket", self.sockets)
        return address_toward(host, kind)

    def test_the_source_address_of_the_route_to_the_host_is_found(self) -> None:
        self.assertEqual(self.toward("10.0.0.5", "10.0.0.1"), "10.0.0.5")
        self.assertEqual(self.toward("2001:db8::5", "2001:db8::1", "udp6"), "2001:db8::5")

    def test_the_family_is_that_of_the_host(self) -> None:
        for host, family in (("10.0.0.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6)):
            for kind in ("udp4", "udp6"):
                self.toward("10.0.0.5", host, kind)
                self.assertEqual(self.sockets.targets, [(family, (host, 9))])
                self.assertEqual(self.sockets.closed, 1)

    def test_an_address_for_documentation_stands_for_hosts_outside(self) -> None:
        for kind, host in (("udp4", "192.0.2.1"), ("udp6", "2001:db8::1")):
            self.toward("10.0.0.5", None, kind)
            self.assertEqual(self.sockets.targets[0][1], (host, 9))

    def test_the_loopback_address_is_given_without_a_route(self) -> None:
        self.assertEqual(self.toward(None, "10.0.0.1"), "127.0.0.1")
        self.assertEqual(self.toward(None, None, "udp6"), "::1")
        self.assertEqual(self.sockets.closed, 1)

    def test_the_loopback_address_is_given_if_the_only_route_is_link_local(self) -> None:
        for source in ("fe80::1", "fe80::1%eth0"):
            self.assertEqual(self.toward(source, None, "udp6"), "::1")

    def test_the_source_address_toward_this_machine_itself_is_loopback(self) -> None:
        self.assertEqual(address_toward("127.0.0.1", "udp4"), "127.0.0.1")

    def test_the_source_address_toward_hosts_outside_is_an_ip_literal(self) -> None:
        for kind in ("udp4", "udp6"):
            found = address_toward(None, kind)
            self.assertEqual(normal_host(found), found)
