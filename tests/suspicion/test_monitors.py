"""The first-hand monitoring of suspects."""

from __future__ import annotations

from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.monitors import SuspectMonitors
from swimtx.suspicion.timers import SuspicionTimers
from swimtx.wire.messages import MessageType
from tests.parts import ComponentTestCase, Peer

PING = MessageType.PING
S, A, R, B = Observation.SILENT, Observation.ACCEPTED, Observation.REFUSED, Observation.BROKEN


class MonitorTests(ComponentTestCase):
    settings = {"silence_tolerance": 5.0}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        timers = parts.use(
            SuspicionTimers(
                parts.reactor,
                parts.membership,
                parts.config,
                LocalHealth(),
                FalsePositiveBackoff(parts.reactor.seconds),
                parts.journal,
            )
        )
        self.counts_as: dict[Observation, Observation] = {}
        self.monitors = parts.use(
            SuspectMonitors(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                timers,
                parts.config,
                lambda kind, held: self.counts_as.get(kind, kind),
            )
        )
        timers.start()
        self.monitors.start()
        # So many others that this member hardly ever volunteers.
        for number in range(600):
            parts.knows(Claim(f"w{number}", self.parts.me.address._replace(port=1 + number), 1))
        self.target = self.suspected("t")

    def suspected(self, name: str, *entries: Evidence) -> Peer:
        """A new peer with a silent host, which this member suspects by its own observation."""
        (peer,) = self.others(name)
        self.scene.network.silence_streams(peer.claim.address.host)
        seen = entries or (Evidence("me", S), Evidence("w1", S))
        self.parts.membership.apply(peer.claim.suspected("w1", seen))
        return peer

    def mine(self, name: str = "t") -> Evidence | None:
        held = self.parts.membership.claim(name)
        assert held is not None
        return next((entry for entry in held.evidence if entry.witness == "me"), None)

    def opened(self) -> int:
        return self.scene.network.traffic.streams_opened

    def mute_target(self) -> None:
        """Let the host of the target accept streams on which nothing answers."""
        self.scene.network.mute_streams(self.target.claim.address.host)

    def test_a_witness_pings_every_half_period_with_the_suspect_attached(self) -> None:
        self.scene.run(2.9)
        self.assertEqual(len(self.target.messages(PING)), 6)
        told = [claim for claim in self.target.updates() if claim.name == "t"]
        self.assertEqual({claim.state for claim in told}, {State.SUSPECT})

    def test_a_monitor_tries_a_stream_every_other_time_and_publishes_a_changed_observation(
        self,
    ) -> None:
        self.mute_target()
        self.scene.run(0.4)
        self.assertEqual(self.mine(), Evidence("me", S))
        self.scene.run(0.7)
        self.assertEqual(self.mine(), Evidence("me", A, 1))

    def test_an_accepted_stream_is_held_open_and_no_other_is_opened(self) -> None:
        self.mute_target()
        self.scene.run(10)
        self.assertEqual(self.opened(), 1)

    def test_a_new_stream_is_tried_at_once_when_the_held_one_breaks(self) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.target.accept_streams()
        self.scene.run(1.2)
        self.assertEqual(self.mine(), Evidence("me", A, 1))
        self.target.die()
        self.scene.run(0.1)
        self.assertEqual(self.mine(), Evidence("me", R, 2))

    def test_a_host_that_vanishes_with_a_held_stream_is_observed_silent(self) -> None:
        self.scene.network.restore_streams(self.target.claim.address.host)
        self.target.accept_streams()
        self.scene.run(1.2)
        self.scene.network.vanish(self.target.claim.address.host)
        self.scene.run(8)
        self.assertEqual(self.mine(), Evidence("me", S, 2))

    def test_a_suspect_that_answers_without_refuting_still_gets_the_suspicion(self) -> None:
        self.target.answering = True
        self.scene.run(3)
        self.assertEqual(self.mine(), Evidence("me", S))
        self.assertGreater(len(self.target.updates()), 3)

    def test_the_end_of_a_suspicion_ends_its_monitor(self) -> None:
        self.mute_target()
        self.scene.run(2)
        self.parts.membership.apply(self.target.claim.alive(1))
        self.scene.run(0.01)
        pings = len(self.target.messages(PING))
        self.scene.run(5)
        self.assertEqual(len(self.target.messages(PING)), pings)
        self.assertFalse(self.monitors.saw("t"))

    def test_in_a_large_group_few_suspects_are_monitored_by_a_member_that_is_no_witness(
        self,
    ) -> None:
        peers = [self.suspected(f"t{n}", Evidence("w1", S)) for n in range(40)]
        self.scene.run(0.1)
        watched = sum(bool(peer.messages(PING)) for peer in peers)
        self.assertLess(watched, 5)

    def test_in_a_small_group_each_member_monitors_a_suspect(self) -> None:
        for number in range(600):
            self.parts.membership.forget(f"w{number}")
        peer = self.suspected("u", Evidence("w1", S))
        self.scene.run(0.1)
        self.assertTrue(peer.messages(PING))

    def test_a_member_monitors_a_suspect_on_request(self) -> None:
        peer = self.suspected("u", Evidence("w1", S))
        self.monitors.watch("u")
        self.assertFalse(self.monitors.saw("u"))
        self.scene.run(1.2)
        self.assertTrue(peer.messages(PING))
        self.assertTrue(self.monitors.saw("u"))
        self.assertEqual(self.mine("u"), Evidence("me", S))

    def test_a_sixth_entry_of_silence_is_not_published(self) -> None:
        self.suspected("u", *(Evidence(f"w{n}", S) for n in range(5)))
        self.monitors.watch("u")
        self.scene.run(1.2)
        self.assertTrue(self.monitors.saw("u"))
        self.assertIsNone(self.mine("u"))

    def test_a_monitor_that_is_no_witness_opens_no_stream_to_a_stalled_member(self) -> None:
        peer = self.suspected("u", Evidence("w1", A))
        self.scene.network.mute_streams(peer.claim.address.host)
        self.monitors.watch("u")
        self.scene.run(3)
        self.assertEqual(self.opened(), 0)
        self.assertTrue(peer.messages(PING))

    def test_two_refusals_a_period_apart_of_the_only_witness_are_a_verdict(self) -> None:
        self.parts.membership.apply(self.target.claim.alive(1))
        (peer,) = self.others("u")
        self.parts.membership.apply(peer.claim.suspected("me", [Evidence("me", S)]))
        self.scene.run(1.4)
        self.assertEqual(self.parts.state("u"), "suspect")
        self.scene.run(1.2)
        self.assertEqual(self.parts.state("u"), "failed")

    def test_two_refusals_are_no_verdict_while_another_witness_disagrees(self) -> None:
        (peer,) = self.others("u")
        seen = [Evidence("me", S), Evidence("w1", S)]
        self.parts.membership.apply(peer.claim.suspected("me", seen))
        self.scene.run(5)
        self.assertEqual(self.mine("u"), Evidence("me", R, 1))
        self.assertEqual(self.parts.state("u"), "suspect")

    def test_a_refusal_that_is_not_credible_is_published_as_silence(self) -> None:
        self.counts_as[R] = S
        (peer,) = self.others("u")
        self.parts.membership.apply(peer.claim.suspected("me", [Evidence("me", S)]))
        self.scene.run(5)
        self.assertEqual(self.mine("u"), Evidence("me", S))

    def test_an_acceptance_does_not_replace_the_observation_of_a_broken_stream(self) -> None:
        self.counts_as[A] = B
        self.mute_target()
        self.scene.run(1.2)
        self.assertEqual(self.mine(), Evidence("me", B, 1))
        self.counts_as.clear()
        self.scene.run(5)
        self.assertEqual(self.mine(), Evidence("me", B, 1))

    def test_each_of_many_suspects_is_pinged_less_often(self) -> None:
        peers = [self.suspected(f"t{n}") for n in range(15)]
        self.scene.run(0.1)
        before = [len(peer.messages(PING)) for peer in peers]
        self.scene.run(8)
        pings = [len(p.messages(PING)) - b for p, b in zip(peers, before, strict=True)]
        self.assertTrue(all(3 <= count <= 5 for count in pings), pings)
