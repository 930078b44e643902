"""How long each suspect may take, by what was seen of it."""

from __future__ import annotations

from swimtx.membership.claim import Claim
from swimtx.membership.evidence import Grade
from swimtx.membership.observation import Evidence, Observation
from swimtx.probing.local_health import LocalHealth
from swimtx.suspicion.false_positives import FalsePositiveBackoff
from swimtx.suspicion.timers import SuspicionTimers
from tests.parts import Calls, ComponentTestCase

S, A, R, B = Observation.SILENT, Observation.ACCEPTED, Observation.REFUSED, Observation.BROKEN
TOLERANCE, PATIENCE = 3.0, 30.0


class GradedSuspicionTests(ComponentTestCase):
    settings = {"silence_tolerance": TOLERANCE, "patience": PATIENCE}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.due = Calls()
        self.health = LocalHealth()
        self.regret = FalsePositiveBackoff(parts.reactor.seconds)
        self.suspicion = parts.use(
            SuspicionTimers(
                parts.reactor,
                parts.membership,
                parts.config,
                self.health,
                self.regret,
                parts.journal,
            )
        )
        self.suspicion.on_due(self.due)
        self.suspicion.start()
        self.others(*(f"w{number}" for number in range(9)))
        (peer,) = self.others("t")
        self.target = peer.claim

    def suspect(
        self, *kinds: Observation, me: Observation | None = S, target: Claim | None = None
    ) -> None:
        """Add to what is known: what we saw, and what w0, w1, ... saw."""
        entries = [Evidence(f"w{number}", kind) for number, kind in enumerate(kinds)]
        entries += [] if me is None else [Evidence("me", me)]
        self.parts.membership.apply((target or self.target).suspected("w0", entries))

    def due_after(self, bound: float = 200.0) -> float | None:
        """Seconds until it is due; C{None}: it is not, for so long."""
        began = self.scene.now
        while self.scene.now < began + bound:
            if self.due.all:
                return round(self.scene.now - began, 1)
            self.scene.run(0.1)
        return None

    def test_one_that_four_have_seen_silent_has_the_tolerance(self) -> None:
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_one_that_one_has_seen_silent_has_six_times_as_long(self) -> None:
        self.suspect()
        self.assertApproximates(self.due_after(), 6 * TOLERANCE, 0.15)

    def test_further_witnesses_bring_it_forward_from_its_beginning(self) -> None:
        self.suspect()
        self.scene.run(2)
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), TOLERANCE - 2, 0.15)

    def test_if_its_time_is_over_by_then_it_is_due_at_once(self) -> None:
        self.suspect()
        self.scene.run(5)
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), 0, 0.15)

    def test_one_that_stalled_has_patience_and_listeners_hear_of_it(self) -> None:
        self.suspect(S, S, A)
        self.assertIn(("stalled", "t"), self.parts.events)
        self.assertIs(self.suspicion.grade("t"), Grade.STALLED)
        self.assertApproximates(self.due_after(), PATIENCE, 0.15)

    def test_when_its_host_goes_too_the_time_of_silence_begins(self) -> None:
        self.suspect(S, S, A)
        self.scene.run(8)
        entries = [Evidence("w2", S, 1)]
        self.parts.membership.apply(self.target.suspected("w2", entries))
        self.assertIs(self.suspicion.grade("t"), Grade.SILENT)
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_one_that_is_gone_has_no_time_at_all(self) -> None:
        self.suspect(R, me=R)
        self.assertEqual(self.due_after(), 0.1)

    def test_bystanders_wait_twice_as_long_and_a_period(self) -> None:
        self.suspect(S, S, S, S, me=None)
        self.assertApproximates(self.due_after(), 2 * TOLERANCE + 1, 0.15)

    def test_bystanders_of_a_stall_wait_three_seconds_longer(self) -> None:
        self.suspect(A, me=None)
        self.assertApproximates(self.due_after(), PATIENCE + 3, 0.15)

    def test_who_is_not_well_waits_longer(self) -> None:
        self.health.refuted()
        self.health.refuted()
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), 3 * TOLERANCE, 0.15)

    def test_a_hasty_verdict_makes_the_next_silence_longer(self) -> None:
        self.parts.knows(self.target.failed("w0"))
        self.parts.membership.apply(self.target.alive(1))
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), 1.5 * TOLERANCE, 0.15)

    def test_one_that_is_back_in_a_new_run_had_failed_indeed(self) -> None:
        later = Claim("t", self.target.address, self.target.epoch + 1, by="t")
        self.parts.knows(self.target.failed("w0"))
        self.parts.membership.apply(later)
        self.assertEqual(self.regret.factor, 1.0)

    def test_whoever_refutes_is_not_due(self) -> None:
        self.suspect(S, S, S)
        self.scene.run(2)
        self.parts.membership.apply(self.target.alive(1))
        self.assertIsNone(self.due_after(60))
        self.assertIsNone(self.suspicion.grade("t"))

    def test_a_later_incarnation_has_its_time_anew(self) -> None:
        self.suspect(S, S, S)
        self.scene.run(2)
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_a_deadline_may_be_extended(self) -> None:
        self.suspect(S, S, S)
        self.suspicion.extend("t", 10)
        self.suspicion.extend("nobody", 10)
        deadline = self.suspicion.deadline("t")
        assert deadline is not None
        self.assertApproximates(deadline - self.parts.reactor.seconds(), 10, 1e-6)
        self.assertIsNone(self.suspicion.deadline("nobody"))
        self.assertApproximates(self.due_after(), 10, 0.15)

    def test_stopped_timers_hear_of_no_suspicion_and_started_again_they_do(self) -> None:
        self.suspect(S, S, S)
        self.suspicion.stop()
        self.suspect(A)
        self.assertIsNone(self.due_after(60))
        self.suspicion.start()
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)
