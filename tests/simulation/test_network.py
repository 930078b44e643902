"""Datagrams on the simulated network: Twisted's UDP interfaces, faults, and stalled processes."""

from __future__ import annotations

from random import Random

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError, InvalidAddressError, MessageLengthError
from twisted.internet.interfaces import IListeningPort, IReactorTime, IReactorUDP, IUDPTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.simulation import LAN, MemoryNetwork, VirtualClock, fixed, uniform
from swimtx.simulation.clock import START
from tests.simulation.doubles import LATENCY, RecordingProtocol, network, recorder

A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"
AT_A, AT_B, AT_C = (A, 7946), (B, 7946), (C, 7946)


class DatagramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = network()
        self.clock = self.network.clock
        self.a, self.b = self.network.host(A), self.network.host(B)

    def test_the_interfaces_are_those_of_twisted(self) -> None:
        port = self.a.listenUDP(0, RecordingProtocol())
        verifyObject(IReactorTime, self.a)
        verifyObject(IReactorUDP, self.a)
        verifyObject(IListeningPort, port)
        verifyObject(IUDPTransport, port)

    def test_a_datagram_arrives_with_its_senders_address_after_the_latency(self) -> None:
        sender, receiver = recorder(self.a), recorder(self.b)
        sender.say(b"hello", AT_B)
        self.clock.advance(LATENCY / 2)
        self.assertEqual(receiver.heard, [])
        self.clock.advance(LATENCY / 2)
        self.assertEqual(receiver.heard, [(b"hello", AT_A)])

    def test_a_datagram_to_a_port_without_a_listener_is_lost(self) -> None:
        sender = recorder(self.a)
        sender.say(b"hello?", (B, 1), ("10.9.9.9", 1))
        self.clock.advance(1)
        self.assertEqual(self.network.traffic.datagrams_lost, 2)

    def test_an_empty_datagram_is_delivered(self) -> None:
        receiver = recorder(self.b)
        recorder(self.a).say(b"", AT_B)
        self.clock.advance(1)
        self.assertEqual(receiver.heard, [(b"", AT_A)])

    def test_ipv6_hosts_reach_each_other_however_their_addresses_are_written(self) -> None:
        one = recorder(self.network.host("fd00::1"), interface="fd00::1")
        other = recorder(self.network.host("fd00:0::2"), interface="::")
        one.say(b"hello", ("FD00:0:0::2", 7946))
        self.clock.advance(1)
        self.assertEqual(other.heard, [(b"hello", ("fd00::1", 7946))])

    def test_a_dual_stack_port_sees_ipv4_peers_in_mapped_form(self) -> None:
        dual, plain = recorder(self.a, interface="::"), recorder(self.b)
        plain.say(b"hello", AT_A)
        self.clock.advance(1)
        self.assertEqual(dual.heard, [(b"hello", ("::ffff:10.0.0.2", 7946))])
        dual.say(b"back", dual.heard[0][1])
        self.clock.advance(1)
        self.assertEqual(plain.heard, [(b"back", AT_A)])

    def test_datagrams_to_loopback_addresses_stay_on_their_host(self) -> None:
        one, other = recorder(self.a, 1, "127.0.0.1"), recorder(self.network.host(A), 2)
        elsewhere = recorder(self.b, 2)
        one.say(b"hello", ("127.0.0.1", 2))
        self.clock.advance(1)
        self.assertEqual(other.heard, [(b"hello", ("127.0.0.1", 1))])
        self.assertEqual(elsewhere.heard, [])
        self.assertRaises(OSError, one.say, b"out", (B, 2))

    def test_a_taken_port_cannot_be_listened_on(self) -> None:
        recorder(self.a)
        for process in (self.a, self.network.host(A)):
            self.assertRaises(CannotListenError, process.listenUDP, 7946, RecordingProtocol())
            self.assertRaises(CannotListenError, process.listenUDP, 7946, RecordingProtocol(), A)
            self.assertRaises(CannotListenError, process.listenUDP, 7946, RecordingProtocol(), "::")
        recorder(self.b)

    def test_two_addresses_of_a_host_have_ports_of_their_own(self) -> None:
        recorder(self.a, interface="127.0.0.1")
        recorder(self.a, interface=A)

    def test_only_addresses_of_the_host_can_be_listened_on(self) -> None:
        self.assertRaises(CannotListenError, self.a.listenUDP, 1, RecordingProtocol(), B)
        self.assertRaises(
            InvalidAddressError, self.a.listenUDP, 1, RecordingProtocol(), "localhost"
        )

    def test_port_zero_takes_a_free_port(self) -> None:
        first, second = (self.a.listenUDP(0, RecordingProtocol()) for _ in range(2))
        self.assertNotEqual(first.getHost().port, second.getHost().port)
        self.assertGreater(first.getHost().port, 1023)

    def test_get_host_returns_the_bound_address(self) -> None:
        self.assertEqual(
            self.a.listenUDP(1, RecordingProtocol()).getHost(), IPv4Address("UDP", "0.0.0.0", 1)
        )
        self.assertEqual(
            self.a.listenUDP(2, RecordingProtocol(), A).getHost(), IPv4Address("UDP", A, 2)
        )
        self.assertEqual(
            self.a.listenUDP(3, RecordingProtocol(), "::").getHost(), IPv6Address("UDP", "::", 3)
        )

    def test_a_datagram_that_cannot_be_sent_raises_the_errors_of_twisted(self) -> None:
        sender = recorder(self.a)
        recorder(self.b)
        for addr in (("localhost", 1), ("fd00::1", 1)):
            self.assertRaises(InvalidAddressError, sender.say, b"x", addr)
        self.assertRaises(InvalidAddressError, recorder(self.b, 1, "::").say, b"x", AT_A)
        self.assertRaises(MessageLengthError, sender.say, bytes(65508), AT_B)
        self.assertRaises(TypeError, sender.say, "text", AT_B)
        self.assertRaises(OSError, sender.say, b"x", (B, 0))
        self.assertEqual(self.network.traffic.datagrams_sent, 0)

    def test_a_long_datagram_is_cut_to_the_maximum_packet_size(self) -> None:
        small, large = RecordingProtocol(), RecordingProtocol()
        self.b.listenUDP(1, small)
        self.b.listenUDP(2, large, maxPacketSize=65535)
        recorder(self.a).say(bytes(65507), (B, 1), (B, 2))
        self.clock.advance(1)
        self.assertEqual([len(small.heard[0][0]), len(large.heard[0][0])], [8192, 65507])

    def test_a_port_that_stops_tells_its_protocol_and_is_free_again(self) -> None:
        listener = RecordingProtocol()
        port = self.a.listenUDP(7946, listener)
        stopped = port.stopListening()
        assert stopped is not None
        self.assertNoResult(stopped)
        self.assertFalse(listener.stopped)
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.assertTrue(listener.stopped)
        self.assertIsNone(listener.transport)
        self.assertIsNone(port.stopListening())
        recorder(self.a)

    def test_an_error_of_a_protocol_is_logged_and_the_port_goes_on_listening(self) -> None:
        class RaisingProtocol(RecordingProtocol):
            def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
                super().datagramReceived(datagram, addr)
                raise LookupError

        raising = RaisingProtocol()
        self.b.listenUDP(1, raising)
        recorder(self.a).say(b"x", (B, 1), (B, 1))
        self.clock.advance(1)
        self.assertEqual(len(raising.heard), 2)
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 2)

    def test_a_connected_port_needs_no_address(self) -> None:
        sender, receiver = recorder(self.a), recorder(self.b)
        sender.transport.connect(*AT_B)
        sender.transport.write(b"x")
        self.clock.advance(1)
        self.assertEqual(receiver.heard, [(b"x", AT_A)])

    def test_a_host_needs_a_literal_address_that_is_not_loopback(self) -> None:
        for address in ("example.org", "127.0.0.1", "::1", ""):
            self.assertRaises(ValueError, self.network.host, address)


class FaultTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = network()
        self.clock = self.network.clock
        self.a, self.b, self.c = (recorder(self.network.host(host)) for host in (A, B, C))

    def reached(self) -> str:
        """Send from each host to each other; the paths that datagrams passed, as in C{a>b}."""
        names = {A: "a", B: "b", C: "c"}
        ports = {A: self.a, B: self.b, C: self.c}
        for host, one in ports.items():
            one.heard.clear()
            one.say(b"x", *[(other, 7946) for other in ports if other != host])
        self.clock.advance(1)
        pairs = [(src[0], host) for host, one in ports.items() for _, src in one.heard]
        return " ".join(sorted(f"{names[source]}>{names[host]}" for source, host in pairs))

    EVERYTHING = "a>b a>c b>a b>c c>a c>b"

    def test_a_cut_is_one_way_and_heals(self) -> None:
        self.network.cut(A, [B, C])
        self.assertEqual(self.reached(), "b>a b>c c>a c>b")
        self.network.heal(A, B)
        self.assertEqual(self.reached(), "a>b b>a b>c c>a c>b")
        self.network.heal()
        self.assertEqual(self.reached(), self.EVERYTHING)

    def test_an_unplugged_host_receives_nothing_and_reaches_no_other_host(self) -> None:
        self.network.unplug(A)
        self.assertEqual(self.reached(), "b>c c>b")
        self.network.plug_in(A)
        self.assertEqual(self.reached(), self.EVERYTHING)

    def test_in_a_partition_only_hosts_of_one_side_reach_each_other(self) -> None:
        self.network.partition([A, B], C)
        self.assertEqual(self.reached(), "a>b b>a")
        self.network.partition([A])
        self.assertEqual(self.reached(), "b>c c>b")
        self.network.heal()
        self.assertEqual(self.reached(), self.EVERYTHING)

    def test_blocked_datagrams_are_dropped_until_they_are_unblocked(self) -> None:
        self.network.block_datagrams(destinations=A)
        self.assertEqual(self.reached(), "a>b a>c b>c c>b")
        self.network.unblock_datagrams(destinations=A)
        self.network.block_streams(A)
        self.assertEqual(self.reached(), self.EVERYTHING)

    def test_rules_match_a_host_however_its_address_is_written(self) -> None:
        one = recorder(self.network.host("fd00::1"), interface="::")
        other = recorder(self.network.host("fd00::2"), interface="::")
        self.network.cut("FD00:0::1", "fd00:0:0::2")
        one.say(b"x", ("fd00::2", 7946))
        self.clock.advance(1)
        self.assertEqual(other.heard, [])

    def test_datagrams_are_lost_with_the_given_probabilities(self) -> None:
        def share() -> float:
            self.b.heard.clear()
            for _ in range(2000):
                self.a.say(b"x", AT_B)
            self.clock.advance(1)
            return len(self.b.heard) / 2000

        self.network.lose(0.5)
        self.assertApproximates(share(), 0.5, 0.05)
        self.network.lose_at(A, 0.5)
        self.assertApproximates(share(), 0.25, 0.05)
        self.network.lose(0.5, A, B)
        self.assertApproximates(share(), 0.125, 0.05)
        self.network.lose(1.0, A, B)
        self.assertEqual(share(), 0)
        self.network.lose(0.0, A, B)
        self.network.lose_at(A, 0)
        self.network.lose(0.0)
        self.assertEqual(share(), 1)
        self.assertRaises(ValueError, self.network.lose, 2)

    def test_no_datagram_within_one_host_is_lost(self) -> None:
        self.network.lose(1.0)
        self.network.unplug(A)
        other = recorder(self.network.host(A), 2)
        self.a.say(b"x", (A, 2), ("127.0.0.1", 2))
        self.clock.advance(1)
        self.assertEqual(other.heard, [(b"x", AT_A), (b"x", ("127.0.0.1", 7946))])

    def test_a_vanished_host_is_silent_until_a_new_process_starts_on_it(self) -> None:
        self.network.vanish(A)
        self.assertEqual(self.reached(), "b>c c>b")
        self.a = recorder(self.network.host(A))
        self.assertEqual(self.reached(), self.EVERYTHING)

    def test_each_sent_datagram_is_counted_as_delivered_lost_or_under_way(self) -> None:
        self.network.lose(0.3)
        for _ in range(50):
            self.a.say(b"abc", AT_B, AT_C, (B, 1))
        traffic = self.network.traffic
        self.clock.advance(LATENCY / 2)
        self.assertEqual((traffic.datagrams_sent, traffic.datagrams_delivered), (150, 0))
        self.clock.advance(1)
        self.assertEqual(traffic.datagrams_delivered + traffic.datagrams_lost, 150)
        self.assertEqual(traffic.bytes_sent, 450)
        self.assertEqual(traffic.bytes_delivered, 3 * traffic.datagrams_delivered)
        self.assertEqual(traffic.bytes_lost, 3 * traffic.datagrams_lost)


class RandomnessTests(SynchronousTestCase):
    def trace(self, seed: int) -> list[object]:
        lines: list[object] = []
        network = MemoryNetwork(VirtualClock(), Random(seed), loss=0.2)
        network.trace = lambda *line: lines.append(line)

        class Echo(RecordingProtocol):
            def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
                self.transport.write(datagram + b"!", addr)

        for number in range(1, 11):
            echo = Echo()
            network.host(f"10.0.0.{number}").listenUDP(7946, echo)
            echo.say(b"%d" % number, *[(f"10.0.0.{peer}", 7946) for peer in range(1, 11)])
        network.clock.advance(0.01)
        return lines

    def test_the_same_seed_gives_the_same_trace_and_another_seed_another_trace(self) -> None:
        self.assertEqual(self.trace(1), self.trace(1))
        self.assertNotEqual(self.trace(1), self.trace(2))
        self.assertGreater(len(self.trace(1)), 100)

    def test_latencies_are_within_their_bounds(self) -> None:
        rng = Random(1)
        self.assertEqual(fixed(0.5)(rng, A, B), 0.5)
        some = [uniform(0.1, 0.2)(rng, A, B) or 0.0 for _ in range(1000)]
        self.assertTrue(all(0.1 <= latency <= 0.2 for latency in some))
        local = [LAN(rng, A, B) or 0.0 for _ in range(1000)]
        self.assertGreaterEqual(min(local), 0.0003)
        self.assertApproximates(sum(local) / 1000, 0.0005, 0.00005)


class ProcessTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = network()
        self.clock = self.network.clock
        self.process = self.network.host(A)
        self.port = recorder(self.process)
        self.other = recorder(self.network.host(B))
        self.log: list[object] = []

    def test_a_stalled_process_does_nothing_until_it_resumes(self) -> None:
        self.process.callLater(1, self.log.append, "timer")
        self.process.stall()
        self.other.say(b"x", AT_A)
        self.clock.advance(5)
        self.assertEqual((self.log, self.port.heard), ([], []))
        self.assertEqual(len(self.process.getDelayedCalls()), 1)
        self.process.resume()
        self.clock.advance(0)
        self.assertEqual((self.log, self.port.heard), (["timer"], [(b"x", AT_B)]))

    def test_late_timers_fire_before_datagrams_are_read_and_see_the_current_time(self) -> None:
        log = self.log

        class LoggingProtocol(RecordingProtocol):
            def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
                log.append(datagram)

        self.process.listenUDP(1, LoggingProtocol())
        self.process.stall()
        self.other.say(b"first", (A, 1))
        self.clock.advance(1)
        for delay, name in ((2, "late"), (1, "early")):
            self.process.callLater(delay, self.log.append, name)
        self.process.callLater(
            1, lambda: self.process.callLater(0, self.log.append, self.process.seconds() - START)
        )
        self.clock.advance(9)
        self.process.resume()
        self.clock.advance(0)
        self.assertEqual(self.log, ["early", "late", b"first", 10])

    def test_a_late_timer_can_still_be_cancelled_by_another_late_timer(self) -> None:
        self.process.stall()
        second = self.process.callLater(2, self.log.append, "second")
        self.process.callLater(1, second.cancel)
        self.clock.advance(5)
        self.process.resume()
        self.clock.advance(5)
        self.assertEqual(self.log, [])

    def test_the_other_late_timers_still_fire_after_one_of_them_raises(self) -> None:
        self.process.stall()
        self.process.callLater(1, lambda: 1 // 0)
        self.process.callLater(2, self.log.append, "second")
        self.other.say(b"x", AT_A)
        self.clock.advance(5)
        self.process.resume()
        self.assertRaises(ZeroDivisionError, self.clock.advance, 0)
        self.clock.advance(0)
        self.assertEqual((self.log, self.port.heard), (["second"], [(b"x", AT_B)]))

    def test_the_kernel_keeps_256_small_datagrams_for_a_stalled_process(self) -> None:
        self.process.stall()
        for number in range(300):
            self.other.say(b"%d" % number, AT_A)
        self.clock.advance(1)
        self.assertEqual(self.network.traffic.datagrams_lost, 300 - 255)
        self.process.resume()
        self.clock.advance(1)
        self.assertEqual([data for data, _ in self.port.heard], [b"%d" % n for n in range(255)])

    def test_timers_fire_after_max_throughput_bytes_of_kept_datagrams(self) -> None:
        self.port.transport.maxThroughput = 10
        self.process.stall()
        for _ in range(4):
            self.other.say(b"12345", AT_A)
        self.clock.advance(1)
        self.process.callLater(
            0, self.process.callLater, 0, lambda: self.log.append(len(self.port.heard))
        )
        self.clock.advance(1)
        self.process.resume()
        self.clock.advance(1)
        self.assertEqual((self.log, len(self.port.heard)), ([2], 4))

    def test_a_process_can_stall_again_before_it_has_resumed(self) -> None:
        self.process.stall()
        self.process.callLater(1, self.log.append, "timer")
        self.clock.advance(2)
        self.process.resume()
        self.process.stall()
        self.clock.advance(2)
        self.assertEqual(self.log, [])
        self.process.resume()
        self.clock.advance(2)
        self.assertEqual(self.log, ["timer"])

    def test_the_timers_and_ports_of_a_killed_process_are_gone(self) -> None:
        self.process.callLater(1, self.log.append, "timer")
        neighbour = self.network.host(A)
        neighbour.callLater(1, self.log.append, "neighbour")
        self.process.kill()
        self.process.callLater(1, self.log.append, "too late")
        self.port.say(b"after the end", AT_B)
        self.other.say(b"x", AT_A)
        self.clock.advance(5)
        self.assertEqual(self.log, ["neighbour"])
        self.assertEqual((self.port.heard, self.other.heard), ([], []))
        self.assertFalse(self.port.stopped)
        recorder(neighbour)

    def test_a_process_killed_while_it_stalls_never_resumes(self) -> None:
        self.process.stall()
        self.process.callLater(1, self.log.append, "timer")
        self.clock.advance(2)
        self.process.kill()
        self.process.resume()
        self.process.stall()
        self.clock.advance(2)
        self.assertEqual(self.log, [])

    def test_killing_an_ended_process_again_does_nothing(self) -> None:
        self.process.kill()
        self.process.kill()
        self.network.vanish(A)
        survivor = self.network.host(A)
        self.network.vanish(A)
        survivor.kill()
        self.assertFalse(survivor.alive)

    def test_a_process_sees_only_its_own_timers(self) -> None:
        self.network.host(A).callLater(1, int)
        mine = self.process.callLater(1, int)
        self.assertEqual(list(self.process.getDelayedCalls()), [mine])
