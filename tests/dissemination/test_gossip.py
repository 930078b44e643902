"""Gossip: queued updates are sent to a few random members at each tick (SWIM §4.1)."""

from __future__ import annotations

from itertools import pairwise

from swimtx.addresses import Address
from swimtx.dissemination.gossip import EagerGossip, Gossip
from swimtx.dissemination.update_queue import transmit_limit
from swimtx.membership.claim import Claim
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, ComponentTestCase
from tests.transport.test_protocol import RecordingStream

GOSSIP = MessageType.GOSSIP
UPDATE = Claim("new", Address("10.99.0.1", 7946), EPOCH)


class GossipTests(ComponentTestCase):
    kind: type[Gossip] = Gossip

    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.gossip = parts.use(
            self.kind(
                parts.reactor,
                parts.chance,
                parts.membership,
                parts.messenger,
                parts.news,
                parts.config,
            )
        )

    def queue(self, claim: Claim = UPDATE) -> None:
        """Queue an update."""
        self.parts.membership.apply(claim)

    def no_timer(self) -> bool:
        """Whether no timer is set."""
        return not self.parts.reactor.getDelayedCalls()


class CommonTests(GossipTests):
    """What C{Gossip} and C{EagerGossip} have in common."""

    def test_without_updates_no_timer_is_set(self) -> None:
        self.others("a", "b")
        self.gossip.start()
        self.assertTrue(self.no_timer())

    def test_an_update_is_sent_up_to_its_transmission_limit_and_then_no_timer_is_set(self) -> None:
        peers = self.others("a", "b", "c", "d")
        self.gossip.start()
        self.queue()
        self.scene.run(10)
        self.assertTrue(self.no_timer())
        limit = transmit_limit(self.parts.config.transmissions, 6)
        sent = [claim for peer in peers for claim in peer.updates()]
        # Some are sent to the new member itself, where no process listens.
        self.assertLessEqual(len(sent), limit)
        self.assertGreater(len(sent), limit / 3)
        self.assertEqual(set(sent), {UPDATE})
        self.assertTrue(all(m.type is GOSSIP for peer in peers for m in peer.messages()))

    def test_a_member_alone_does_not_tick_until_another_member_joins(self) -> None:
        self.gossip.start()
        self.parts.membership.update_me({"role": "web"})
        self.scene.run(3)
        self.assertTrue(self.no_timer())
        (peer,) = self.others("a")
        self.queue()
        self.scene.run(3)
        self.assertIn("me", {claim.name for claim in peer.updates()})

    def test_a_tick_sends_to_at_most_three_members(self) -> None:
        peers = self.others(*"abcdefgh")
        self.gossip.start()
        self.queue()
        self.scene.run(0.21)
        self.assertIn(sum(len(peer.heard) for peer in peers), range(1, 7))

    def test_peers_of_seven_fields_get_no_gossip(self) -> None:
        (old,) = self.others("old")
        self.parts.membership.forget("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.others("a")
        self.gossip.start()
        self.queue()
        self.scene.run(5)
        self.assertEqual(old.heard, [])

    def test_updates_queued_before_the_start_are_sent_after_it(self) -> None:
        (peer,) = self.others("a")
        self.queue()
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.gossip.start()
        self.scene.run(1)
        self.assertIn(UPDATE, peer.updates())

    def test_no_update_is_sent_after_stop(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.queue()
        self.gossip.stop()
        self.queue(UPDATE.suspected("x"))
        self.scene.run(2)
        self.assertEqual(peer.heard, [])
        self.assertTrue(self.no_timer())

    def test_gossip_goes_by_stream_to_a_member_that_datagrams_do_not_reach(self) -> None:
        (peer,) = self.others("a")
        stream = RecordingStream()
        self.parts.routes.use_stream(peer.claim.address, stream)
        self.gossip.start()
        self.queue()
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.assertIs(self.scene.codec.decode(stream.sent[0]).type, GOSSIP)


class CommonEagerTests(CommonTests):
    kind = EagerGossip


class TickTests(GossipTests):
    def test_gossip_ticks_every_fifth_of_a_second(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.queue()
        self.scene.run(10)
        self.assertEqual(peer.times()[:3], [201, 401, 601])


class EagerGossipTests(GossipTests):
    kind = EagerGossip

    def test_an_update_is_sent_within_milliseconds_and_then_at_each_tick(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.queue()
        self.scene.run(10)
        first, second, third = peer.times()[:3]
        self.assertIn(first, range(2, 13))
        self.assertIn(second - first, range(0, 201))
        self.assertEqual(third - second, 200)

    def test_the_first_tick_after_a_flush_comes_at_a_random_moment(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        waits = []
        for number in range(30):
            peer.heard.clear()
            self.queue(Claim("m", UPDATE.address, EPOCH, number))
            self.scene.run(10)
            first, second = peer.times()[:2]
            waits.append(second - first)
        self.assertLess(min(waits), 40)
        self.assertGreater(max(waits), 160)
        self.assertLessEqual(max(waits), 200)

    def test_a_burst_of_updates_is_flushed_at_most_every_fifty_milliseconds(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        for number in range(100):
            self.queue(Claim(f"m{number}", UPDATE.address, EPOCH).departed())
            self.scene.run(0.002)
        times = sorted(set(peer.times()))
        self.assertTrue(all(b - a >= 49 for a, b in pairwise(times)), times)
        self.assertGreater(len(times), 2)
