"""Networks that let through only one of UDP and TCP."""

from __future__ import annotations

from swimtx import State
from swimtx.simulation import Group
from tests.stories.scenes import Story


class OneTransportStories(Story):
    def lives(self, group: Group) -> None:
        """It forms, it sees a death, it hears a goodbye, and it wrongs nobody."""
        group.start()
        self.until(group, group.everybody_lists, 30)
        group.run_for(60)
        self.assertTrue(group.everybody_lists())
        group.kill("n4")
        self.all_list(group, "n4", State.FAILED, 30)
        left = group.leave("n5")
        group.run_for(6)
        self.successResultOf(left)
        self.all_list(group, "n5", State.LEFT, 10)
        group.restart("n4")
        self.until(group, group.everybody_lists, 30)
        self.nobody_wronged(group)

    def test_a_group_lives_by_tcp_alone(self) -> None:
        for seed in range(3):
            group = Group(8, seed)
            group.network.block_datagrams()
            self.lives(group)

    def test_a_group_lives_by_udp_alone(self) -> None:
        for seed in range(3):
            group = Group(8, seed)
            group.network.block_streams()
            self.lives(group)

    def test_a_group_whose_hosts_refuse_streams_lives(self) -> None:
        group = Group(8, 1)
        for host in group.hosts(group.running):
            group.network.refuse_streams(host)
        self.lives(group)

    def test_udp_breaks_down_and_comes_back_and_nobody_is_wronged(self) -> None:
        group = self.formed(8)
        group.network.block_datagrams()
        group.run_for(60)
        group.network.unblock_datagrams()
        group.run_for(60)
        self.nobody_wronged(group)
        self.assertTrue(group.everybody_lists())
