"""No verdict without first-hand evidence, and none while we are deaf."""

from __future__ import annotations

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase, Peer

S = Observation.SILENT
TOLERANCE, PATIENCE = 3.0, 30.0


class Courtroom(ComponentTestCase):
    """A member that suspects t, with friends who answer."""

    settings = {"silence_tolerance": TOLERANCE, "patience": PATIENCE}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.health = LocalHealth()
        canaries = ReachabilityCheck(
            parts.chance, parts.membership, parts.protocol, parts.messenger, parts.config
        )
        self.verdicts = parts.use(
            Verdicts(
                parts.reactor, parts.membership, parts.protocol, canaries, parts.config, self.health
            )
        )
        self.suspicion = parts.use(
            SuspicionTimers(
                parts.reactor,
                parts.membership,
                parts.config,
                self.health,
                FalsePositiveBackoff(parts.reactor.seconds),
                self.verdicts.due,
            )
        )
        self.monitors = parts.use(
            SuspectMonitors(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                self.suspicion,
                parts.config,
                lambda kind, held: kind,
                self.verdicts.declare,
            )
        )
        self.verdicts.look_through(self.suspicion, self.monitors)
        self.friends = self.others("a", "b", "c", "d", "e", answering=True)
        (self.target,) = self.others("t")
        self.silence(self.target)

    def silence(self, *peers: Peer) -> None:
        for peer in peers:
            peer.answering = False
            self.scene.network.silence_streams(peer.claim.address.host)

    def suspect(self, *witnesses: str) -> None:
        entries = [Evidence(name, S) for name in witnesses]
        self.parts.membership.apply(self.target.claim.suspected(witnesses[0], entries))

    def chatter(self) -> None:
        """Somebody says something, ten times a second, for a while."""
        for _ in range(100):
            self.friends[0].say(self.parts.me.address, MessageType.GOSSIP)
            self.scene.run(0.1)


class VerdictTests(Courtroom):
    def test_a_witness_that_hears_others_declares_in_time(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.chatter()
        self.assertEqual(self.parts.state("t"), "failed")
        failed = [c for c in self.parts.changes if str(c.event) == "failed"]
        self.assertEqual({e.witness for e in failed[0].claim.evidence}, {"me", "a", "b", "c"})

    def test_in_silence_canaries_are_sent_before_the_verdict(self) -> None:
        self.suspect("me", "a", "b", "c")
        before = sum(len(friend.heard) for friend in self.friends)
        self.scene.run(TOLERANCE + 0.2)
        self.assertEqual(self.parts.state("t"), "suspect")
        asked = sum(bool(friend.heard) for friend in self.friends)
        self.assertEqual((before, asked), (0, 3))
        self.scene.run(2)
        self.assertEqual(self.parts.state("t"), "failed")

    def test_who_has_seen_nothing_looks_first(self) -> None:
        self.suspect("a", "b", "c", "d", "e")
        self.monitors.stop()  # it has not volunteered
        self.scene.run(2 * TOLERANCE + 1.1)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertTrue(self.target.messages(MessageType.PING))
        self.chatter()
        self.assertEqual(self.parts.state("t"), "failed")

    def test_one_that_answers_is_not_declared_failed(self) -> None:
        self.suspect("a", "b", "c", "d", "e")
        self.monitors.stop()
        self.scene.run(2 * TOLERANCE)
        self.parts.membership.apply(self.target.claim.alive(1))
        self.chatter()
        self.assertEqual(self.parts.state("t"), "alive")

    def test_a_refutation_that_lies_in_the_buffer_is_read_first(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.scene.run(TOLERANCE - 0.3)
        self.parts.reactor.stall()
        self.friends[0].say(
            self.parts.me.address, MessageType.GOSSIP, updates=(self.target.claim.alive(1),)
        )
        self.scene.run(5)
        self.parts.reactor.resume()
        self.scene.run(1)
        self.assertEqual(self.parts.state("t"), "alive")


class DeafTests(Courtroom):
    """Nobody answers us at all."""

    def setUp(self) -> None:
        super().setUp()
        self.silence(*self.friends)
        self.suspect("me", "a", "b", "c")

    def test_who_is_deaf_says_so_and_gives_no_verdict(self) -> None:
        self.scene.run(PATIENCE - 1)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("isolated", "me"), self.parts.events)
        self.assertTrue(self.verdicts.isolated)

    def test_a_doubtful_round_has_it_found_out_sooner(self) -> None:
        self.verdicts.doubt()
        self.scene.run(0.6)
        self.assertTrue(self.verdicts.isolated)

    def test_without_a_doubt_or_a_verdict_that_is_due_silence_is_not_deafness(self) -> None:
        self.scene.run(TOLERANCE - 0.1)
        self.assertFalse(self.verdicts.isolated)

    def test_after_its_patience_a_verdict_is_its_own_affair(self) -> None:
        self.parts.news.clear()
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.assertEqual(self.parts.state("t"), "failed")
        self.assertFalse(self.parts.changes[-1].spread)
        self.assertFalse(self.parts.news.pending)

    def hear(self) -> None:
        self.friends[0].say(self.parts.me.address, MessageType.GOSSIP)

    def test_the_first_message_takes_such_verdicts_back(self) -> None:
        self.scene.run(PATIENCE + TOLERANCE + 1)
        self.hear()
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertIn(("reconnected", "me"), self.parts.events)
        self.assertEqual(self.health.score, 1)

    def test_the_first_message_gives_suspects_their_time_anew(self) -> None:
        self.scene.run(10)
        self.hear()
        self.scene.run(2)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertFalse(self.verdicts.isolated)

    def test_with_only_one_other_there_is_nobody_else_to_hear(self) -> None:
        for friend in self.friends:
            self.parts.membership.apply(friend.claim.departed())
        self.scene.run(2 * TOLERANCE + 2)
        self.assertEqual(self.parts.state("t"), "failed")


class ProvenTests(Courtroom):
    def test_what_is_proven_needs_no_hearing(self) -> None:
        self.verdicts.declare(self.target.claim.failed("me", [Evidence("me", Observation.REFUSED)]))
        self.assertEqual(self.parts.state("t"), "failed")

    def test_who_is_known_to_be_gone_meanwhile_is_not_judged_again(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.scene.run(TOLERANCE)
        later = Claim("t", self.target.claim.address, self.target.claim.epoch + 1, by="t")
        self.parts.membership.apply(later)
        self.scene.run(5)
        self.assertEqual(self.parts.state("t"), "alive")
