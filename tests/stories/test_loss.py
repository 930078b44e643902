"""The network loses packets, and nobody alive is taken for dead (SWIM §4.2, §5.4)."""

from __future__ import annotations

from swimtx import State
from tests.stories.scenes import Story


class LossStories(Story):
    def test_under_20_percent_loss_nobody_alive_is_failed_in_ten_minutes(self) -> None:
        for seed in range(4):
            group = self.formed(16, seed, loss=0.2)
            group.run_for(600)
            self.nobody_wronged(group)

    def test_under_20_percent_loss_a_group_forms_and_sees_a_kill(self) -> None:
        for seed in range(5):
            group = self.formed(16, seed, loss=0.2)
            group.kill("n4")
            self.all_list(group, "n4", State.FAILED, 25)
            self.nobody_wronged(group)

    def test_one_with_a_bad_cable_is_not_failed_and_fails_nobody(self) -> None:
        group = self.formed(16)
        group.network.lose_at(group.hosts("n3"), 0.4)
        group.run_for(120)
        self.nobody_wronged(group)
