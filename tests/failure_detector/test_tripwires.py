"""Tripwires: idle streams to three successors in the ring, which break when a process dies."""

from __future__ import annotations

from typing import Any

from swimtx.failure_detector.tripwires import SUCCESSORS, Tripwires
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase, Peer

SETTLED = 1.1  # seconds until the streams follow a change of the ring


class TripwireTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.broke = Calls()
        self.tripwires = parts.use(
            Tripwires(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                parts.broken_streams,
                parts.config,
            )
        )
        self.tripwires.on_break(self.broke)
        parts.membership.become(parts.me)  # the tripwires learn our own name
        self.peers: dict[str, Peer] = {}
        for name in ("a", "b", "n", "o", "p", "q"):
            self.add_peer(name)
        self.tripwires.start()
        self.scene.run(SETTLED)

    def add_peer(self, name: str) -> Peer:
        (peer,) = self.others(name)
        peer.accept_streams()
        peer.answering = True
        self.peers[name] = peer
        return peer

    def abort(self, name: str) -> None:
        """Abort the stream to that member, as a middlebox does."""
        stream: Any = self.tripwires._open[name]
        stream.transport.abortConnection()

    def test_tripwires_hold_streams_to_three_successors(self) -> None:
        self.assertEqual(SUCCESSORS, 3)
        self.assertEqual(sorted(self.tripwires.held), ["n", "o", "p"])
        self.assertEqual([len(self.peers[name].heard) for name in "abnopq"], [0, 0, 1, 1, 1, 0])

    def test_the_watchers_of_a_member_are_its_three_predecessors(self) -> None:
        self.assertEqual(self.tripwires.watchers("o"), ["n", "me", "b"])
        for name in self.tripwires.held:
            self.assertIn("me", self.tripwires.watchers(name))

    def test_the_death_of_a_process_gives_a_hint_within_milliseconds(self) -> None:
        self.peers["o"].die()
        self.scene.run(0.01)
        self.assertEqual(self.broke.all, [("o",)])
        self.assertIn("o", self.parts.broken_streams)

    def test_the_stream_of_a_member_that_has_left_ends_without_a_hint(self) -> None:
        self.parts.membership.apply(self.peers["o"].claim.departed())
        self.peers["o"].die()
        self.scene.run(SETTLED)
        self.assertEqual(len(self.broke), 0)
        self.assertEqual(sorted(self.tripwires.held), ["n", "p", "q"])

    def test_a_new_successor_takes_the_place_of_the_last(self) -> None:
        self.add_peer("nn")
        self.scene.run(SETTLED)
        self.assertEqual(sorted(self.tripwires.held), ["n", "nn", "o"])
        self.assertEqual(len(self.broke), 0)

    def test_a_broken_stream_is_opened_again_after_a_pause(self) -> None:
        self.abort("o")
        self.scene.run(1)
        self.assertEqual(self.broke.all, [("o",)])
        self.assertNotIn("o", self.tripwires.held)
        self.scene.run(11)
        self.assertIn("o", self.tripwires.held)

    def test_a_new_successor_does_not_wait_for_the_retry_of_another(self) -> None:
        self.abort("o")
        self.scene.run(0.1)
        self.add_peer("nn")
        self.scene.run(SETTLED)
        self.assertIn("nn", self.tripwires.held)

    def test_an_unreachable_successor_is_tried_at_growing_intervals(self) -> None:
        self.parts.membership.apply(self.peers["o"].claim.departed())
        host = "10.0.0.200"
        self.scene.network.host(host)
        self.scene.network.silence_streams(host)
        hidden = Claim("oo", self.peers["o"].claim.address._replace(host=host), 1, by="oo")
        self.parts.membership.apply(hidden)
        tries: list[float] = []
        connect = self.parts.streams.connect

        def counted(address, timeout, received):  # type: ignore[no-untyped-def]
            if address.host == host:
                tries.append(self.scene.now)
            return connect(address, timeout, received)

        self.parts.streams.connect = counted  # type: ignore[method-assign]
        self.scene.run(400)
        self.assertTrue(4 <= len(tries) <= 9, tries)
        self.assertEqual(len(self.broke), 0)

    def test_a_new_run_of_a_member_gets_a_new_stream(self) -> None:
        before = self.tripwires._open["o"]
        claim = self.peers["o"].claim
        self.parts.membership.apply(Claim("o", claim.address, claim.epoch + 1, by="o"))
        self.scene.run(SETTLED)
        self.assertIsNot(self.tripwires._open["o"], before)
        self.assertEqual(len(self.broke), 0)

    def test_stopped_tripwires_close_all_streams_without_a_hint(self) -> None:
        self.tripwires.stop()
        self.scene.run(1)
        self.assertEqual(self.tripwires.held, ())
        self.assertEqual(len(self.broke), 0)

    def test_the_first_message_on_a_stream_is_a_ping(self) -> None:
        self.assertEqual(self.peers["n"].messages()[0].type, MessageType.PING)
