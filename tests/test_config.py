"""Settings: presets, addresses and limits."""

from __future__ import annotations

import math
import operator
from dataclasses import FrozenInstanceError, replace
from typing import Any

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from swimtx.config import PROFILES, Config
from swimtx.errors import BadConfig, SwimError
from tests.strategies import names

TIMES = (
    "protocol_period",
    "ping_timeout",
    "gossip_interval",
    "silence_tolerance",
    "patience",
    "table_interval",
    "renewal_interval",
    "failed_memory",
    "left_memory",
    "leave_timeout",
    "join_timeout",
)


class Presets(SynchronousTestCase):
    """The presets of times, and copies of settings."""

    def test_lan_is_the_default_preset(self) -> None:
        self.assertEqual(Config(), Config.lan())
        self.assertEqual(Config().profile, "lan")

    def test_each_preset_sets_its_times(self) -> None:
        self.assertEqual(PROFILES, ("local", "lan", "wan"))
        expected = {
            "local": (1.0, 0.45, 0.1, 15.0, 3.0, 30.0),
            "lan": (1.0, 0.45, 0.2, 30.0, 5.0, 30.0),
            "wan": (5.0, 2.25, 0.5, 60.0, 35.0, 60.0),
        }
        for profile in PROFILES:
            config: Config = getattr(Config, profile)(name="n1")
            self.assertEqual((config.profile, config.name), (profile, "n1"))
            times = (
                config.protocol_period,
                config.ping_timeout,
                config.gossip_interval,
                config.table_interval,
                config.silence_tolerance_seconds,
                config.patience,
            )
            self.assertEqual(times, expected[profile])

    def test_a_given_time_overrides_the_preset(self) -> None:
        config = Config.wan(protocol_period=2.0, gossip_interval=0.25)
        self.assertEqual((config.protocol_period, config.gossip_interval), (2.0, 0.25))
        self.assertEqual(config.ping_timeout, 0.9, "0.45 periods")
        self.assertEqual(config.silence_tolerance_seconds, 14.0)

    def test_an_unknown_preset_is_refused(self) -> None:
        self.assertIn("moon", str(self.assertRaises(BadConfig, Config, profile="moon")))

    def test_settings_are_frozen(self) -> None:
        config = Config(tags={"role": "web"})
        self.assertRaises(FrozenInstanceError, setattr, config, "port", 1)
        self.assertRaises(TypeError, operator.setitem, config.tags, "role", "db")

    def test_a_changed_copy_is_checked_as_well(self) -> None:
        self.assertEqual(replace(Config(), port=5).port, 5)
        self.assertRaises(BadConfig, replace, Config(), port=-1)

    def test_tags_given_are_copied(self) -> None:
        given = {"role": "web"}
        config = Config(tags=given)
        given["role"] = "db"
        self.assertEqual(config.tags, {"role": "web"})


class Addresses(SynchronousTestCase):
    """The interface that a member binds, and the address that it advertises."""

    def test_loopback_is_the_default_interface(self) -> None:
        self.assertEqual(Config().interface, "127.0.0.1")
        self.assertEqual(Config(type="udp6").interface, "::1")
        self.assertEqual(Config(interface="127.0.0.9").interface, "127.0.0.9")

    def test_the_wildcard_is_the_default_interface_with_insecure(self) -> None:
        self.assertEqual(Config(insecure=True).interface, "0.0.0.0")
        self.assertEqual(Config(insecure=True, type="udp6").interface, "::")

    def test_an_interface_beyond_loopback_needs_insecure(self) -> None:
        for host in ("0.0.0.0", "10.0.0.1"):
            refused = self.assertRaises(BadConfig, Config, interface=host)
            self.assertIn("--insecure", str(refused))
            self.assertEqual(Config(interface=host, insecure=True).interface, host)
        self.assertRaises(BadConfig, Config, interface="2001:db8::1", type="udp6")

    def test_an_interface_that_is_no_ip_literal_is_refused(self) -> None:
        for host in ("localhost", "", "1.2.3", "fe80::1%eth0"):
            self.assertRaises(BadConfig, Config, interface=host, insecure=True)

    def test_an_interface_of_another_address_family_is_refused(self) -> None:
        self.assertRaises(BadConfig, Config, interface="::1")
        self.assertRaises(BadConfig, Config, interface="127.0.0.1", type="udp6")
        self.assertRaises(BadConfig, Config, type="tcp")

    def test_ports_are_from_0_to_65535(self) -> None:
        for port in (-1, 65536):
            self.assertRaises(BadConfig, Config, port=port)
            self.assertRaises(BadConfig, Config, advertise=("10.0.0.1", port))
        for port in (0, 65535):
            self.assertEqual(Config(port=port, advertise=("10.0.0.1", port)).port, port)

    def test_the_advertised_host_is_the_ip_literal_of_a_single_host(self) -> None:
        for host in ("example.org", "", "fe80::1", "224.0.0.1", "ff02::1"):
            self.assertRaises(BadConfig, Config, advertise=(host, 7946))


class Limits(SynchronousTestCase):
    """Values that the constructor refuses, with the reason."""

    def assert_refused(self, *words: str, **settings: Any) -> None:
        refused = self.assertRaises(BadConfig, Config, **settings)
        self.assertIsInstance(refused, SwimError)
        self.assertIsInstance(refused, ValueError)
        for word in words:
            self.assertIn(word, str(refused))

    @given(names)
    def test_names_have_up_to_128_bytes(self, name: str) -> None:
        self.assertEqual(Config(name=name).name, name)

    def test_invalid_names_of_members_and_clusters_are_refused(self) -> None:
        for name in ("", "x" * 129, "a\nb", "host\udcff"):
            self.assert_refused("name", name=name)
        for cluster in ("", "x" * 65, "a\tb"):
            self.assert_refused("cluster", cluster=cluster)

    def test_invalid_tags_are_refused(self) -> None:
        for tags in ({"": "v"}, {"k": "v" * 512}, {f"k{n}": "" for n in range(33)}):
            self.assert_refused("tag", tags=tags)
        for wrong in ({"k": 1}, {1: "v"}):
            self.assert_refused("text", tags=wrong)

    def test_times_and_sizes_are_above_zero_and_finite(self) -> None:
        for setting in TIMES:
            for value in (0, -1.0, math.nan, math.inf):
                self.assert_refused(setting, **{setting: value})
        for setting in ("gossip_fanout", "transmissions", "max_members"):
            for value in (0, -1):
                self.assert_refused(setting, **{setting: value})

    def test_counts_that_may_be_zero_are_not_negative(self) -> None:
        for setting in ("relays", "max_remembered", "direct_notice_limit"):
            self.assert_refused(setting, **{setting: -1})
            zero: dict[str, Any] = {setting: 0}
            self.assertEqual(getattr(Config(**zero), setting), 0)

    def test_a_ping_timeout_that_leaves_the_relays_no_time_is_refused(self) -> None:
        self.assert_refused("ping_timeout", "relays", protocol_period=1.0, ping_timeout=0.61)
        Config(protocol_period=1.0, ping_timeout=0.6)

    def test_a_patience_below_the_silence_tolerance_is_refused(self) -> None:
        self.assert_refused("patience", "silence", patience=4.9)
        Config(patience=5.0)

    def test_the_default_patience_grows_with_the_period(self) -> None:
        config = Config(protocol_period=10.0)
        self.assertEqual((config.silence_tolerance_seconds, config.patience), (50.0, 50.0))

    def test_the_capacity_of_a_datagram_is_from_1280_to_65000_bytes(self) -> None:
        for capacity in (0, 1279, 65001):
            self.assert_refused("capacity", capacity=capacity)
        for capacity in (1280, 65000):
            self.assertEqual(Config(capacity=capacity).capacity, capacity)
