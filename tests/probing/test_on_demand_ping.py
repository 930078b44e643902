"""Round-trip times on demand."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from swimtx.errors import NoAnswer, NoSuchMember
from swimtx.probing.on_demand_ping import OnDemandPing
from swimtx.wire.messages import MessageType
from tests.parts import LATENCY, ComponentTestCase


class PingingTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.pinging = parts.use(OnDemandPing(parts.membership, parts.messenger, parts.config))

    def test_a_round_trip_is_measured_in_seconds(self) -> None:
        self.others("a", answering=True)
        asked = self.pinging.ping("a")
        self.assertNoResult(asked)
        self.scene.run(1)
        self.assertEqual(self.successResultOf(asked), 2 * LATENCY)

    def test_after_a_loss_the_whole_time_counts(self) -> None:
        (peer,) = self.others("a")
        asked = self.pinging.ping("a")
        self.scene.run(0.2)
        peer.answer(peer.heard[-1])
        self.scene.run(0.1)
        self.assertAlmostEqual(self.successResultOf(asked), 0.2 + LATENCY, places=5)

    def test_who_does_not_answer_within_a_period_gives_no_answer(self) -> None:
        self.others("a")
        asked = self.pinging.ping("a")
        self.scene.run(0.99)
        self.assertNoResult(asked)
        self.scene.run(0.02)
        error = self.failureResultOf(asked, NoAnswer)
        self.assertEqual(str(error.value), "a did not answer within 1 s")
        self.assertEqual(self.parts.state("a"), "alive", "it is no accusation")

    def test_a_stranger_and_ourselves_are_no_members_to_ping(self) -> None:
        for name in ("stranger", "me"):
            self.assertRaises(NoSuchMember, self.pinging.ping, name)

    def test_two_questions_to_one_member_are_both_answered(self) -> None:
        (peer,) = self.others("a", answering=True)
        one, other = self.pinging.ping("a"), self.pinging.ping("a")
        self.scene.run(0.1)
        self.successResultOf(one)
        self.successResultOf(other)
        self.assertEqual(len(peer.messages(MessageType.PING)), 2)

    def test_stopped_who_waits_is_told(self) -> None:
        self.others("a")
        asked = self.pinging.ping("a")
        self.pinging.stop()
        self.failureResultOf(asked, CancelledError)
        self.scene.run(2)
