"""The detection times that C{swimtx info} prints."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from swimtx.config import Config
from swimtx.membership.events import Event
from swimtx.simulation.group import Group
from swimtx.suspicion.detection_times import expected_detection_times


class DetectionTimeTests(SynchronousTestCase):
    """The bounds in seconds, by kind of failure."""

    def test_a_silent_host_is_detected_after_a_probe_and_the_tolerance(self) -> None:
        soonest, latest = expected_detection_times(Config.lan(), 32)["silent"]
        self.assertEqual((soonest, latest), (6.0, 7.0))

    def test_the_local_profile_detects_a_silent_host_two_periods_sooner(self) -> None:
        lan, local = expected_detection_times(Config.lan(), 32), expected_detection_times(
            Config.local(), 32
        )
        self.assertEqual(lan["silent"].latest - local["silent"].latest, 2.0)

    def test_a_hung_process_is_declared_failed_after_patience_seconds_of_stall(self) -> None:
        found = expected_detection_times(Config.lan(), 32)
        self.assertEqual(found["hung"].soonest - found["stalled"].soonest, 30.0)

    def test_without_refused_verdict_a_killed_process_is_detected_like_a_silent_host(self) -> None:
        found = expected_detection_times(Config.lan(refused_verdict=False), 32)
        self.assertEqual(found["killed"], found["silent"])

    def test_the_times_of_a_group_of_two_are_in_order(self) -> None:
        for kind, span in expected_detection_times(Config.lan(), 2).items():
            self.assertLessEqual(span.soonest, span.latest, kind)

    def test_the_time_of_a_silent_host_scales_with_the_period(self) -> None:
        once, twice = Config.lan(), Config.lan(protocol_period=2.0)
        self.assertEqual(
            expected_detection_times(twice, 32)["silent"].latest,
            2 * expected_detection_times(once, 32)["silent"].latest,
        )

    def test_a_simulated_group_detects_failures_within_the_expected_times(self) -> None:
        for fault, kind in (("kill", "killed"), ("vanish", "silent")):
            group = Group(16, seed=f"expect/{fault}", config=Config.local())
            group.start()
            self.assertTrue(group.run_until(group.everybody_lists, 30))
            group.run_for(5.3)
            at = group.now
            getattr(group, fault)("n5")
            group.run_for(20)
            known = [
                told.time - at
                for told in group.history
                if told.about == "n5" and told.event is Event.FAILED
            ]
            self.assertEqual(len(known), 15)
            span = expected_detection_times(Config.local(), 16)[kind]
            self.assertLessEqual(span.soonest, min(known))
            self.assertLessEqual(max(known), span.latest + 0.5)
