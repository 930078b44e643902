"""Verdicts need first-hand evidence, and a member that is not isolated."""

from __future__ import annotations

from swimtx.membership.claim import Claim
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.probing.reachability import ReachabilityCheck
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.isolation import Isolation
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.suspicion.verdicts import Verdicts
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase, Peer

S = Observation.SILENT
TOLERANCE, PATIENCE = 3.0, 30.0


class VerdictTestCase(ComponentTestCase):
    """A member that suspects t, and peers that answer it."""

    settings = {"silence_tolerance": TOLERANCE, "patience": PATIENCE}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.health = LocalHealth()
        self.isolation = parts.use(
            Isolation(
                parts.reactor,
                parts.membership,
                parts.protocol,
                ReachabilityCheck(parts.chance, parts.membership, parts.messenger, parts.config),
                self.health,
                parts.config,
                parts.journal,
            )
        )
        self.timers = parts.use(
            SuspicionTimers(
                parts.reactor,
                parts.membership,
                parts.config,
                self.health,
                FalsePositiveBackoff(parts.reactor.seconds),
                parts.journal,
            )
        )
        self.monitors = parts.use(
            SuspectMonitors(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                self.timers,
                parts.config,
                lambda kind, held: kind,
            )
        )
        self.verdicts = parts.use(
            Verdicts(
                parts.reactor,
                parts.membership,
                parts.config,
                self.timers,
                self.monitors,
                self.isolation,
            )
        )
        self.timers.start()
        self.monitors.start()
        self.peers = self.others("a", "b", "c", "d", "e", answering=True)
        (self.target,) = self.others("t")
        self.silence(self.target)

    def silence(self, *peers: Peer) -> None:
        for peer in peers:
            peer.answering = False
            self.scene.network.silence_streams(peer.claim.address.host)

    def suspect(self, *witnesses: str) -> None:
        entries = [Evidence(name, S) for name in witnesses]
        self.parts.membership.apply(self.target.claim.suspected(witnesses[0], entries))

    def receive_messages(self) -> None:
        """Let a peer send a message ten times a second, for ten seconds."""
        for _ in range(100):
            self.peers[0].say(self.parts.me.address, MessageType.GOSSIP)
            self.scene.run(0.1)


class VerdictTests(VerdictTestCase):
    def test_a_witness_that_receives_messages_declares_the_suspect_failed_in_time(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.receive_messages()
        self.assertEqual(self.parts.state("t"), "failed")
        failed = [c for c in self.parts.changes if str(c.event) == "failed"]
        self.assertIn("a, b, c, me", failed[0].why)

    def test_a_member_that_receives_nothing_pings_three_members_before_its_verdict(self) -> None:
        self.suspect("me", "a", "b", "c")
        before = sum(len(peer.heard) for peer in self.peers)
        self.scene.run(TOLERANCE + 0.2)
        self.assertEqual(self.parts.state("t"), "suspect")
        asked = sum(bool(peer.heard) for peer in self.peers)
        self.assertEqual((before, asked), (0, 3))
        self.scene.run(2)
        self.assertEqual(self.parts.state("t"), "failed")

    def test_a_member_without_first_hand_evidence_pings_the_suspect_before_its_verdict(
        self,
    ) -> None:
        self.suspect("a", "b", "c", "d", "e")
        self.monitors.stop()  # as if this member had not volunteered
        self.scene.run(2 * TOLERANCE + 1.1)
        self.assertEqual(self.parts.state("t"), "suspect")
        self.assertTrue(self.target.messages(MessageType.PING))
        self.receive_messages()
        self.assertEqual(self.parts.state("t"), "failed")

    def test_a_suspect_that_refutes_is_not_declared_failed(self) -> None:
        self.suspect("a", "b", "c", "d", "e")
        self.monitors.stop()
        self.scene.run(2 * TOLERANCE)
        self.parts.membership.apply(self.target.claim.alive(1))
        self.receive_messages()
        self.assertEqual(self.parts.state("t"), "alive")

    def test_a_refutation_in_the_socket_buffer_is_read_before_the_verdict(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.scene.run(TOLERANCE - 0.3)
        self.parts.reactor.stall()
        self.peers[0].say(
            self.parts.me.address, MessageType.GOSSIP, updates=(self.target.claim.alive(1),)
        )
        self.scene.run(5)
        self.parts.reactor.resume()
        self.scene.run(1)
        self.assertEqual(self.parts.state("t"), "alive")

    def test_a_suspect_that_restarts_before_the_verdict_is_not_declared_failed(self) -> None:
        self.suspect("me", "a", "b", "c")
        self.scene.run(TOLERANCE)
        later = Claim("t", self.target.claim.address, self.target.claim.epoch + 1, by="t")
        self.parts.membership.apply(later)
        self.scene.run(5)
        self.assertEqual(self.parts.state("t"), "alive")
