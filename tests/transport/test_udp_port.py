"""A UDP port in virtual time: opened, closed, released, and opened again after an error."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase

from swimtx.transport.udp_port import UdpPort, UdpProtocol
from tests.parts import Scene


class RecordingProtocol(UdpProtocol):
    """Records the datagrams that it receives."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.received.append(datagram)


class UdpPortTestCase(SynchronousTestCase):
    """A port of 10.0.0.1, and another process that sends to it from 10.0.0.2."""

    def setUp(self) -> None:
        self.scene = Scene()
        self.host = self.scene.next_host()
        self.reactor = self.scene.network.host(self.host)
        self.protocol = RecordingProtocol()
        self.port = UdpPort(self.reactor, self.protocol)
        sender = self.scene.network.host(self.scene.next_host())
        self.sender: Any = sender.listenUDP(1, DatagramProtocol(), sender.address)
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self) -> None:
        self.port.close()
        self.scene.run(0.1)
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])
        self.assertEqual(self.reactor.datagram_ports, {})

    def receives(self, number: int) -> bool:
        """Whether the protocol receives a datagram that is sent to that port number."""
        before = len(self.protocol.received)
        self.sender.write(b"data", (self.host, number))
        self.scene.run(0.1)
        return len(self.protocol.received) > before

    def fail_socket(self) -> None:
        """Close the socket as Twisted does when a read fails."""
        transport: Any = self.protocol.transport
        transport.release()
        self.protocol.doStop()

    def take(self, number: int) -> Any:
        """Bind the port number for another protocol."""
        other = self.reactor.listenUDP(number, DatagramProtocol(), self.host)
        self.addCleanup(other.stopListening)
        return other


class OpeningTests(UdpPortTestCase):
    def test_an_open_port_receives_datagrams(self) -> None:
        self.assertEqual(self.port.open(self.host, 7946), (self.host, 7946))
        self.assertTrue(self.receives(7946))

    def test_the_system_picks_the_number_of_port_0(self) -> None:
        host, number = self.port.open(self.host, 0)
        self.assertEqual(host, self.host)
        self.assertGreater(number, 0)
        self.assertTrue(self.receives(number))

    def test_a_port_that_is_taken_cannot_be_opened_and_is_not_tried_again(self) -> None:
        self.take(7946)
        self.assertRaises(CannotListenError, self.port.open, self.host, 7946)
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])
        self.assertTrue(self.port.close().called)

    def test_another_number_can_be_opened_after_one_that_was_taken(self) -> None:
        self.take(7946)
        self.assertRaises(CannotListenError, self.port.open, self.host, 7946)
        self.port.open(self.host, 7947)
        self.assertTrue(self.receives(7947))

    def test_the_longest_datagram_is_received_whole(self) -> None:
        self.port.open(self.host, 7946)
        self.sender.write(bytes(65507), (self.host, 7946))
        self.scene.run(0.1)
        self.assertEqual(self.protocol.received, [bytes(65507)])

    def test_an_open_port_limits_the_bytes_that_are_read_between_timers(self) -> None:
        self.port.open(self.host, 7946)
        transport: Any = self.protocol.transport
        self.assertEqual(transport.maxThroughput, 16 * 1024)


class ClosingTests(UdpPortTestCase):
    def test_a_closed_port_frees_its_number_and_is_not_opened_again(self) -> None:
        self.port.open(self.host, 7946)
        closing = self.port.close()
        self.scene.run(0.01)
        self.successResultOf(closing)
        self.assertIsNone(self.protocol.transport)
        self.scene.run(5)
        self.take(7946)

    def test_a_port_that_is_not_open_is_closed_at_once(self) -> None:
        self.successResultOf(self.port.close())
        self.port.open(self.host, 7946)
        first, second = self.port.close(), self.port.close()
        self.successResultOf(second)
        self.scene.run(0.01)
        self.successResultOf(first)

    def test_a_closed_port_may_be_opened_again(self) -> None:
        for number in (7946, 7946, 7947):
            self.port.open(self.host, number)
            self.assertTrue(self.receives(number))
            self.port.close()
            self.scene.run(0.01)

    def test_a_released_port_leaves_its_protocol_free_for_another_at_once(self) -> None:
        self.port.open(self.host, 7946)
        self.port.release()
        self.assertIsNone(self.protocol.transport)
        self.port.open(self.host, 7947)
        self.assertTrue(self.receives(7947))
        self.assertFalse(self.receives(7946))
        self.take(7946)

    def test_the_end_of_a_released_port_does_not_stop_the_port_after_it(self) -> None:
        self.port.open(self.host, 7946)
        self.port.release()
        self.port.open(self.host, 7947)
        self.scene.run(5)
        self.assertTrue(self.receives(7947))
        self.assertEqual(len(self.reactor.datagram_ports), 1)


class ReopeningTests(UdpPortTestCase):
    """The socket of an open port fails."""

    def setUp(self) -> None:
        super().setUp()
        self.port.open(self.host, 7946)
        self.fail_socket()

    def test_a_port_that_an_error_closed_is_opened_again_at_once(self) -> None:
        self.assertIsNone(self.protocol.transport)
        self.scene.run(0)
        self.assertIsNotNone(self.protocol.transport)
        self.assertTrue(self.receives(7946))

    def test_a_port_is_opened_again_after_each_error(self) -> None:
        for _ in range(3):
            self.scene.run(0.01)
            self.fail_socket()
        self.scene.run(0.01)
        self.assertTrue(self.receives(7946))

    def test_a_port_is_opened_again_with_the_number_that_the_system_had_picked(self) -> None:
        self.port.close()
        self.scene.run(0.01)
        _, number = self.port.open(self.host, 0)
        self.fail_socket()
        self.scene.run(0.01)
        self.assertTrue(self.receives(number))

    def test_opening_again_is_tried_each_second_while_the_number_is_taken(self) -> None:
        other = self.take(7946)
        tried: list[float] = []
        listen = self.port._listen

        def counted(host: str, port: int) -> Any:
            tried.append(self.scene.now)
            return listen(host, port)

        self.patch(self.port, "_listen", counted)
        self.scene.run(3.5)
        self.assertEqual(tried, [0, 1, 2, 3])
        self.assertIsNone(self.protocol.transport)
        other.stopListening()
        self.scene.run(0.6)
        self.assertTrue(self.receives(7946))
        self.scene.run(5)
        self.assertEqual(len(tried), 5, "an open port is not opened again")

    def test_a_port_that_is_closed_while_its_number_is_taken_is_tried_no_more(self) -> None:
        other = self.take(7946)
        self.scene.run(0.5)
        self.successResultOf(self.port.close())
        self.assertEqual(list(self.reactor.getDelayedCalls()), [])
        other.stopListening()
        self.scene.run(5)
        self.assertIsNone(self.protocol.transport)

    def test_a_port_that_is_closed_before_it_is_opened_again_stays_closed(self) -> None:
        self.successResultOf(self.port.close())
        self.scene.run(5)
        self.assertIsNone(self.protocol.transport)
