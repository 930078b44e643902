"""Round-trip times on demand."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from swimtx.errors import NoAnswer, NoSuchMember
from swimtx.probing.on_demand_ping import OnDemandPing
from swimtx.wire.messages import MessageType
from tests.parts import LATENCY, ComponentTestCase


class OnDemandPingTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.pings = parts.use(OnDemandPing(parts.membership, parts.messenger, parts.config))

    def test_a_ping_fires_with_the_round_trip_time_in_seconds(self) -> None:
        self.others("a", answering=True)
        pinged = self.pings.ping("a")
        self.assertNoResult(pinged)
        self.scene.run(1)
        self.assertEqual(self.successResultOf(pinged), 2 * LATENCY)

    def test_after_a_lost_ping_the_result_is_the_time_since_the_first_ping(self) -> None:
        (peer,) = self.others("a")
        pinged = self.pings.ping("a")
        self.scene.run(0.2)
        peer.answer(peer.heard[-1])
        self.scene.run(0.1)
        self.assertAlmostEqual(self.successResultOf(pinged), 0.2 + LATENCY, places=5)

    def test_a_ping_fails_with_no_answer_after_a_period_without_an_ack(self) -> None:
        self.others("a")
        pinged = self.pings.ping("a")
        self.scene.run(0.99)
        self.assertNoResult(pinged)
        self.scene.run(0.02)
        error = self.failureResultOf(pinged, NoAnswer)
        self.assertEqual(str(error.value), "a did not answer within 1 s")
        self.assertEqual(self.parts.state("a"), "alive", "an unanswered ping is no suspicion")

    def test_pinging_an_unknown_name_or_the_local_member_raises_no_such_member(self) -> None:
        for name in ("stranger", "me"):
            self.assertRaises(NoSuchMember, self.pings.ping, name)

    def test_two_pings_of_one_member_at_a_time_both_fire(self) -> None:
        (peer,) = self.others("a", answering=True)
        first, second = self.pings.ping("a"), self.pings.ping("a")
        self.scene.run(0.1)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(len(peer.messages(MessageType.PING)), 2)

    def test_stopping_fails_pending_pings_with_cancelled_error(self) -> None:
        self.others("a")
        pinged = self.pings.ping("a")
        self.pings.stop()
        self.failureResultOf(pinged, CancelledError)
        self.scene.run(2)
