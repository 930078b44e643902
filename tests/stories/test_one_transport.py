"""Networks that pass only one of UDP and TCP."""

from __future__ import annotations

from swimtx import State
from swimtx.simulation import Group
from tests.stories.scenes import Story


class OneTransportStories(Story):
    def check_works(self, group: Group) -> None:
        """Check that a group forms, detects a kill and a leave, and fails no running member."""
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
        self.no_wrong_failures(group)

    def test_a_group_works_over_tcp_alone(self) -> None:
        for seed in range(3):
            group = Group(8, seed)
            group.network.block_datagrams()
            self.check_works(group)

    def test_a_group_works_over_udp_alone(self) -> None:
        for seed in range(3):
            group = Group(8, seed)
            group.network.block_streams()
            self.check_works(group)

    def test_a_group_works_though_its_hosts_refuse_streams(self) -> None:
        group = Group(8, 1)
        for host in group.hosts(group.running):
            group.network.refuse_streams(host)
        self.check_works(group)

    def test_no_member_is_wrongly_failed_while_udp_is_down_and_after_it(self) -> None:
        group = self.formed(8)
        group.network.block_datagrams()
        group.run_for(60)
        group.network.unblock_datagrams()
        group.run_for(60)
        self.no_wrong_failures(group)
        self.assertTrue(group.everybody_lists())
