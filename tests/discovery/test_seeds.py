"""Look-ups of seeds: all at the same time, anew each time, and independent of each other."""

from __future__ import annotations

import os
import sys
from subprocess import run
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IHostnameResolver
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.discovery import Seeds, StaticSeeds, as_seeds
from swimtx.interfaces import ISeeds
from tests.discovery.doubles import SeedsTestCase, Services


class SeedsTestsMixin:
    """Tests for every C{ISeeds}, to be mixed in with C{SeedsTestCase}."""

    def make(self) -> Any:
        """Seeds that find 10.0.0.1:7946 and 10.0.0.2:7947, and whose look-up ends at once."""
        raise NotImplementedError

    def find(self: Any, seeds: Any) -> tuple[Any, Any]:
        addresses, failures = self.successResultOf(seeds.find())
        return addresses, failures

    def test_the_seeds_provide_their_interface(self: Any) -> None:
        verifyObject(ISeeds, self.make())

    def test_find_gives_addresses_and_no_failure_if_every_seed_is_found(self: Any) -> None:
        addresses, failures = self.find(self.make())
        self.assertEqual(list(addresses), [("10.0.0.1", 7946), ("10.0.0.2", 7947)])
        self.assertTrue(all(type(address) is Address for address in addresses))
        self.assertEqual(failures, {})

    def test_each_find_is_a_new_look_up_with_a_result_of_its_own(self: Any) -> None:
        seeds = self.make()
        first, second = seeds.find(), seeds.find()
        self.assertIsNot(first, second)
        addresses, failures = self.successResultOf(first)
        addresses.clear()
        failures["a"] = "changed by the caller"
        for found in (self.successResultOf(second), self.find(seeds)):
            self.assertEqual((len(found[0]), found[1]), (2, {}))

    def test_seeds_can_be_keys_of_a_dict(self: Any) -> None:
        seeds = self.make()
        self.assertIn(seeds, {seeds: None, self.make(): None})

    def test_a_find_that_has_ended_can_be_cancelled_without_effect(self: Any) -> None:
        finding = self.make().find()
        finding.cancel()
        addresses, _ = self.successResultOf(finding)
        self.assertEqual(len(addresses), 2)

    def test_a_find_that_has_ended_leaves_no_delayed_calls(self: Any) -> None:
        self.find(self.make())
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])

    def test_as_seeds_returns_the_seeds_themselves(self: Any) -> None:
        seeds = self.make()
        self.assertIs(as_seeds(self.reactor, seeds, "udp4"), seeds)


class SlowSeedsTestsMixin(SeedsTestsMixin):
    """Tests for every C{ISeeds} whose look-up may take time or fail."""

    def make_slow(self) -> Any:
        """Seeds whose look-up does not end."""
        raise NotImplementedError

    def make_failing(self) -> tuple[Any, str]:
        """Seeds of which the first is found, and the second one, which is returned too, is not."""
        raise NotImplementedError

    def test_a_find_that_is_cancelled_gives_up_the_look_up(self: Any) -> None:
        seeds = self.make_slow()
        given_up, other = seeds.find(), seeds.find()
        self.assertNoResult(given_up)
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.assertNoResult(other)
        other.cancel()
        self.failureResultOf(other, CancelledError)
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])

    def test_a_find_fails_for_no_seed_that_is_not_found(self: Any) -> None:
        seeds, missing = self.make_failing()
        for _ in range(2):
            addresses, failures = self.find(seeds)
            self.assertEqual(list(addresses), [("10.0.0.1", 7946)])
            self.assertEqual(list(failures), [missing])
            self.assertTrue(failures[missing])

    def test_a_find_ends_by_itself(self: Any) -> None:
        finding = self.make_slow().find()
        self.reactor.advance(60)
        addresses, failures = self.successResultOf(finding)
        self.assertEqual((list(addresses), len(failures)), ([], 1))


class StaticSeedsTests(SeedsTestsMixin, SeedsTestCase):
    def make(self) -> StaticSeeds:
        return StaticSeeds([("10.0.0.1", 7946), ("10.0.0.2", 7947)])


class SeedsOfAddressesTests(SeedsTestsMixin, SeedsTestCase):
    def make(self) -> Seeds:
        return self.seeds("10.0.0.1", ("10.0.0.2", 7947))


class SeedsOfNamesTests(SlowSeedsTestsMixin, SeedsTestCase):
    def make(self) -> Seeds:
        self.names.known["n.example"] = ["10.0.0.1"]
        self.names.known["m.example"] = ["10.0.0.2"]
        return self.seeds("n.example", "m.example:7947")

    def make_slow(self) -> Seeds:
        self.names.silent = {"a.example"}
        return self.seeds("a.example")

    def make_failing(self) -> tuple[Seeds, str]:
        self.names.known["n.example"] = ["10.0.0.1"]
        return self.seeds("n.example", "gone.example:5"), "gone.example:5"


class SeedsOfServicesTests(SlowSeedsTestsMixin, SeedsTestCase):
    def make(self) -> Seeds:
        records = [(0, 0, 7946, b"10.0.0.1"), (1, 0, 7947, b"10.0.0.2")]
        return self.seeds("_known._udp.example", resolver=Services(known=records))

    def make_slow(self) -> Seeds:
        return self.seeds("_never._udp.example", resolver=NeverAnswers())

    def make_failing(self) -> tuple[Seeds, str]:
        services = Services(known=[(0, 0, 7946, b"10.0.0.1")], gone=OSError("no name server"))
        missing = "_gone._udp.example"
        return self.seeds("_known._udp.example", missing, resolver=services), missing


class NeverAnswers:
    """A resolver of SRV queries that never answers."""

    def lookupService(self, name: str, timeout: Any = None) -> Deferred[Any]:
        return Deferred()


class LiteralSeedsTestCase(SeedsTestCase):
    def test_the_resolver_of_these_tests_provides_its_interface(self) -> None:
        verifyObject(IHostnameResolver, self.names)

    def test_addresses_of_any_form_are_found_without_a_look_up(self) -> None:
        self.assertEqual(
            self.found("10.0.0.1", ("10.0.0.2", 1), Address("2001:db8::3", 2), "[2001:db8::4]:3"),
            (["10.0.0.1:7946", "10.0.0.2:1", "[2001:db8::3]:2", "[2001:db8::4]:3"], {}),
        )
        self.assertEqual(self.names.asked, [])

    def test_the_default_port_is_an_option(self) -> None:
        self.assertEqual(self.found("10.0.0.1", default_port=10000)[0], ["10.0.0.1:10000"])

    def test_each_address_is_found_once_at_its_first_position(self) -> None:
        self.names.known["n.example"] = ["10.0.0.3", "10.0.0.1"]
        self.assertEqual(
            self.found("10.0.0.2", "10.0.0.1", "n.example", ("10.0.0.2", 7946))[0],
            ["10.0.0.2:7946", "10.0.0.1:7946", "10.0.0.3:7946"],
        )

    def test_a_malformed_seed_is_refused_by_the_constructor(self) -> None:
        for seed in ("", "a:0", ("10.0.0.1", 0), ("fe80::1", 1), ("_s._udp.example", 1), ("", 1)):
            self.assertRaises(ValueError, self.seeds, seed)
        self.assertRaises(ValueError, self.seeds, type="tcp")

    def test_two_sources_of_the_same_seeds_are_equal_and_have_the_same_hash(self) -> None:
        given = ("10.0.0.1", ("n.example", 7), "_swim._udp.example")
        one, other = self.seeds(*given), self.seeds("10.0.0.1:7946", "N.example:7", given[2])
        self.assertEqual(one, other, "the spelling of the seeds must not count")
        self.assertEqual(len({one, other}), 1)
        self.assertNotEqual(one, self.seeds(*given, "10.0.0.9"))
        self.assertNotEqual(one, self.seeds(*given, type="udp6"))
        self.assertNotEqual(one, self.seeds(*given, resolver=Services()))
        static = [StaticSeeds([("10.0.0.1", port)]) for port in (1, 1, 2)]
        self.assertEqual(static[0], static[1])
        self.assertEqual(len(set(static)), 2)

    def test_static_seeds_find_their_addresses_without_a_reactor(self) -> None:
        seeds = StaticSeeds([("10.0.0.1", 1), Address("::ffff:10.0.0.1", 1), ("10.0.0.1", 2)])
        for _ in range(2):
            addresses, failures = self.successResultOf(seeds.find())
            self.assertEqual(addresses, [("10.0.0.1", 1), ("10.0.0.1", 2)])
            self.assertEqual(failures, {})
            list(addresses).clear()

    def test_static_seeds_refuse_hosts_that_are_no_literal_and_ports_out_of_range(self) -> None:
        for seed in (("localhost", 1), ("10.0.0.1", 0), ("10.0.0.1", 65536), ("fe80::1", 1)):
            self.assertRaises(ValueError, StaticSeeds, [seed])


class LookUpTestCase(SeedsTestCase):
    def test_a_name_is_looked_up_to_all_its_ipv4_addresses(self) -> None:
        self.names.known["n.example"] = ["10.0.0.2", "10.0.0.1"]
        self.assertEqual(self.found("n.example:80"), (["10.0.0.2:80", "10.0.0.1:80"], {}))
        self.assertEqual(self.names.asked, [("n.example", [IPv4Address], "UDP")])

    def test_a_name_is_looked_up_to_its_ipv6_addresses_with_udp6(self) -> None:
        self.names.known["n.example"] = ["2001:db8::1"]
        self.assertEqual(self.found("n.example", type="udp6"), (["[2001:db8::1]:7946"], {}))
        self.assertEqual(self.names.asked, [("n.example", [IPv6Address], "UDP")])

    def test_names_are_looked_up_again_at_each_find(self) -> None:
        seeds = self.seeds("n.example")
        for host in ("10.0.0.1", "10.0.0.2"):
            self.names.known["n.example"] = [host]
            addresses, _ = self.successResultOf(seeds.find())
            self.assertEqual(addresses, [(host, 7946)])

    def test_a_failed_look_up_is_reported_in_a_sentence_and_does_not_affect_the_others(
        self,
    ) -> None:
        self.names.known["n.example"] = ["10.0.0.1"]
        addresses, failures = self.found("gone.example:1", "n.example", "broken.example")
        self.assertEqual(addresses, ["10.0.0.1:7946"])
        self.assertEqual(
            failures,
            {
                "gone.example:1": "gone.example has no IPv4 address",
                "broken.example": "cannot be encoded",
            },
        )

    def test_the_failure_of_a_host_and_port_pair_is_reported_under_host_colon_port(self) -> None:
        self.assertEqual(list(self.found(("gone.example", 5))[1]), ["gone.example:5"])

    def test_link_local_addresses_of_a_name_are_left_out(self) -> None:
        self.names.known["n.example"] = ["fe80::1", "2001:db8::1"]
        self.names.known["m.example"] = ["fe80::1"]
        addresses, failures = self.found("n.example", "m.example", type="udp6")
        self.assertEqual(addresses, ["[2001:db8::1]:7946"])
        self.assertEqual(list(failures), ["m.example"])
        self.assertIn("link-local", failures["m.example"])

    def test_all_names_are_looked_up_at_the_same_time_for_5_seconds_each(self) -> None:
        self.names.known["n.example"] = ["10.0.0.1"]
        self.names.silent = {"a.example", "b.example"}
        finding = self.seeds("a.example", "n.example", "b.example").find()
        self.assertEqual(len(self.names.asked), 3)
        self.reactor.advance(4.9)
        self.assertNoResult(finding)
        self.reactor.advance(0.1)
        addresses, failures = self.successResultOf(finding)
        self.assertEqual(addresses, [("10.0.0.1", 7946)])
        self.assertEqual(failures["b.example"], "no answer about b.example within 5 s")
        self.assertEqual(list(failures), ["a.example", "b.example"])

    def test_an_answer_after_the_timeout_is_ignored(self) -> None:
        receivers: list[Any] = []
        self.names.resolveHostName = (  # type: ignore[method-assign]
            lambda receiver, *rest, **more: receivers.append(receiver)
        )
        finding = self.seeds("a.example").find()
        self.reactor.advance(5)
        self.successResultOf(finding)
        receivers[0].addressResolved(IPv4Address("UDP", "10.0.0.1", 1))
        receivers[0].resolutionComplete()

    def test_a_cancelled_find_leaves_no_delayed_calls(self) -> None:
        self.names.silent = {"a.example", "b.example", "t.example"}
        never: Deferred[Any] = Deferred()
        services = Services(known=[(0, 0, 1, b"t.example")], never=never)
        finding = self.seeds(
            "a.example",
            "b.example",
            "_known._udp.example",
            "_never._udp.example",
            resolver=services,
        ).find()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 4)
        finding.cancel()
        self.failureResultOf(finding, CancelledError)
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])


class Imports(SynchronousTestCase):
    def test_twisted_names_is_imported_only_when_a_service_is_looked_up(self) -> None:
        program = "import swimtx.discovery, sys; print('twisted.names' in sys.modules)"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        self.assertEqual(done.stdout.strip(), "False")
