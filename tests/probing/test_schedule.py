"""The schedule of a probe: its steps in order, each with what it does (SWIM §3.1)."""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.probing.schedule import ProbeSchedule

times = st.floats(0, 2)


class ProbeScheduleTests(SynchronousTestCase):
    def steps(self, schedule: ProbeSchedule) -> list[tuple[float, str]]:
        """The time of each step, and a letter for each thing that it does."""
        return [
            (
                round(step.at, 6),
                "P" * step.pings + "S" * step.by_stream_too + "I" * step.starts_indirect,
            )
            for step in schedule.steps
        ]

    def test_a_probe_pings_at_each_third_of_the_ping_timeout_and_then_asks_relays(self) -> None:
        schedule = ProbeSchedule.probe(1.0, 0.3)
        self.assertEqual((schedule.stream, schedule.relays, schedule.end), (0.3, 0.3, 1.0))
        self.assertEqual(
            self.steps(schedule),
            [(0.0, "P"), (0.1, "PS"), (0.2, "PS"), (0.3, "PSI"), (1.0, "")],
        )

    def test_the_only_ping_of_a_schedule_goes_by_the_fallback_stream_too(self) -> None:
        schedule = ProbeSchedule((0.0,), None, None, 0.5)
        self.assertEqual(self.steps(schedule), [(0.0, "PS"), (0.5, "")])

    def test_a_relayed_probe_opens_a_stream_at_once_and_asks_no_relays(self) -> None:
        schedule = ProbeSchedule.relayed(0.3, 0.5, 0.15)
        self.assertEqual((schedule.stream, schedule.relays, schedule.check), (0.0, None, 0.15))
        self.assertEqual(
            self.steps(schedule),
            [(0.0, "PI"), (0.1, "PS"), (0.15, "S"), (0.2, "PS"), (0.5, "")],
        )

    def test_a_relayed_probe_does_nothing_beyond_its_budget(self) -> None:
        schedule = ProbeSchedule.relayed(0.3, 0.09, 0.15)
        self.assertEqual((schedule.pings, schedule.check), ((0.0,), None))
        self.assertEqual(self.steps(schedule), [(0.0, "PSI"), (0.09, "")])

    def test_equal_schedules_of_probes_are_one_object(self) -> None:
        self.assertIs(ProbeSchedule.probe(1.0, 0.3), ProbeSchedule.probe(1.0, 0.3))

    @hypothesis.settings(deadline=None)
    @hypothesis.given(
        st.sets(times, max_size=5).map(lambda later: tuple(sorted({0.0, *later}))),
        st.none() | times,
        st.none() | times,
        st.floats(0.001, 2),
        st.none() | times,
    )
    def test_the_steps_of_any_schedule_are_its_times_in_order_up_to_the_end(
        self, pings: Any, stream: float | None, relays: float | None, end: float, check: Any
    ) -> None:
        schedule = ProbeSchedule(pings, stream, relays, end, check)
        at = [step.at for step in schedule.steps]
        given = {*pings, stream, relays, check} - {None}
        self.assertEqual(at, [*sorted(time for time in given if time < end), end])
        for step, after in zip(schedule.steps, at[1:], strict=False):
            self.assertEqual(step.next, after - step.at)
            self.assertEqual(step.pings, step.at in pings)
            self.assertEqual(step.starts_indirect, step.at in (stream, relays))
        self.assertEqual(schedule.steps[-1].next, 0)
