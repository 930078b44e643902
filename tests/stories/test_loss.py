"""Packet loss: no living member is declared failed (SWIM §4.2, §5.4)."""

from __future__ import annotations

from swimtx import State
from tests.stories.scenes import Story


class LossStories(Story):
    def test_under_20_percent_loss_no_living_member_is_failed_in_ten_minutes(self) -> None:
        for seed in range(4):
            group = self.formed(16, seed, loss=0.2)
            group.run_for(600)
            self.no_wrong_failures(group)

    def test_under_20_percent_loss_a_group_forms_and_detects_a_kill(self) -> None:
        for seed in range(5):
            group = self.formed(16, seed, loss=0.2)
            group.kill("n4")
            self.all_list(group, "n4", State.FAILED, 25)
            self.no_wrong_failures(group)

    def test_a_member_with_a_lossy_link_is_not_failed_and_fails_no_other(self) -> None:
        group = self.formed(16)
        group.network.lose_at(group.hosts("n3"), 0.4)
        group.run_for(120)
        self.no_wrong_failures(group)
