"""Checks of stream ports, in groups whose members hold no tripwires to each other."""

from __future__ import annotations

from swimtx import Config, Event, State
from swimtx.simulation import knowledge
from tests.stories.scenes import Story

BARE = Config.lan(tripwires=False)


class StreamPortCheckStories(Story):
    def test_a_kill_is_detected_by_the_next_probe_since_ports_are_known_to_accept(self) -> None:
        group = self.formed(12, 1, config=BARE)
        group.run_for(5)
        since = group.now
        group.kill("n3")
        self.until(group, lambda: group.everybody_lists("n3", State.FAILED), 60)
        known = knowledge(group, "n3", Event.FAILED, since, group.running)
        assert known.last is not None
        self.assertLess(known.last, 2.5)

    def test_no_stream_is_held_and_few_ports_are_checked_again(self) -> None:
        group = self.formed(12, 1, config=BARE)
        group.run_for(10)
        opened = group.network.traffic.streams_opened
        group.run_for(10)
        self.assertLess(group.network.traffic.streams_opened - opened, 12)
        for node in group.nodes.values():
            self.assertEqual(node._parts.tripwires.held, ())
