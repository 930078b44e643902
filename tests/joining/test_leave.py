"""Leaving: tell everybody, and wait until they know, within bounds."""

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


class LeavingTests(ComponentTestCase):
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

    def know(self, *peers: Peer) -> None:
        """These acknowledge the LEAVE."""
        for peer in peers:
            told = peer.heard[-1]
            data = peer.bytes_of(ACK, sequence=told.message.sequence)
            if type(told.peer) is Address:
                peer.transport.write(data, told.peer)
            else:
                told.peer.send(data)
        self.scene.run(0.01)


class Telling(LeavingTests):
    def test_every_living_member_is_told_at_once_that_we_left(self) -> None:
        peers = self.others("a", "b", "c")
        self.parts.knows(peers[2].claim.suspected("x"))
        self.leave()
        self.assertEqual(self.parts.state("me"), "left")
        for peer in peers:
            (message,) = peer.messages()
            self.assertEqual((message.type, message.name), (LEAVE, "me"))
            self.assertEqual(message.updates[0], self.parts.me)
            self.assertNotEqual(message.sequence, 0)

    def test_those_who_are_gone_and_peers_of_seven_fields_are_not(self) -> None:
        failed, left, old = self.others("failed", "left", "old")
        self.parts.knows(failed.claim.failed("x"), left.claim.departed())
        self.parts.membership.forget("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.successResultOf(self.leave())
        self.assertEqual([peer.heard for peer in (failed, left, old)], [[]] * 3)

    def test_alone_it_is_done_at_once(self) -> None:
        self.successResultOf(self.leave(0))
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_it_is_done_when_the_last_one_knows(self) -> None:
        a, b = self.others("a", "b")
        left = self.leave()
        self.know(a)
        self.know(a)
        self.assertNoResult(left)
        self.know(b)
        self.successResultOf(left)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])

    def test_who_does_not_acknowledge_is_told_again(self) -> None:
        a, b = self.others("a", "b")
        self.scene.network.refuse_streams(b.claim.address.host)
        self.leave()
        self.know(a)
        self.scene.run(0.5)
        self.assertEqual((a.times(LEAVE), b.times(LEAVE)), ([1], [1, 201, 401]))

    def test_from_the_third_time_a_stream_is_tried_as_well(self) -> None:
        (a,) = self.others("a")
        a.accept_streams()
        self.scene.network.block_datagrams()
        left = self.leave(0.39)
        self.assertEqual(a.heard, [])
        self.scene.run(0.1)
        self.assertEqual([m.type for m in a.messages()], [LEAVE])
        self.know(a)
        self.successResultOf(left)

    def test_where_only_streams_reach_the_first_goes_by_stream(self) -> None:
        (a,) = self.others("a")
        stream = RecordingStream()
        self.parts.routes.use_stream(a.claim.address, stream)
        self.leave()
        self.assertEqual((a.heard, len(stream.sent)), ([], 1))

    def test_after_five_seconds_it_is_done_whoever_knows(self) -> None:
        self.others("a")
        left = self.leave(4.9)
        self.assertNoResult(left)
        self.scene.run(0.2)
        self.successResultOf(left)
        (a,) = self.others("late")
        self.scene.run(5)
        self.assertEqual(a.heard, [])

    def test_one_that_fails_or_leaves_meanwhile_need_not_know(self) -> None:
        a, b = self.others("a", "b")
        left = self.leave()
        self.parts.knows(a.claim.failed("x"), b.claim.departed())
        self.scene.run(0.25)
        self.successResultOf(left)

    def test_in_a_large_group_fifty_are_told_a_tick_and_all_in_turn(self) -> None:
        for number in range(120):
            self.parts.knows(Claim(f"m{number}", Address("10.99.0.1", number + 1), EPOCH))
        told: list[Any] = []
        send = self.parts.protocol.send

        def noted(peer: Any, *more: Any, **how: Any) -> None:
            told.append(peer)
            send(peer, *more, **how)

        self.parts.protocol.send = noted  # type: ignore[method-assign]
        self.leave()
        self.assertEqual(len(told), 50)
        self.scene.run(0.4)
        self.assertEqual((len(told), len(set(told))), (150, 120))

    def test_stopped_who_waits_is_told_and_nothing_is_left(self) -> None:
        self.others("a")
        left = self.leave()
        self.leaving.stop()
        self.successResultOf(left)
        self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])


class Hearing(LeavingTests):
    def test_a_leave_is_acknowledged_and_believed(self) -> None:
        (a,) = self.others("a")
        a.say(self.parts.me.address, LEAVE, sequence=7, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(self.parts.events[-1], ("left", "a"))
        self.assertEqual((a.last(ACK).sequence, a.last(ACK).name), (7, "me"))

    def test_and_again_when_the_acknowledgement_was_lost(self) -> None:
        (a,) = self.others("a")
        for _ in range(2):
            a.say(self.parts.me.address, LEAVE, sequence=7, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(len(a.messages(ACK)), 2)
        self.assertEqual(self.parts.events.count(("left", "a")), 1)

    def test_one_that_wants_no_answer_gets_none(self) -> None:
        (a,) = self.others("a")
        a.say(self.parts.me.address, LEAVE, updates=(a.claim.departed(),))
        self.scene.run(0.01)
        self.assertEqual(a.heard, [])
