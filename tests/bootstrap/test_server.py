"""The bootstrap node: the members that it lists, and those that it drops."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.wire.codec import encode
from swimtx.wire.messages import Contact, MessageType
from tests.bootstrap.doubles import Scene
from tests.messages import message_of


class JoinTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.bootstrap = self.scene.bootstrap

    def test_the_first_newcomer_gets_an_empty_list(self) -> None:
        answer = self.scene.newcomer(1).join()
        self.assertIs(answer.type, MessageType.JOIN_RES)
        self.assertTrue(answer.bootstrap)
        self.assertEqual((answer.sequence, answer.cluster, answer.listed), (77, "default", ()))
        self.assertEqual(answer.address, self.bootstrap.address)

    def test_a_newcomer_gets_the_other_members_the_latest_join_first(self) -> None:
        a, b, c = self.scene.joined(3)
        self.assertEqual(
            c.answer().listed,
            tuple(Contact(n.claim.name, n.claim.address, 0, 1000) for n in (b, a)),
        )

    def test_members_returns_the_list_for_a_newcomer(self) -> None:
        self.scene.joined(2)
        self.assertEqual(
            self.bootstrap.members(),
            (
                Contact("n2", Address("10.0.0.2", 7946), 0, 1000),
                Contact("n1", Address("10.0.0.1", 7946), 0, 1000),
            ),
        )

    def test_only_the_most_recent_joins_are_listed(self) -> None:
        scene = Scene(recent=3)
        *_, last = scene.joined(6)
        self.assertEqual([entry.name for entry in last.answer().listed], ["n5", "n4", "n3"])
        self.assertEqual(scene.names(), ["n6", "n5", "n4"])

    def test_renewals_do_not_change_the_order(self) -> None:
        a, _, c = self.scene.joined(3)
        a.join()
        c.join()
        self.assertEqual(self.scene.names(), ["n3", "n2", "n1"])

    def test_a_new_run_of_a_member_is_a_new_join(self) -> None:
        a, *_ = self.scene.joined(3)
        a.claim = replace(a.claim, epoch=2000)
        a.join()
        self.assertEqual(self.scene.names(), ["n1", "n3", "n2"])

    def test_a_wildcard_address_is_replaced_by_the_source(self) -> None:
        newcomer = self.scene.newcomer(1)
        newcomer.claim = replace(newcomer.claim, address=Address("0.0.0.0", 8000))
        newcomer.join()
        self.assertEqual(self.bootstrap.members()[0].address, ("10.0.0.1", 8000))

    def test_a_claimed_address_takes_precedence_over_the_source(self) -> None:
        newcomer = self.scene.newcomer(1)
        newcomer.claim = replace(newcomer.claim, address=Address("192.0.2.9", 8000))
        newcomer.join()
        self.assertEqual(self.bootstrap.members()[0].address, ("192.0.2.9", 8000))

    def test_a_join_request_without_an_update_is_taken_from_its_header(self) -> None:
        self.scene.newcomer(1, epoch=1234).join(updates=())
        self.assertEqual(
            self.bootstrap.members(), (Contact("n1", Address("10.0.0.1", 7946), 0, 1234),)
        )

    def test_an_epoch_far_ahead_is_malformed_since_members_would_refuse_the_list(self) -> None:
        newcomer = self.scene.newcomer(1, epoch=2**52)
        newcomer.send(newcomer.join_req(updates=()))
        self.assertEqual((self.bootstrap.malformed, newcomer.heard), (1, []))
        self.assertEqual(self.bootstrap.members(), ())

    def test_the_bootstrap_node_never_lists_itself(self) -> None:
        newcomer = self.scene.newcomer(1)
        newcomer.claim = replace(newcomer.claim, address=self.bootstrap.address)
        newcomer.send(newcomer.join_req())
        self.assertEqual((self.bootstrap.ignored, newcomer.heard), (1, []))
        self.assertEqual(self.bootstrap.members(), ())

    def test_on_a_wildcard_interface_loopback_with_the_same_port_is_never_listed(self) -> None:
        scene = Scene(interface="0.0.0.0")
        newcomer = scene.newcomer(1)
        newcomer.claim = replace(newcomer.claim, address=Address("127.0.0.1", 10000))
        newcomer.send(newcomer.join_req())
        self.assertEqual(scene.bootstrap.members(), ())

    def test_the_bootstrap_node_holds_at_most_4096_entries(self) -> None:
        newcomer = self.scene.newcomer(1)
        for number in range(4200):
            self.scene.bootstrap.heard(
                encode(
                    message_of(
                        MessageType.JOIN_REQ,
                        f"m{number}",
                        newcomer.claim.address,
                        cluster="default",
                    )
                ),
                ("10.0.0.1", 7946),
            )
        self.assertEqual(len(self.bootstrap._recent), 4096)


class DropTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.bootstrap = self.scene.bootstrap
        self.a, self.b, self.c = self.scene.joined(3)

    def test_a_member_that_does_not_renew_is_dropped_after_35_seconds(self) -> None:
        for _ in range(4):
            self.scene.clock.advance(9)
            self.b.join()
        self.assertEqual(self.scene.names(), ["n2"])
        self.scene.clock.advance(34.9)
        self.assertEqual(self.scene.names(), ["n2"])
        self.scene.clock.advance(0.1)
        self.assertEqual(self.scene.names(), [])

    def test_a_fail_in_an_update_drops_the_member_at_once(self) -> None:
        gone = self.a.claim.failed("n2")
        self.b.tell(MessageType.FAIL, updates=(gone,))
        self.assertEqual(self.scene.names(), ["n3", "n2"])
        self.assertEqual((self.bootstrap.departures, self.b.heard), (1, []))

    def test_a_failure_piggybacked_on_a_renewal_drops_the_member(self) -> None:
        answer = self.c.join(updates=(self.c.claim, self.a.claim.failed("n2")))
        self.assertEqual([entry.name for entry in answer.listed], ["n2"])

    def test_a_fail_without_updates_drops_the_member_in_its_header(self) -> None:
        self.b.claim = self.a.claim
        self.b.tell(MessageType.FAIL)
        self.assertEqual(self.scene.names(), ["n3", "n2"])

    def test_a_fail_with_another_address_in_its_header_drops_no_member(self) -> None:
        for address in (Address("10.0.0.9", 7946), Address("10.0.0.1", 7947)):
            self.b.claim = replace(self.a.claim, address=address)
            self.b.tell(MessageType.FAIL)
        self.assertEqual(self.scene.names(), ["n3", "n2", "n1"])

    def test_a_fail_about_an_older_run_is_ignored(self) -> None:
        old = replace(self.a.claim, epoch=999)
        self.b.tell(MessageType.FAIL, updates=(old.failed("n2"),))
        self.b.claim = old
        self.b.tell(MessageType.FAIL)
        self.assertEqual(self.scene.names(), ["n3", "n2", "n1"])

    def test_a_leave_drops_its_sender_at_once_and_is_acknowledged(self) -> None:
        self.a.tell(MessageType.LEAVE, updates=(self.a.claim.departed(),), sequence=5)
        answer = self.a.answer()
        self.assertEqual((answer.type, answer.sequence), (MessageType.ACK, 5))
        self.assertEqual(self.scene.names(), ["n3", "n2"])

    def test_a_leave_without_updates_drops_its_sender(self) -> None:
        self.a.send(self.a.message(MessageType.LEAVE))
        self.assertEqual(self.scene.names(), ["n3", "n2"])

    def test_a_leave_that_is_repeated_is_acknowledged_again(self) -> None:
        for _ in range(2):
            self.a.tell(MessageType.LEAVE, updates=(self.a.claim.departed(),))
            self.assertIs(self.a.answer().type, MessageType.ACK)
        self.assertEqual(self.bootstrap.departures, 1)

    def test_a_member_declared_failed_is_listed_again_after_its_renewal(self) -> None:
        self.b.tell(MessageType.FAIL, updates=(self.a.claim.failed("n2"),))
        self.a.claim = self.a.claim.alive(1)
        self.a.join()
        self.assertEqual(self.scene.names(), ["n1", "n3", "n2"])

    def test_a_restarted_bootstrap_node_lists_members_again_after_renewals(self) -> None:
        self.bootstrap.stop()
        self.scene.clock.advance(1)
        self.successResultOf(self.bootstrap.start())
        self.assertEqual(self.scene.names(), [])
        for newcomer in (self.a, self.b, self.c):
            newcomer.join()
        self.assertEqual(self.scene.names(), ["n3", "n2", "n1"])
