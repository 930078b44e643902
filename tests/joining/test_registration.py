"""The addresses of seeds that a member remembers, for registrations and FAILs.

The registration of whole members is tested in C{test_join}.
"""

from __future__ import annotations

from typing import Any

from swimtx.addresses import Address
from swimtx.joining import registration
from swimtx.joining.announce import Announcer
from swimtx.joining.registration import BootstrapRegistration
from swimtx.wire.messages import MessageType
from tests.joining.test_join import Seeds
from tests.parts import ComponentTestCase

JOIN_REQ = MessageType.JOIN_REQ


def addresses(*ports: int) -> list[Address]:
    """Addresses of bootstrap nodes, by port."""
    return [Address("10.99.0.1", port) for port in ports]


class RegistrationTestCase(ComponentTestCase):
    settings = {"renewal_interval": 100.0}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        announcer = parts.use(
            Announcer(parts.membership, parts.messenger, parts.config, lambda *reached: None)
        )
        self.registration = parts.use(
            BootstrapRegistration(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                lambda address, done=lambda complete: None: None,
                announcer,
                parts.config,
            )
        )

    def outsiders(self) -> list[Address]:
        return list(self.registration.outsiders())


class OutsidersTests(RegistrationTestCase):
    def test_the_addresses_of_seeds_are_outsiders_unless_a_living_member_has_them(self) -> None:
        (peer,) = self.others("a")
        self.registration.know([*addresses(1), peer.claim.address, self.parts.me.address])
        self.assertEqual(self.outsiders(), addresses(1))
        self.parts.knows(peer.claim.suspected("me"))
        self.assertEqual(self.outsiders(), addresses(1))
        self.parts.knows(peer.claim.failed("me"))
        self.assertEqual(self.outsiders(), [*addresses(1), peer.claim.address])

    def test_each_address_is_remembered_once(self) -> None:
        self.registration.know(addresses(1, 2, 1))
        self.registration.know(addresses(2, 1))
        self.assertEqual(sorted(self.outsiders()), addresses(1, 2))

    def test_the_64_latest_addresses_are_remembered(self) -> None:
        self.registration.know(addresses(*range(1, 101)))
        self.assertEqual(self.outsiders(), addresses(*range(37, 101)))

    def test_an_address_that_is_found_again_counts_as_the_latest(self) -> None:
        self.registration.know(addresses(*range(1, 65)))
        self.registration.know(addresses(1, 65))
        self.assertEqual(self.outsiders(), addresses(*range(3, 65), 1, 65))

    def test_a_new_run_knows_no_outsiders(self) -> None:
        self.registration.know(addresses(1, 2))
        self.registration.start()
        self.assertEqual(self.outsiders(), [])


class SourcesTests(RegistrationTestCase):
    def test_each_seed_gets_one_join_req_for_each_interval(self) -> None:
        node = self.scene.peer("bootstrap")
        self.registration.add(Seeds(([node.claim.address], {})))
        self.scene.run(25)
        self.assertEqual(len(node.messages(JOIN_REQ)), 1, "the first one after a fifth")
        self.scene.run(110)
        self.assertEqual(len(node.messages(JOIN_REQ)), 2)

    def test_a_seed_that_two_sources_find_gets_one_join_req(self) -> None:
        node = self.scene.peer("bootstrap")
        for _ in range(2):
            self.registration.add(Seeds(([node.claim.address], {})))
        self.scene.run(25)
        self.assertEqual(len(node.messages(JOIN_REQ)), 1)

    def test_the_latest_sources_are_remembered(self) -> None:
        self.patch(registration, "_SOURCES", 2)
        sources = [Seeds(([], {})) for _ in range(3)]
        for source in (*sources, sources[1]):
            self.registration.add(source)
        self.scene.run(25)
        self.assertEqual([source.looked_up for source in sources], [0, 1, 1])

    def test_a_source_that_gives_anything_else_than_addresses_is_ignored(self) -> None:
        node = self.scene.peer("bootstrap")
        given: tuple[Any, ...] = (None, 7, ([("no host", 1)], {}), OSError("no name server"))
        for source in (*map(Seeds, given), Seeds(([tuple(node.claim.address)], {}))):
            self.registration.add(source)
        self.scene.run(25)
        self.assertEqual(len(node.messages(JOIN_REQ)), 1)

    def test_no_seed_is_looked_up_after_a_stop(self) -> None:
        source = Seeds(([], {}))
        self.registration.add(source)
        self.registration.stop()
        self.scene.run(200)
        self.assertEqual(source.looked_up, 0)
