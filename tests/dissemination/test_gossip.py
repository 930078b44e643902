"""The gossip tick: news to a few members at random, as long as there is any (SWIM §4.1)."""

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
NEWS = Claim("new", Address("10.99.0.1", 7946), EPOCH)


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

    def hear(self, claim: Claim = NEWS) -> None:
        """Something that is news."""
        self.parts.membership.apply(claim)

    def quiet(self) -> bool:
        """Whether no timer waits."""
        return not self.parts.reactor.getDelayedCalls()


class Both(GossipTests):
    """What is true of eager gossip as well."""

    def test_without_news_no_timer_waits(self) -> None:
        self.others("a", "b")
        self.gossip.start()
        self.assertTrue(self.quiet())

    def test_news_is_told_as_often_as_it_may_be_and_then_no_timer_waits(self) -> None:
        peers = self.others("a", "b", "c", "d")
        self.gossip.start()
        self.hear()
        self.scene.run(10)
        self.assertTrue(self.quiet())
        limit = transmit_limit(self.parts.config.transmissions, 6)
        told = [claim for peer in peers for claim in peer.updates()]
        # Some of it goes to the newcomer itself, who is not there to hear it.
        self.assertLessEqual(len(told), limit)
        self.assertGreater(len(told), limit / 3)
        self.assertEqual(set(told), {NEWS})
        self.assertTrue(all(m.type is GOSSIP for peer in peers for m in peer.messages()))

    def test_alone_it_does_not_tick_until_somebody_comes(self) -> None:
        self.gossip.start()
        self.parts.membership.update_me({"role": "web"})
        self.scene.run(3)
        self.assertTrue(self.quiet())
        (peer,) = self.others("a")
        self.hear()
        self.scene.run(3)
        self.assertIn("me", {claim.name for claim in peer.updates()})

    def test_a_tick_tells_three_members_at_the_most(self) -> None:
        peers = self.others(*"abcdefgh")
        self.gossip.start()
        self.hear()
        self.scene.run(0.21)
        self.assertIn(sum(len(peer.heard) for peer in peers), range(1, 7))

    def test_peers_of_seven_fields_hear_none(self) -> None:
        (old,) = self.others("old")
        self.parts.membership.forget("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.others("a")
        self.gossip.start()
        self.hear()
        self.scene.run(5)
        self.assertEqual(old.heard, [])

    def test_before_it_starts_it_tells_nothing_and_then_what_had_been_heard(self) -> None:
        (peer,) = self.others("a")
        self.hear()
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.gossip.start()
        self.scene.run(1)
        self.assertIn(NEWS, peer.updates())

    def test_stopped_it_tells_no_more_even_if_there_is_news(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.hear()
        self.gossip.stop()
        self.hear(NEWS.suspected("x"))
        self.scene.run(2)
        self.assertEqual(peer.heard, [])
        self.assertTrue(self.quiet())

    def test_it_goes_by_stream_where_datagrams_do_not_arrive(self) -> None:
        (peer,) = self.others("a")
        stream = RecordingStream()
        self.parts.routes.use_stream(peer.claim.address, stream)
        self.gossip.start()
        self.hear()
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.assertIs(self.scene.codec.decode(stream.sent[0]).type, GOSSIP)


class BothEager(Both):
    kind = EagerGossip


class Ticks(GossipTests):
    def test_it_ticks_every_fifth_of_a_second(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.hear()
        self.scene.run(10)
        self.assertEqual(peer.times()[:3], [201, 401, 601])


class Eager(GossipTests):
    kind = EagerGossip

    def test_news_is_told_within_milliseconds_and_then_at_each_tick(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        self.hear()
        self.scene.run(10)
        first, second, third = peer.times()[:3]
        self.assertIn(first, range(2, 13))
        self.assertIn(second - first, range(0, 201))
        self.assertEqual(third - second, 200)

    def test_the_ticks_begin_at_a_time_of_ones_own(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        waits = []
        for number in range(30):
            peer.heard.clear()
            self.hear(Claim("m", NEWS.address, EPOCH, number))
            self.scene.run(10)
            first, second = peer.times()[:2]
            waits.append(second - first)
        self.assertLess(min(waits), 40)
        self.assertGreater(max(waits), 160)
        self.assertLessEqual(max(waits), 200)

    def test_a_burst_of_news_is_told_at_most_every_fifty_milliseconds(self) -> None:
        (peer,) = self.others("a")
        self.gossip.start()
        for number in range(100):
            self.hear(Claim(f"m{number}", NEWS.address, EPOCH).departed())
            self.scene.run(0.002)
        times = sorted(set(peer.times()))
        self.assertTrue(all(b - a >= 49 for a, b in pairwise(times)), times)
        self.assertGreater(len(times), 2)
