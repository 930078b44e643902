"""The memory of members whose idle stream broke."""

from __future__ import annotations

from swimtx.addresses import Address
from swimtx.membership.claim import Claim
from swimtx.probing import broken_streams
from tests.parts import EPOCH, ComponentTestCase


class BrokenStreamsTests(ComponentTestCase):
    settings = {"protocol_period": 2.0, "ping_timeout": 0.5}

    def setUp(self) -> None:
        super().setUp()
        self.broken = self.parts.broken_streams
        self.claim = Claim("a", Address("10.1.0.1", 7946), EPOCH)
        self.parts.knows(self.claim)

    def test_a_member_is_remembered_for_30_protocol_periods(self) -> None:
        self.assertNotIn("a", self.broken)
        self.broken.add("a")
        self.scene.run(59.9)
        self.assertIn("a", self.broken)
        self.assertNotIn("b", self.broken)
        self.scene.run(0.1)
        self.assertNotIn("a", self.broken)

    def test_a_member_whose_stream_breaks_again_is_remembered_anew(self) -> None:
        self.broken.add("a")
        self.scene.run(40)
        self.broken.add("a")
        self.scene.run(59)
        self.assertIn("a", self.broken)

    def test_a_member_that_answers_is_forgotten(self) -> None:
        self.broken.add("a")
        self.broken.discard("a", EPOCH)
        self.assertNotIn("a", self.broken)
        self.broken.discard("a", EPOCH)

    def test_an_answer_of_an_earlier_run_does_not_count(self) -> None:
        self.broken.add("a")
        self.broken.discard("a", EPOCH - 1)
        self.assertIn("a", self.broken)

    def test_a_later_run_of_the_member_starts_afresh(self) -> None:
        self.broken.add("a")
        self.parts.knows(Claim("a", self.claim.address, EPOCH + 1))
        self.assertNotIn("a", self.broken)
        self.broken.add("a")
        self.assertIn("a", self.broken)

    def test_a_stream_counts_as_broken_whatever_the_state_of_its_member_becomes(self) -> None:
        self.broken.add("a")
        self.parts.knows(self.claim.suspected("me"))
        self.assertIn("a", self.broken)
        self.parts.knows(self.claim.alive(1))
        self.assertIn("a", self.broken, "only an answer of the member itself ends it")

    def test_a_member_that_is_not_listed_is_not_remembered(self) -> None:
        self.broken.add("unknown")
        self.assertNotIn("unknown", self.broken)
        self.parts.knows(Claim("unknown", Address("10.1.0.2", 7946), EPOCH))
        self.assertNotIn("unknown", self.broken)
        self.broken.add("a")
        self.parts.membership.forget("a")
        self.assertNotIn("a", self.broken)

    def test_the_memory_is_bounded(self) -> None:
        self.patch(broken_streams, "_MOST_REMEMBERED", 3)
        names = [f"m{number}" for number in range(10)]
        for number, name in enumerate(names):
            self.parts.knows(Claim(name, Address("10.1.0.2", 1 + number), EPOCH))
            self.broken.add(name)
            self.assertIn(name, self.broken)
            self.assertLessEqual(sum(each in self.broken for each in names), 3)
