"""Slow processes: frozen input and output, blocked sends and stalls hold back only their part."""

from __future__ import annotations

from twisted.internet.protocol import ClientFactory
from twisted.trial.unittest import SynchronousTestCase

from swimtx.journal import NullJournal
from swimtx.probing.stall_clock import StallClock
from swimtx.simulation import Group
from tests.simulation.doubles import LATENCY, RecordingFactory, RecordingStream, network, recorder

_THERE = ("10.0.0.2", 7946)


class SlowProcessTests(SynchronousTestCase):
    """A process that becomes slow, and a peer that does not."""

    def setUp(self) -> None:
        self.net = network()
        self.clock = self.net.clock
        self.slow = self.net.host("10.0.0.1")
        self.peer = self.net.host("10.0.0.2")
        self.slow_port = recorder(self.slow)
        self.peer_port = recorder(self.peer)
        self.fired: list[float] = []
        self.start = self.clock.seconds()

    def heard(self) -> list[bytes]:
        return [data for data, _ in self.peer_port.heard]

    def send_every_second(self, clock: object = None) -> None:
        """Send in a loop."""

        def tick() -> None:
            self.fired.append(self.clock.seconds() - self.start)
            (clock or self.slow).callLater(1, tick)  # type: ignore[attr-defined]
            self.slow_port.say(b"tick", _THERE)

        (clock or self.slow).callLater(1, tick)  # type: ignore[attr-defined]

    def test_with_frozen_io_timers_fire_and_sends_leave_on_resumption(self) -> None:
        self.send_every_second()
        self.slow.freeze_io()
        self.clock.advance(3.5)
        self.assertEqual(self.fired, [1, 2, 3])
        self.assertEqual(self.heard(), [])
        self.slow.resume()
        self.clock.advance(2 * LATENCY)
        self.assertEqual(self.heard(), [b"tick"] * 3)

    def test_with_frozen_io_arriving_datagrams_are_read_on_resumption(self) -> None:
        self.slow.freeze_io()
        self.peer_port.say(b"hello", ("10.0.0.1", 7946))
        self.clock.advance(1)
        self.assertEqual(self.slow_port.heard, [])
        self.slow.resume()
        self.clock.advance(0)
        self.assertEqual([data for data, _ in self.slow_port.heard], [b"hello"])

    def test_a_blocked_send_blocks_the_loop_that_sends_and_no_other_timer(self) -> None:
        self.send_every_second()
        self.slow.callLater(2.5, lambda: self.fired.append(2.5))
        self.slow.block_sends()
        self.clock.advance(5.25)
        self.assertEqual(self.fired, [1, 2.5])
        self.slow.resume()
        self.clock.advance(0.5)
        self.assertEqual(self.fired, [1, 2.5, 5.25])
        self.assertEqual(self.heard(), [b"tick"] * 2)

    def test_a_timer_that_a_blocked_caller_set_for_another_function_fires(self) -> None:
        def begin() -> None:
            self.slow.callLater(1, lambda: self.fired.append(2))
            self.slow_port.say(b"PING", _THERE)

        self.slow.callLater(1, begin)
        self.slow.block_sends()
        self.clock.advance(3)
        self.assertEqual(self.fired, [2])

    def test_blocked_callers_are_distinguished_behind_a_wrapping_clock(self) -> None:
        check = StallClock(self.slow, NullJournal())
        self.send_every_second(check)
        check.callLater(2.5, lambda: self.fired.append(2.5))
        self.slow.block_sends()
        self.clock.advance(5.25)
        self.assertEqual(self.fired, [1, 2.5])

    def test_the_kernel_of_a_frozen_process_accepts_streams_that_are_read_on_resumption(
        self,
    ) -> None:
        listening, opening = RecordingFactory(), RecordingFactory()
        self.slow.listenTCP(7946, listening)
        self.slow.block_sends()
        self.peer.connectTCP("10.0.0.1", 7946, _Client(opening))
        self.clock.advance(1)
        self.assertTrue(opening.all[0].made)
        opening.all[0].transport.write(b"PING")
        self.clock.advance(1)
        self.assertEqual(listening.all, [])
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(listening.all[0].heard, b"PING")

    def test_data_that_a_frozen_process_writes_to_a_stream_waits(self) -> None:
        listening, opening = RecordingFactory(), RecordingFactory()
        self.peer.listenTCP(7946, listening)
        self.slow.connectTCP("10.0.0.2", 7946, _Client(opening))
        self.clock.advance(1)
        self.slow.freeze_io()
        opening.all[0].transport.write(b"PING")
        self.clock.advance(1)
        self.assertEqual(listening.all[0].heard, b"")
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(listening.all[0].heard, b"PING")

    def test_a_process_that_is_killed_while_it_is_frozen_sends_nothing(self) -> None:
        self.slow.freeze_io()
        self.slow_port.say(b"PING", _THERE)
        self.slow.kill()
        self.slow.resume()
        self.clock.advance(1)
        self.assertEqual(self.heard(), [])


class _Client(ClientFactory[RecordingStream]):
    """A client factory that has its protocols built by a L{RecordingFactory}."""

    noisy = False

    def __init__(self, factory: RecordingFactory) -> None:
        self.factory = factory

    def buildProtocol(self, addr: object) -> RecordingStream:
        return self.factory.buildProtocol(addr)


class SlowMemberTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.group = Group(3, seed=1)
        self.group.start()
        self.assertTrue(self.group.run_until(self.group.everybody_lists, 5))
        self.group.run_for(5)

    def received_by_n3(self, seconds: float) -> int:
        before = self.group.nodes["n3"].counters.datagrams_received
        self.group.run_for(seconds)
        return self.group.nodes["n3"].counters.datagrams_received - before

    def test_each_fault_of_a_member_ends_after_its_seconds(self) -> None:
        for fault in (
            self.group.stall,
            self.group.freeze_io,
            self.group.block_sends,
            self.group.freeze_host,
        ):
            fault("n3", 2)
            self.assertEqual(self.received_by_n3(1.9), 0)
            self.assertGreater(self.received_by_n3(1.1), 0)
        self.group.run_for(20)
        self.assertTrue(self.group.everybody_lists())

    def test_the_kernel_of_a_frozen_host_accepts_no_stream(self) -> None:
        self.group.freeze_host("n3", 5)
        opened = self.group.network.traffic.streams_opened
        reactor = self.group.runs["n1"][0].process
        opening = RecordingFactory()
        reactor.connectTCP(*self.group.address("n3"), _Client(opening))
        self.group.run_for(2)
        self.assertEqual((opening.all, self.group.network.traffic.streams_opened), ([], opened))
