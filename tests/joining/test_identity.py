"""The record of the local member when it starts, and its address toward its seeds."""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.config import Config
from swimtx.errors import BadConfig
from swimtx.joining.identity import LocalIdentity, name_by_host
from swimtx.limits import MAX_NAME_BYTES
from swimtx.membership.claim import Claim, State
from swimtx.membership.table import Membership
from swimtx.simulation import VirtualClock
from tests.parts import EPOCH, NOW
from tests.test_journal import RecordingJournal

SEED = Address("10.8.0.1", 7946)


class IdentityTestCase(SynchronousTestCase):
    """An identity on a host whose source addresses the test sets.

    @ivar routes: the address that the host sends from, by target; C{None}: any host outside.
    """

    def setUp(self) -> None:
        self.clock = VirtualClock(NOW)
        self.journal = RecordingJournal()
        self.routes: dict[str | None, str] = {None: "10.7.0.5"}
        self.asked: list[tuple[str | None, str]] = []

    def toward(self, host: str | None, kind: str) -> str:
        self.asked.append((host, kind))
        return self.routes.get(host, "::1" if kind == "udp6" else "127.0.0.1")

    def identity(self, **settings: Any) -> LocalIdentity:
        self.config = Config.lan(**{"name": "me", "insecure": True, **settings})
        self.membership = Membership(self.clock.seconds, 1000)
        return LocalIdentity(self.clock, self.membership, self.config, self.journal, self.toward)


class ClaimTests(IdentityTestCase):
    def test_the_record_has_the_configured_name_interface_and_tags(self) -> None:
        identity = self.identity(interface="10.0.0.1", tags={"b": "2", "a": "1"})
        self.assertEqual(
            identity.claim(7946),
            Claim(
                "me",
                Address("10.0.0.1", 7946),
                EPOCH,
                tags=(("a", "1"), ("b", "2")),
                by="me",
            ),
        )
        self.assertEqual(self.asked, [])

    def test_the_address_of_a_wildcard_interface_is_that_toward_hosts_outside(self) -> None:
        self.assertEqual(self.identity(interface="0.0.0.0").claim(7946).address, ("10.7.0.5", 7946))
        self.routes[None] = "2001:db8::5"
        claim = self.identity(type="udp6", interface="::").claim(7946)
        self.assertEqual(claim.address, ("2001:db8::5", 7946))
        self.assertEqual(self.asked, [(None, "udp4"), (None, "udp6")])

    def test_an_advertised_address_replaces_that_of_the_interface(self) -> None:
        for port, expected in ((0, 7946), (99, 99)):
            for interface in ("0.0.0.0", "10.0.0.1"):
                identity = self.identity(interface=interface, advertise=("10.9.0.1", port))
                self.assertEqual(identity.claim(7946).address, ("10.9.0.1", expected))

    def test_the_name_of_an_earlier_run_replaces_the_configured_one(self) -> None:
        claim = self.identity(interface="10.0.0.1").claim(7946, "earlier")
        self.assertEqual((claim.name, claim.by), ("earlier", "earlier"))

    def test_the_name_is_made_of_host_and_port_if_none_is_configured(self) -> None:
        self.patch(socket, "gethostname", lambda: "machine")
        self.assertEqual(
            self.identity(name=None, interface="10.0.0.1").claim(77).name, "machine-77"
        )

    def test_the_epoch_is_later_than_that_of_the_last_run_if_the_clock_went_back(self) -> None:
        identity = self.identity(interface="10.0.0.1")
        for ahead in (0, 5000):
            last = Claim("me", Address("10.0.0.1", 7946), EPOCH + ahead)
            self.membership.become(last)
            self.assertEqual(identity.claim(7946).epoch, EPOCH + ahead + 1)
        self.clock.advance(60)
        self.assertEqual(identity.claim(7946).epoch, EPOCH + 60_000)

    def test_the_epoch_is_never_0(self) -> None:
        self.clock = VirtualClock(0.0)
        self.assertEqual(self.identity(interface="10.0.0.1").claim(7946).epoch, 1)


class NameByHostTests(SynchronousTestCase):
    def test_the_end_of_a_long_name_is_kept_within_the_limit(self) -> None:
        for host in ("x" * 200, "ñ" * 200, "€" * 200):
            self.patch(socket, "gethostname", lambda host=host: host)
            name = name_by_host(7946)
            self.assertTrue(name.endswith("-7946"))
            self.assertTrue(MAX_NAME_BYTES - 3 < len(name.encode()) <= MAX_NAME_BYTES)

    def test_a_host_name_with_control_characters_is_refused(self) -> None:
        self.patch(socket, "gethostname", lambda: "bad\nname")
        error = self.assertRaises(BadConfig, name_by_host, 7946)
        self.assertIn("give it another one", str(error))


class LookTowardTests(IdentityTestCase):
    def started(self, **settings: Any) -> LocalIdentity:
        identity = self.identity(**{"interface": "0.0.0.0", **settings})
        self.membership.become(identity.claim(7946))
        self.asked.clear()
        return identity

    @property
    def host(self) -> str:
        return self.membership.local.address.host

    def test_a_wildcard_interface_takes_the_address_toward_the_first_seed(self) -> None:
        self.routes[SEED.host] = "10.8.0.5"
        self.routes["10.9.0.1"] = "10.9.0.5"
        self.started().look_toward([SEED, Address("10.9.0.1", 7946)])
        me = self.membership.local
        self.assertEqual(me.address, ("10.8.0.5", 7946))
        self.assertEqual((me.incarnation, me.state, me.epoch), (1, State.ALIVE, EPOCH))
        (note,) = self.journal.notes
        self.assertEqual(note, ("address", "me", {"before": "10.7.0.5", "now": "10.8.0.5"}))

    def test_the_record_stays_as_it_is_if_the_address_toward_the_seed_is_the_same(self) -> None:
        self.routes[SEED.host] = "10.7.0.5"
        identity = self.started()
        before = self.membership.local
        for _ in range(2):
            identity.look_toward([SEED])
        self.assertIs(self.membership.local, before)
        self.assertEqual(self.journal.notes, [])

    def test_an_address_that_is_bound_or_advertised_is_kept(self) -> None:
        self.routes[SEED.host] = "10.8.0.5"
        for settings in ({"interface": "10.0.0.1"}, {"advertise": ("10.9.0.9", 0)}):
            identity = self.started(**settings)
            before = self.membership.local
            identity.look_toward([SEED])
            self.assertIs(self.membership.local, before)
        self.assertEqual(self.asked, [])

    def test_no_seed_changes_nothing(self) -> None:
        identity = self.started()
        before = self.membership.local
        identity.look_toward([])
        self.assertIs(self.membership.local, before)

    def test_a_seed_on_this_machine_gives_a_loopback_address(self) -> None:
        self.started().look_toward([Address("127.0.0.1", 7947)])
        self.assertEqual(self.host, "127.0.0.1")

    def test_a_seed_without_a_route_is_passed_over(self) -> None:
        self.routes["10.9.0.1"] = "10.9.0.5"
        self.started().look_toward([SEED, Address("10.9.0.1", 7946)])
        self.assertEqual(self.host, "10.9.0.5")

    def test_the_address_is_kept_if_there_is_no_route_to_any_seed(self) -> None:
        self.started().look_toward([SEED, Address("10.9.0.1", 7946)])
        self.assertEqual(self.host, "10.7.0.5")

    def test_a_seed_of_the_other_family_is_passed_over(self) -> None:
        self.routes["2001:db8::1"] = "2001:db8::5"
        self.routes[SEED.host] = "10.8.0.5"
        self.started().look_toward([Address("2001:db8::1", 7946), SEED])
        self.assertEqual(self.host, "10.8.0.5", "an IPv4 socket cannot receive at the other")
