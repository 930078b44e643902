"""Leaving: a LEAVE to all living members, and a bounded wait for their ACKs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from swimtx.addresses import Address
from swimtx.joining.leave import Leaving
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase, Peer
from tests.transport.test_protocol import RecordingStream

LEAVE, ACK = MessageType.LEAVE, MessageType.ACK


class LeavingTestCase(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.leaving = parts.use(
            Leaving(parts.reactor, parts.membership, parts.messenger, parts.config)
        )

    def leave(self, seconds: float = 0.01) -> Deferred[None]:
        left = self.leaving.leave()
        self.scene.run(seconds)
        return left

    def acknowledge(self, *peers: Peer) -> None:
        """Have these peers acknowledge the LEAVE."""
        for peer in peers:
            leave = peer.heard[-1]
            data = peer.bytes_of(ACK, sequence=leave.message.sequence)
            if type(leave.peer) is Address:
                peer.transport.write(data, leave.peer)
            else:
                leave.peer.send(data)
        self.scene.run(0.01)


class LeaveTests(LeavingTestCase):
    def test_every_living_member_gets_a_leave_at_once(self) -> None:
        peers = self.others("a", "b", "c")
        self.parts.knows(peers[2].claim.suspected("x"))
        self.leave()
        self.assertEqual(self.parts.state("me"), "left")
        for peer in peers:
            (message,) = peer.messages()
            self.assertEqual((message.type, message.name), (LEAVE, "me"))
            self.assertEqual(message.updates[0], self.parts.me)
            self.assertNotEqual(message.sequence, 0)

    def test_members_that_failed_or_left_and_peers_of_seven_fields_get_no_leave(self) -> None:
        failed, left, old = self.others("failed", "left", "old")
        self.parts.knows(failed.claim.failed("x"), left.claim.departed())
        self.parts.membership.forget("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.successResultOf(self.leave())
        self.assertEqual([peer.heard for peer in (failed, left, old)], [[]] * 3)

    def test_a_leave_without_other_members_is_done_at_once(self) -> None:
        self.successResultOf(self.leave(0))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_leave_is_done_when_the_last_member_has_acknowledged(self) -> None:
        a, b = self.others("a", "b")
        left = self.leave()
        self.acknowledge(a)
        self.acknowledge(a)
        self.assertNoResult(left)
        self.acknowledge(b)
        self.successResultOf(left)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_a_member_that_does_not_acknowledge_gets_the_leave_again(self) -> None:
        a, b = self.others("a", "b")
        self.scene.network.refuse_streams(b.claim.address.host)
        self.leave()
        self.acknowledge(a)
        self.scene.run(0.5)
        self.assertEqual((a.times(LEAVE), b.times(LEAVE)), ([1], [1, 201, 401]))

    def test_the_third_leave_to_a_member_goes_by_stream_too(self) -> None:
        (a,) = self.others("a")
        a.accept_streams()
        self.scene.network.block_datagrams()
        left = self.leave(0.39)
        self.assertEqual(a.heard, [])
        self.scene.run(0.1)
        self.assertEqual([m.type for m in a.messages()], [LEAVE])
        self.acknowledge(a)
        self.successResultOf(left)

    def test_the_first_leave_goes_by_stream_to_a_member_that_only_streams_reach(self) -> None:
        (a,) = self.others("a")
        stream = RecordingStream()
        self.parts.routes.use_stream(a.claim.address, stream)
        self.leave()
        self.assertEqual((a.heard, len(stream.sent)), ([], 1))

    def test_a_leave_is_done_after_five_seconds_without_acknowledgements(self) -> None:
        self.others("a")
        left = self.leave(4.9)
        self.assertNoResult(left)
        self.scene.run(0.2)
        self.successResultOf(left)
        (a,) = self.others("late")
        self.scene.run(5)
        self.assertEqual(a.heard, [])

    def test_a_leave_does_not_wait_for_members_that_fail_or_leave_meanwhile(self) -> None:
        a, b = self.others("a", "b")
        left = self.leave()
        self.parts.knows(a.claim.failed("x"), b.claim.departed())
        self.scene.run(0.25)
        self.successResultOf(left)

    def test_in_a_large_group_fifty_leaves_are_sent_a_tick_to_all_members_in_turn(self) -> None:
        for number in range(120):
            self.parts.knows(Claim(f"m{number}", Address("10.99.0.1", number + 1), EPOCH))
        sent: list[Any] = []
        send = self.parts.protocol.send

        def recording_send(peer: Any, *more: Any, **how: Any) -> None:
            sent.append(peer)
            send(peer, *more, **how)

        self.parts.protocol.send = recording_send  # type: ignore[method-assign]
        self.leave()
        self.assertEqual(len(sent), 50)
        self.scene.run(0.4)
        self.assertEqual((len(sent), len(set(sent))), (150, 120))

    def test_stopping_fires_the_deferred_of_a_leave_and_leaves_no_timer(self) -> None:
        self.others("a")
        left = self.leave()
        self.leaving.stop()
        self.successResultOf(left)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])


class LeaveReceivedTests(LeavingTestCase):
    def test_a_received_leave_is_acknowledged_and_applied(self) -> None:
        (a,) = self.others("a")
        a.say(self.parts.me.address, LEAVE, sequence=7, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(self.parts.events[-1], ("left", "a"))
        self.assertEqual((a.last(ACK).sequence, a.last(ACK).name), (7, "me"))

    def test_a_repeated_leave_is_acknowledged_again(self) -> None:
        (a,) = self.others("a")
        for _ in range(2):
            a.say(self.parts.me.address, LEAVE, sequence=7, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(len(a.messages(ACK)), 2)
        self.assertEqual(self.parts.events.count(("left", "a")), 1)

    def test_a_leave_without_a_sequence_number_is_not_acknowledged(self) -> None:
        (a,) = self.others("a")
        a.say(self.parts.me.address, LEAVE, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(a.heard, [])
