"""Look-ups of services by their SRV records, and the name servers that are queried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import client, common, dns, error, server
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swimtx.discovery import Seeds
from swimtx.discovery import dns as names
from swimtx.discovery.dns import name_servers
from tests.discovery.doubles import SeedsTestCase, Services


class ServicesTestCase(SeedsTestCase):
    def services(self, **known: Any) -> tuple[list[str], dict[str, str]]:
        return self.found("_s._udp.example", "10.0.0.9", resolver=Services(**known))

    def test_targets_are_sorted_by_priority_and_weight_and_have_their_own_ports(self) -> None:
        self.names.known = {"a": ["10.0.0.1"], "b": ["10.0.0.2", "10.0.0.3"], "c": ["10.0.0.4"]}
        addresses, failures = self.services(
            s=[(20, 0, 1, b"a"), (10, 1, 2, b"b"), (10, 5, 3, b"c"), (30, 0, 4, b"b")]
        )
        self.assertEqual(
            addresses,
            [
                *("10.0.0.4:3", "10.0.0.2:2", "10.0.0.3:2", "10.0.0.1:1"),
                *("10.0.0.2:4", "10.0.0.3:4", "10.0.0.9:7946"),
            ],
        )
        self.assertEqual(failures, {})

    def test_a_target_whose_look_up_fails_does_not_affect_the_others(self) -> None:
        self.names.known = {"a": ["10.0.0.1"]}
        addresses, failures = self.services(s=[(1, 0, 1, b"x.example"), (2, 0, 1, b"a")])
        self.assertEqual(addresses, ["10.0.0.1:1", "10.0.0.9:7946"])
        self.assertEqual(failures, {"_s._udp.example": "x.example has no IPv4 address"})

    def test_a_service_without_targets_is_reported_in_a_sentence(self) -> None:
        for records in ([], [(0, 0, 0, b".")], [(0, 0, 0, b"a")]):
            addresses, failures = self.services(s=records)
            self.assertEqual(addresses, ["10.0.0.9:7946"])
            self.assertEqual(failures, {"_s._udp.example": "nobody offers _s._udp.example"})

    def test_every_error_of_the_resolver_is_reported_in_a_sentence(self) -> None:
        for failure, sentence in (
            (error.DNSNameError(dns.Message()), "_s._udp.example does not exist"),
            (error.DNSServerError(dns.Message()), "asking about _s._udp.example gave DNSServer"),
            (OSError(101, "unreachable"), "looking up _s._udp.example failed: [Errno 101] unreac"),
            (RuntimeError(), "looking up _s._udp.example failed: RuntimeError"),
        ):
            addresses, failures = self.services(s=failure)
            self.assertEqual(addresses, ["10.0.0.9:7946"])
            self.assertTrue(failures["_s._udp.example"].startswith(sentence), failures)

    def test_the_look_up_of_a_service_times_out_after_5_seconds(self) -> None:
        finding = self.seeds("_s._udp.example", resolver=Services(s=Deferred())).find()
        self.reactor.advance(5)
        self.assertEqual(
            self.successResultOf(finding),
            ([], {"_s._udp.example": "no answer about _s._udp.example within 5 s"}),
        )


class NameServersTestCase(SynchronousTestCase):
    def listed(self, text: str) -> list[str]:
        path = Path(self.mktemp())
        path.write_text(text)
        return name_servers(path)

    def test_all_listed_name_servers_are_found_in_order(self) -> None:
        text = (
            "# nameserver 10.9.9.9\nsearch x\nnameserver 10.0.0.1\n nameserver  2001:db8::1 # x\n"
        )
        self.assertEqual(self.listed(text), ["10.0.0.1", "2001:db8::1"])

    def test_the_name_server_is_this_machine_if_none_is_listed(self) -> None:
        for text in ("", "nameserver\n", "nameserver fe80::1%eth0\n"):
            self.assertEqual(self.listed(text), ["127.0.0.1"])
        self.assertEqual(name_servers(Path(self.mktemp())), ["127.0.0.1"])


class DefaultResolverTestCase(SeedsTestCase):
    def test_the_name_servers_of_this_machine_are_queried_in_two_rounds_within_5_seconds(
        self,
    ) -> None:
        path = Path(self.mktemp())
        path.write_text("nameserver 10.0.0.1\nnameserver 10.0.0.2\n")
        made: list[dict[str, Any]] = []

        def resolver(**options: Any) -> Services:
            made.append(options)
            return Services(s=[(0, 0, 1, b"a")])

        self.patch(names, "_RESOLV_CONF", path)
        self.patch(client, "Resolver", resolver)
        self.names.known = {"a": ["10.0.0.3"]}
        self.assertEqual(self.found("_s._udp.example"), (["10.0.0.3:1"], {}))
        (options,) = made
        self.assertEqual(options["servers"], [("10.0.0.1", 53), ("10.0.0.2", 53)])
        self.assertIs(options["reactor"], self.reactor)
        self.assertEqual(len(options["timeout"]), 2)
        self.assertTrue(4 < 2 * sum(options["timeout"]) < 5)


class OneRecord(common.ResolverBase):
    """A resolver of one service."""

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Deferred[Any]:
        if (name, type) != (b"_swim._udp.example", dns.SRV):
            return fail(error.AuthoritativeDomainError(name))
        record = dns.Record_SRV(1, 2, 3333, b"localhost")
        return succeed(([dns.RRHeader(name, dns.SRV, payload=record, ttl=0)], [], []))


class RealSocketsTestCase(TestCase):
    """Look-ups of services over real sockets, with a name server on loopback."""

    async def test_a_service_is_found_and_no_socket_is_left_open(self) -> None:
        reactor: Any
        from twisted.internet import reactor

        factory = server.DNSServerFactory(authorities=[OneRecord()])
        factory.noisy = False
        protocol = dns.DNSDatagramProtocol(factory, reactor)
        protocol.noisy = False
        port = reactor.listenUDP(0, protocol, "127.0.0.1")
        self.addCleanup(port.stopListening)
        servers = [("127.0.0.1", port.getHost().port)]
        resolver = client.Resolver(servers=servers, timeout=(2, 2), reactor=reactor)
        seeds = Seeds(reactor, ["_swim._udp.example", "_none._udp.example"], resolver=resolver)
        addresses, failures = await seeds.find()
        self.assertEqual(addresses, [("127.0.0.1", 3333)])
        self.assertEqual(failures, {"_none._udp.example": "_none._udp.example does not exist"})
