"""The timeouts of suspicions, by their evidence."""

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


class SuspicionTimerTests(ComponentTestCase):
    settings = {"silence_tolerance": TOLERANCE, "patience": PATIENCE}

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.due = Calls()
        self.health = LocalHealth()
        self.backoff = FalsePositiveBackoff(parts.reactor.seconds)
        self.timers = parts.use(
            SuspicionTimers(
                parts.reactor,
                parts.membership,
                parts.config,
                self.health,
                self.backoff,
                parts.journal,
            )
        )
        self.timers.on_due(self.due)
        self.timers.start()
        self.others(*(f"w{number}" for number in range(9)))
        (peer,) = self.others("t")
        self.target = peer.claim

    def suspect(
        self, *kinds: Observation, me: Observation | None = S, target: Claim | None = None
    ) -> None:
        """Apply a SUSPECT with our observation and those of w0, w1, ..."""
        entries = [Evidence(f"w{number}", kind) for number, kind in enumerate(kinds)]
        entries += [] if me is None else [Evidence("me", me)]
        self.parts.membership.apply((target or self.target).suspected("w0", entries))

    def due_after(self, bound: float = 200.0) -> float | None:
        """Seconds until the suspect is due; C{None} if it is not within C{bound} seconds."""
        began = self.scene.now
        while self.scene.now < began + bound:
            if self.due.all:
                return round(self.scene.now - began, 1)
            self.scene.run(0.1)
        return None

    def test_a_suspect_with_four_witnesses_of_silence_has_the_tolerance(self) -> None:
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_a_suspect_with_one_witness_of_silence_has_six_times_the_tolerance(self) -> None:
        self.suspect()
        self.assertApproximates(self.due_after(), 6 * TOLERANCE, 0.15)

    def test_further_witnesses_shorten_the_timeout_from_its_beginning(self) -> None:
        self.suspect()
        self.scene.run(2)
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), TOLERANCE - 2, 0.15)

    def test_a_suspect_is_due_at_once_if_the_shorter_timeout_has_passed(self) -> None:
        self.suspect()
        self.scene.run(5)
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), 0, 0.15)

    def test_a_stalled_suspect_has_patience_and_is_announced(self) -> None:
        self.suspect(S, S, A)
        self.assertIn(("stalled", "t"), self.parts.events)
        self.assertIs(self.timers.grade("t"), Grade.STALLED)
        self.assertApproximates(self.due_after(), PATIENCE, 0.15)

    def test_a_stalled_suspect_that_becomes_silent_has_the_tolerance_from_then_on(self) -> None:
        self.suspect(S, S, A)
        self.scene.run(8)
        entries = [Evidence("w2", S, 1)]
        self.parts.membership.apply(self.target.suspected("w2", entries))
        self.assertIs(self.timers.grade("t"), Grade.SILENT)
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_a_suspect_whose_process_is_gone_is_due_at_once(self) -> None:
        self.suspect(R, me=R)
        self.assertEqual(self.due_after(), 0.1)

    def test_bystanders_of_a_silent_suspect_wait_twice_the_timeout_and_a_period(self) -> None:
        self.suspect(S, S, S, S, me=None)
        self.assertApproximates(self.due_after(), 2 * TOLERANCE + 1, 0.15)

    def test_bystanders_of_a_stalled_suspect_wait_three_seconds_longer(self) -> None:
        self.suspect(A, me=None)
        self.assertApproximates(self.due_after(), PATIENCE + 3, 0.15)

    def test_a_member_of_poor_local_health_waits_longer(self) -> None:
        self.health.refuted()
        self.health.refuted()
        self.suspect(S, S, S)
        self.assertApproximates(self.due_after(), 3 * TOLERANCE, 0.15)

    def test_a_false_positive_makes_the_next_silence_timeout_longer(self) -> None:
        self.parts.knows(self.target.failed("w0"))
        self.parts.membership.apply(self.target.alive(1))
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), 1.5 * TOLERANCE, 0.15)

    def test_a_failed_member_that_returns_in_a_new_run_is_no_false_positive(self) -> None:
        later = Claim("t", self.target.address, self.target.epoch + 1, by="t")
        self.parts.knows(self.target.failed("w0"))
        self.parts.membership.apply(later)
        self.assertEqual(self.backoff.factor, 1.0)

    def test_a_suspect_that_refutes_is_not_due(self) -> None:
        self.suspect(S, S, S)
        self.scene.run(2)
        self.parts.membership.apply(self.target.alive(1))
        self.assertIsNone(self.due_after(60))
        self.assertIsNone(self.timers.grade("t"))

    def test_the_suspicion_of_a_later_incarnation_has_the_whole_timeout(self) -> None:
        self.suspect(S, S, S)
        self.scene.run(2)
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)

    def test_a_deadline_may_be_extended(self) -> None:
        self.suspect(S, S, S)
        self.timers.extend("t", 10)
        self.timers.extend("nobody", 10)
        deadline = self.timers.deadline("t")
        assert deadline is not None
        self.assertApproximates(deadline - self.parts.reactor.seconds(), 10, 1e-6)
        self.assertIsNone(self.timers.deadline("nobody"))
        self.assertApproximates(self.due_after(), 10, 0.15)

    def test_stopped_timers_ignore_suspicions_until_they_are_started_again(self) -> None:
        self.suspect(S, S, S)
        self.timers.stop()
        self.suspect(A)
        self.assertIsNone(self.due_after(60))
        self.timers.start()
        self.suspect(S, S, S, target=self.target.alive(1))
        self.assertApproximates(self.due_after(), TOLERANCE, 0.15)
