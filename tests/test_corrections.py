"""One who speaks of a member that failed is told."""

from __future__ import annotations

from swimtx.corrections import Corrections
from swimtx.member import Claim, Evidence, Kind, State
from swimtx.messages import MessageType
from tests.scene import RoomTests

GOSSIP, PING_REQ = MessageType.GOSSIP, MessageType.PING_REQ


class CorrectionTests(RoomTests):
    def setUp(self) -> None:
        super().setUp()
        desk = self.desk
        Corrections(desk.reactor.seconds, desk.membership, desk.protocol)
        self.teller, gone = self.others("teller", "gone")
        self.gone: Claim = gone.claim
        self.suspected = self.gone.suspected("teller", [Evidence("teller", Kind.SILENT)])

    def told(self) -> list[State]:
        self.scene.run(0.01)
        return [claim.state for claim in self.teller.updates() if claim.name == "gone"]

    def test_whoever_suspects_one_that_failed_hears_of_the_verdict(self) -> None:
        self.desk.knows(self.gone.failed("me"))
        self.scene.run(2)
        self.teller.say(self.desk.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [State.FAILED])

    def test_whoever_wants_it_probed_hears_of_it_too(self) -> None:
        self.desk.knows(self.gone.failed("me"))
        self.scene.run(2)
        self.teller.say(
            self.desk.me.address, PING_REQ, target="gone", target_epoch=self.gone.epoch, sequence=1
        )
        self.assertEqual(self.told(), [State.FAILED])

    def test_a_fresh_verdict_is_left_to_gossip(self) -> None:
        self.desk.knows(self.gone.failed("me"))
        self.scene.run(0.5)
        self.teller.say(self.desk.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [])

    def test_the_same_is_told_once_a_second(self) -> None:
        self.desk.knows(self.gone.failed("me"))
        self.scene.run(2)
        for _ in range(5):
            self.teller.say(self.desk.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.told()), 1)
        self.scene.run(1)
        self.teller.say(self.desk.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(len(self.told()), 2)

    def test_a_later_incarnation_is_no_mistake(self) -> None:
        self.desk.knows(self.gone.failed("me"))
        self.scene.run(2)
        later = self.gone.alive(self.gone.incarnation + 1).suspected("teller")
        self.teller.say(self.desk.me.address, GOSSIP, updates=(later,))
        self.assertNotIn(State.FAILED, self.told())

    def test_nobody_is_corrected_about_the_living(self) -> None:
        self.teller.say(self.desk.me.address, GOSSIP, updates=(self.suspected,))
        self.assertEqual(self.told(), [])
