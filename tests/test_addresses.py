"""Addresses as text: one formatter and one parser for all commands, logs and seeds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address, host_port, split_host_port


class AddressTextTests(SynchronousTestCase):
    def test_an_ipv6_address_is_put_in_brackets(self) -> None:
        self.assertEqual(host_port("::1", 1), "[::1]:1")
        self.assertEqual(host_port("127.0.0.1", 1), "127.0.0.1:1")
        self.assertEqual(str(Address("2001:db8::1", 7946)), "[2001:db8::1]:7946")

    @given(st.ip_addresses().map(str), st.integers(0, 65535))
    def test_the_text_of_an_address_is_parsed_into_the_same_host_and_port(
        self, host: str, port: int
    ) -> None:
        self.assertEqual(split_host_port(host_port(host, port)), (host, str(port)))

    @given(st.ip_addresses().map(str))
    def test_a_host_without_a_port_is_parsed_as_it_stands(self, host: str) -> None:
        self.assertEqual(split_host_port(host), (host, None))

    def test_an_ipv6_address_may_be_in_brackets_without_a_port(self) -> None:
        self.assertEqual(split_host_port("[::1]"), ("::1", None))

    def test_brackets_that_are_open_or_hold_no_ipv6_address_are_refused(self) -> None:
        for text in ("[::1", "[::1]x", "[]:1", "[10.0.0.1]:1", "[a]"):
            with self.assertRaises(ValueError, msg=text):
                split_host_port(text)
