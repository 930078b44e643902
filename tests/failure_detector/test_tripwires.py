"""One idle stream to each of three successors in the ring: it breaks when the process dies."""

from __future__ import annotations

from typing import Any

from swimtx.failure_detector.tripwires import SUCCESSORS, Tripwires
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import Calls, ComponentTestCase, Peer

SETTLED = 1.1  # seconds after which streams are where they belong


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
        parts.membership.become(parts.me)  # which the tripwires have to hear of
        self.peers: dict[str, Peer] = {}
        for name in ("a", "b", "n", "o", "p", "q"):
            self.meet(name)
        self.tripwires.start()
        self.scene.run(SETTLED)

    def meet(self, name: str) -> Peer:
        (peer,) = self.others(name)
        peer.accept_streams()
        peer.answering = True
        self.peers[name] = peer
        return peer

    def abort(self, name: str) -> None:
        """End the stream to that member as a middlebox does."""
        stream: Any = self.tripwires._open[name]
        stream.transport.abortConnection()

    def test_it_holds_streams_to_its_three_successors(self) -> None:
        self.assertEqual(SUCCESSORS, 3)
        self.assertEqual(sorted(self.tripwires.held), ["n", "o", "p"])
        self.assertEqual([len(self.peers[name].heard) for name in "abnopq"], [0, 0, 1, 1, 1, 0])

    def test_whoever_has_a_member_among_its_successors_watches_it(self) -> None:
        self.assertEqual(self.tripwires.watchers("o"), ["n", "me", "b"])
        for name in self.tripwires.held:
            self.assertIn("me", self.tripwires.watchers(name))

    def test_a_process_that_dies_is_a_hint_within_milliseconds(self) -> None:
        self.peers["o"].die()
        self.scene.run(0.01)
        self.assertEqual(self.broke.all, [("o",)])
        self.assertIn("o", self.parts.broken_streams)

    def test_once_it_is_known_to_be_gone_its_stream_breaks_unnoticed(self) -> None:
        self.parts.membership.apply(self.peers["o"].claim.departed())
        self.peers["o"].die()
        self.scene.run(SETTLED)
        self.assertEqual(len(self.broke), 0)
        self.assertEqual(sorted(self.tripwires.held), ["n", "p", "q"])

    def test_a_newcomer_in_between_takes_the_place_of_the_last(self) -> None:
        self.meet("nn")
        self.scene.run(SETTLED)
        self.assertEqual(sorted(self.tripwires.held), ["n", "nn", "o"])
        self.assertEqual(len(self.broke), 0)

    def test_a_stream_that_broke_is_opened_again_after_a_while(self) -> None:
        self.abort("o")
        self.scene.run(1)
        self.assertEqual(self.broke.all, [("o",)])
        self.assertNotIn("o", self.tripwires.held)
        self.scene.run(11)
        self.assertIn("o", self.tripwires.held)

    def test_a_newcomer_does_not_wait_for_what_is_to_be_tried_again_later(self) -> None:
        self.abort("o")
        self.scene.run(0.1)
        self.meet("nn")
        self.scene.run(SETTLED)
        self.assertIn("nn", self.tripwires.held)

    def test_one_that_cannot_be_reached_is_tried_more_and_more_seldom(self) -> None:
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

    def test_the_next_run_of_a_member_has_a_stream_of_its_own(self) -> None:
        before = self.tripwires._open["o"]
        claim = self.peers["o"].claim
        self.parts.membership.apply(Claim("o", claim.address, claim.epoch + 1, by="o"))
        self.scene.run(SETTLED)
        self.assertIsNot(self.tripwires._open["o"], before)
        self.assertEqual(len(self.broke), 0)

    def test_who_stops_lets_go_of_all_without_a_hint(self) -> None:
        self.tripwires.stop()
        self.scene.run(1)
        self.assertEqual(self.tripwires.held, ())
        self.assertEqual(len(self.broke), 0)

    def test_the_first_message_is_a_ping(self) -> None:
        self.assertEqual(self.peers["n"].messages()[0].type, MessageType.PING)
