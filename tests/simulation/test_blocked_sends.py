"""Three ways to be slow: each holds back what it should, and no more."""

from __future__ import annotations

from twisted.internet.protocol import ClientFactory
from twisted.trial.unittest import SynchronousTestCase

from swimtx.journal import NullJournal
from swimtx.probing.stall_clock import StallClock
from swimtx.simulation import Group
from tests.simulation.doubles import LATENCY, Talk, Talks, ear, network

_THERE = ("10.0.0.2", 7946)


class SlownessTests(SynchronousTestCase):
    """One process that becomes slow, and a friend that does not."""

    def setUp(self) -> None:
        self.net = network()
        self.clock = self.net.clock
        self.slow = self.net.host("10.0.0.1")
        self.friend = self.net.host("10.0.0.2")
        self.mouth = ear(self.slow)
        self.ear = ear(self.friend)
        self.fired: list[float] = []
        self.start = self.clock.seconds()

    def heard(self) -> list[bytes]:
        return [data for data, _ in self.ear.heard]

    def say_every_second(self, clock: object = None) -> None:
        """A loop that sends."""

        def tick() -> None:
            self.fired.append(self.clock.seconds() - self.start)
            (clock or self.slow).callLater(1, tick)  # type: ignore[attr-defined]
            self.mouth.say(b"tick", _THERE)

        (clock or self.slow).callLater(1, tick)  # type: ignore[attr-defined]

    def test_with_frozen_io_timers_fire_and_what_is_sent_leaves_at_the_end(self) -> None:
        self.say_every_second()
        self.slow.freeze_io()
        self.clock.advance(3.5)
        self.assertEqual(self.fired, [1, 2, 3])
        self.assertEqual(self.heard(), [])
        self.slow.resume()
        self.clock.advance(2 * LATENCY)
        self.assertEqual(self.heard(), [b"tick"] * 3)

    def test_with_frozen_io_what_arrives_is_read_at_the_end(self) -> None:
        self.slow.freeze_io()
        self.ear.say(b"hello", ("10.0.0.1", 7946))
        self.clock.advance(1)
        self.assertEqual(self.mouth.heard, [])
        self.slow.resume()
        self.clock.advance(0)
        self.assertEqual([data for data, _ in self.mouth.heard], [b"hello"])

    def test_a_blocked_send_blocks_the_loop_that_sends_and_no_other_timer(self) -> None:
        self.say_every_second()
        self.slow.callLater(2.5, lambda: self.fired.append(2.5))
        self.slow.block_sends()
        self.clock.advance(5.25)
        self.assertEqual(self.fired, [1, 2.5])
        self.slow.resume()
        self.clock.advance(0.5)
        self.assertEqual(self.fired, [1, 2.5, 5.25])
        self.assertEqual(self.heard(), [b"tick"] * 2)

    def test_a_timer_that_the_blocked_caller_set_for_something_else_fires(self) -> None:
        def begin() -> None:
            self.slow.callLater(1, lambda: self.fired.append(2))
            self.mouth.say(b"PING", _THERE)

        self.slow.callLater(1, begin)
        self.slow.block_sends()
        self.clock.advance(3)
        self.assertEqual(self.fired, [2])

    def test_callers_are_told_apart_behind_a_clock_that_is_wrapped_around(self) -> None:
        check = StallClock(self.slow, NullJournal())
        self.say_every_second(check)
        check.callLater(2.5, lambda: self.fired.append(2.5))
        self.slow.block_sends()
        self.clock.advance(5.25)
        self.assertEqual(self.fired, [1, 2.5])

    def test_the_kernel_accepts_streams_for_one_that_is_frozen_and_nobody_reads_them(self) -> None:
        talks, mine = Talks(), Talks()
        self.slow.listenTCP(7946, talks)
        self.slow.block_sends()
        self.friend.connectTCP("10.0.0.1", 7946, _Client(mine))
        self.clock.advance(1)
        self.assertTrue(mine.all[0].made)
        mine.all[0].transport.write(b"PING")
        self.clock.advance(1)
        self.assertEqual(talks.all, [])
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(talks.all[0].heard, b"PING")

    def test_what_is_written_to_a_stream_waits_too(self) -> None:
        talks, mine = Talks(), Talks()
        self.friend.listenTCP(7946, talks)
        self.slow.connectTCP("10.0.0.2", 7946, _Client(mine))
        self.clock.advance(1)
        self.slow.freeze_io()
        mine.all[0].transport.write(b"PING")
        self.clock.advance(1)
        self.assertEqual(talks.all[0].heard, b"")
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(talks.all[0].heard, b"PING")

    def test_one_that_is_killed_meanwhile_sends_nothing_more(self) -> None:
        self.slow.freeze_io()
        self.mouth.say(b"PING", _THERE)
        self.slow.kill()
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(self.heard(), [])


class _Client(ClientFactory[Talk]):
    """A factory for who opens a stream."""

    noisy = False

    def __init__(self, talks: Talks) -> None:
        self.talks = talks

    def buildProtocol(self, addr: object) -> Talk:
        return self.talks.buildProtocol(addr)


class GroupSlownessTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.group = Group(3, seed=1)
        self.group.start()
        self.assertTrue(self.group.run_until(self.group.everybody_lists, 5))
        self.group.run_for(5)

    def sent_by_n3(self, seconds: float) -> int:
        before = self.group.nodes["n3"].counters.datagrams_received
        self.group.run_for(seconds)
        return self.group.nodes["n3"].counters.datagrams_received - before

    def test_each_anomaly_ends_when_it_should(self) -> None:
        for befall in (
            self.group.stall,
            self.group.freeze_io,
            self.group.block_sends,
            self.group.freeze_host,
        ):
            befall("n3", 2)
            self.assertEqual(self.sent_by_n3(1.9), 0)
            self.assertGreater(self.sent_by_n3(1.1), 0)
        self.group.run_for(20)
        self.assertTrue(self.group.everybody_lists())

    def test_the_kernel_of_a_frozen_host_accepts_nothing(self) -> None:
        self.group.freeze_host("n3", 5)
        opened = self.group.network.traffic.streams_opened
        reactor = self.group.runs["n1"][0].process
        talks = Talks()
        reactor.connectTCP(*self.group.address("n3"), _Client(talks))
        self.group.run_for(2)
        self.assertEqual((talks.all, self.group.network.traffic.streams_opened), ([], opened))
