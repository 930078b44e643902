"""Parsing of seeds as people type them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.discovery import Seed, parse_seed


class ParseSeedTestCase(SynchronousTestCase):
    def read(self, text: str) -> tuple[str, int, bool, bool]:
        seed = parse_seed(text)
        self.assertEqual(seed.text, text)
        return seed.host, seed.port, seed.literal, seed.service

    def refused(self, text: str, why: str) -> None:
        with self.assertRaises(ValueError) as caught:
            parse_seed(text)
        self.assertIn(repr(text), str(caught.exception))
        self.assertIn(why, str(caught.exception))

    def test_an_address_alone_gets_the_default_port(self) -> None:
        self.assertEqual(self.read("10.0.0.1"), ("10.0.0.1", 7946, True, False))
        self.assertEqual(parse_seed("10.0.0.1", 10000).port, 10000)

    def test_an_address_may_have_a_port(self) -> None:
        self.assertEqual(self.read("10.0.0.1:10000"), ("10.0.0.1", 10000, True, False))

    def test_an_ipv6_address_may_be_given_bare_or_in_brackets(self) -> None:
        for text in ("2001:db8::1", "[2001:db8::1]", "2001:DB8:0::1"):
            self.assertEqual(self.read(text), ("2001:db8::1", 7946, True, False))

    def test_an_ipv6_address_with_a_port_is_given_in_brackets(self) -> None:
        self.assertEqual(self.read("[2001:db8::1]:3333"), ("2001:db8::1", 3333, True, False))

    def test_an_ipv4_mapped_ipv6_address_is_parsed_to_ipv4(self) -> None:
        self.assertEqual(self.read("[::ffff:10.0.0.1]:1"), ("10.0.0.1", 1, True, False))

    def test_a_name_may_have_a_port(self) -> None:
        self.assertEqual(self.read("seed.example"), ("seed.example", 7946, False, False))
        self.assertEqual(self.read("seed_1.example.:80"), ("seed_1.example.", 80, False, False))
        self.assertEqual(self.read("bücher.example"), ("bücher.example", 7946, False, False))

    def test_a_service_has_port_zero_and_a_port_with_it_is_refused(self) -> None:
        self.assertEqual(self.read("_swim._udp.example"), ("_swim._udp.example", 0, False, True))
        self.refused("_swim._udp.example:7946", "a service's records say the port")

    def test_a_service_that_is_not_udp_or_has_no_domain_is_refused(self) -> None:
        for text in ("_swim._tcp.example", "_swim._udp", "_swim.example"):
            self.refused(text, "_SERVICE._udp.DOMAIN")

    def test_a_seed_without_a_host_is_refused(self) -> None:
        for text in ("", ":7946", "[]", "[]:7946"):
            with self.assertRaises(ValueError):
                parse_seed(text)
        self.refused("", "no host is given")

    def test_a_port_that_is_not_1_to_65535_is_refused(self) -> None:
        for port in ("", "0", "65536", "-1", "+1", "http", " 1", "\u0661", "9" * 5000):
            self.refused(f"seed.example:{port}", "the port must be 1 to 65535")
            self.refused(f"[2001:db8::1]:{port}", "the port must be 1 to 65535")

    def test_link_local_addresses_are_refused(self) -> None:
        for text in ("fe80::1", "[fe80::1]:7946", "fe80::1%eth0", "[fe80::1%eth0]:7946"):
            self.refused(text, "link-local")

    def test_a_wildcard_address_is_refused(self) -> None:
        for text in ("0.0.0.0", "[::]:7946"):
            self.refused(text, "could be asked")

    def test_brackets_that_are_not_closed_or_not_around_ipv6_are_refused(self) -> None:
        for text in ("[2001:db8::1", "[2001:db8::1]7946"):
            self.refused(text, "[ADDRESS]:PORT")
        self.refused("[10.0.0.1]", "brackets")

    def test_a_malformed_ip_literal_is_refused(self) -> None:
        for text in ("10.0.0", "10.0.0.256", "2001:db8::1::2", "1"):
            self.refused(text, "does not appear to be")

    def test_a_malformed_name_is_refused(self) -> None:
        for text in ("a b", "a..b", ".a", "a/b", "a\n", "x" * 64, "a." * 127 + "ab"):
            self.refused(text, "name")

    @given(st.text())
    @example("[::1%]")
    def test_any_text_is_a_seed_or_raises_value_error(self, text: str) -> None:
        try:
            seed = parse_seed(text)
        except ValueError:
            return
        self.assertIsInstance(seed, Seed)
        self.assertTrue(seed.host)
        self.assertEqual(seed.service, seed.port == 0)
