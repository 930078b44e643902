"""Named networks: their latency and their loss."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swimtx.simulation import Group
from swimtx.simulation.clock import VirtualClock
from swimtx.simulation.named_networks import NETWORKS, Radio, network_named, regions


class NamedNetworkTests(SynchronousTestCase):
    def test_the_latency_between_two_regions_is_the_same_in_both_directions(self) -> None:
        rng = Random(1)
        there = [regions(rng, "10.0.0.1", "10.0.0.4") for _ in range(2000)]
        back = [regions(rng, "10.0.0.4", "10.0.0.1") for _ in range(2000)]
        self.assertAlmostEqual(min(there), 0.040, places=3)
        self.assertAlmostEqual(sum(there) / 2000, sum(back) / 2000, places=3)

    def test_hosts_of_one_region_have_a_latency_below_a_millisecond(self) -> None:
        self.assertLess(regions(Random(1), "10.0.0.1", "10.0.0.5"), 0.001)

    def test_a_radio_network_loses_its_share_of_packets_in_bursts(self) -> None:
        clock, rng = VirtualClock(), Random(1)
        radio = Radio(clock, good=9, bad=1, loss_good=0.0, loss_bad=0.6)
        lost = []
        for _ in range(40_000):
            clock.advance(0.01)
            lost.append(radio(rng, "10.0.0.1", "10.0.0.2") is None)
        share = sum(lost) / len(lost)
        after_a_loss = [lost[i + 1] for i in range(len(lost) - 1) if lost[i]]
        self.assertApproximates(share, 2 * 0.1 * 0.6, 0.04)
        self.assertGreater(sum(after_a_loss) / len(after_a_loss), 4 * share)

    def test_a_group_forms_on_each_named_network(self) -> None:
        for name in NETWORKS:
            group = Group(5, seed=name)
            group.network.latency = network_named(name, group.clock)
            group.start()
            self.assertTrue(group.run_until(group.everybody_lists, 30), name)

    def test_an_unknown_name_raises_a_key_error(self) -> None:
        self.assertRaises(KeyError, network_named, "carrier pigeon", VirtualClock())
