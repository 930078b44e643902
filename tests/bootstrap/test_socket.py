"""The socket of the bootstrap node: bound, closed, lost and bound again."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swimtx.bootstrap import Bootstrap
from swimtx.errors import AlreadyRunning, NotRunning
from swimtx.simulation.udp_port import DatagramPort
from swimtx.wire.codec import Codec
from swimtx.wire.messages import MessageType
from tests.bootstrap.doubles import Scene


class SocketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.bootstrap = self.scene.bootstrap
        self.clock = self.scene.clock

    def port(self) -> DatagramPort:
        (port,) = self.scene.reactor.datagram_ports
        return port

    def test_start_binds_at_once(self) -> None:
        self.successResultOf(self.scene.started)
        self.assertEqual(self.bootstrap.address, ("10.0.0.100", 10000))

    def test_the_socket_reads_whole_datagrams_and_lets_timers_fire_within_a_burst(self) -> None:
        self.assertEqual(self.port().maxPacketSize, 65535)
        self.assertEqual(self.port().maxThroughput, 16 * 1024)
        self.assertFalse(self.port().protocol.noisy)

    def test_start_fails_if_the_port_is_taken(self) -> None:
        second = Bootstrap(self.scene.reactor, interface="10.0.0.100")
        self.failureResultOf(second.start(), CannotListenError)
        self.assertRaises(NotRunning, lambda: second.address)
        self.successResultOf(second.stop())

    def test_a_running_bootstrap_node_cannot_be_started_again(self) -> None:
        self.failureResultOf(self.bootstrap.start(), AlreadyRunning)
        self.assertEqual(len(self.scene.reactor.datagram_ports), 1)

    def test_no_timer_socket_or_entry_is_left_after_stop(self) -> None:
        self.scene.joined(3)
        stopped = self.bootstrap.stop()
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.assertEqual(list(self.scene.reactor.getDelayedCalls()), [])
        self.assertEqual(self.scene.reactor.datagram_ports, {})
        self.assertEqual(self.bootstrap.members(), ())
        self.assertRaises(NotRunning, lambda: self.bootstrap.address)

    def test_stop_before_start_and_a_second_stop_do_nothing(self) -> None:
        never = Bootstrap(self.scene.reactor, port=1)
        self.successResultOf(never.stop())
        self.bootstrap.stop()
        self.successResultOf(self.bootstrap.stop())
        self.clock.advance(0)

    def test_the_bootstrap_node_can_start_again_after_stop(self) -> None:
        self.bootstrap.stop()
        self.clock.advance(0)
        self.successResultOf(self.bootstrap.start())
        newcomer = self.scene.newcomer(1)
        self.assertIs(newcomer.join().type, MessageType.JOIN_RES)

    def test_a_datagram_that_arrives_after_stop_is_dropped(self) -> None:
        newcomer = self.scene.newcomer(1)
        protocol = self.port().protocol
        self.bootstrap.stop()
        protocol.datagramReceived(newcomer.join_req(), ("10.0.0.1", 7946))
        self.clock.advance(1)
        self.assertEqual((self.bootstrap.received, newcomer.heard), (0, []))

    def test_a_socket_that_closes_by_itself_is_replaced_and_all_entries_stay(self) -> None:
        newcomer = self.scene.joined(1)[0]
        self.port().stopListening()
        self.clock.advance(0)
        self.assertEqual(self.bootstrap.address, ("10.0.0.100", 10000))
        self.assertEqual(self.scene.names(), ["n1"])
        self.assertIs(newcomer.join().type, MessageType.JOIN_RES)

    def test_a_port_that_another_socket_took_is_tried_again_every_second(self) -> None:
        self.port().stopListening()
        other = DatagramProtocol()
        other.noisy = False
        self.port().protocol.stopProtocol()
        self.port().release()
        taken = self.scene.reactor.listenUDP(10000, other, "10.0.0.100")
        self.clock.advance(3.5)
        taken.stopListening()
        self.clock.advance(0.4)
        self.assertEqual(self.scene.reactor.datagram_ports, {})
        self.clock.advance(0.1)
        self.assertEqual(self.port().getHost().port, 10000)

    def test_stop_ends_the_attempts_to_listen_again(self) -> None:
        self.port().release()
        self.bootstrap._protocol.stopProtocol()
        self.successResultOf(self.bootstrap.stop())
        self.assertEqual(list(self.scene.reactor.getDelayedCalls()), [])


def the_reactor() -> Any:
    """The reactor that runs the tests."""
    from twisted.internet import reactor

    return reactor


class Question(DatagramProtocol):
    """Sends one request; C{answer} fires with the answer."""

    noisy = False

    def __init__(self, data: bytes, to: tuple[str, int]) -> None:
        self.data, self.to = data, to
        self.answer: Deferred[bytes] = Deferred()

    def startProtocol(self) -> None:
        self.transport.write(self.data, self.to)  # type: ignore[union-attr]

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.answer.callback(datagram)


class RealSocketTests(TestCase):
    """The bootstrap node on Twisted's own reactor, over loopback."""

    async def test_the_bootstrap_node_answers_replaces_a_lost_socket_stops_and_starts_again(
        self,
    ) -> None:
        reactor = the_reactor()

        bootstrap = Bootstrap(reactor, port=0)
        await bootstrap.start()
        await self.ask(bootstrap)
        # What Twisted does when reading from the socket fails.
        lost: Any = bootstrap._udp._port
        reactor.removeReader(lost)
        port = bootstrap.address.port
        lost.connectionLost()
        await self.turn()
        self.assertEqual(bootstrap.address.port, port)
        await self.ask(bootstrap)
        second = Bootstrap(reactor, port=port)
        await self.assertFailure(second.start(), CannotListenError)
        await bootstrap.stop()
        await second.start()
        await self.ask(second)
        await second.stop()

    async def ask(self, bootstrap: Bootstrap) -> None:
        reactor = the_reactor()

        data = Scene().newcomer(1).join_req()
        question = Question(data, bootstrap.address)
        port = reactor.listenUDP(0, question, "127.0.0.1")
        answer = Codec(reactor.seconds).decode(await question.answer)
        self.assertIs(answer.type, MessageType.JOIN_RES)
        await port.stopListening()

    async def turn(self) -> None:
        """Let the reactor make the calls that are due."""
        reactor = the_reactor()

        turned: Deferred[None] = Deferred()
        reactor.callLater(0, turned.callback, None)
        await turned
