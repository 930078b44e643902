"""Streams on the simulated network, through Twisted's own endpoints and factories."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    connectProtocol,
)
from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    NotConnectingError,
    TCPTimedOutError,
    TimeoutError,
    UserError,
)
from twisted.internet.interfaces import (
    IConnector,
    IConsumer,
    IHalfCloseableProtocol,
    IListeningPort,
    IPullProducer,
    IPushProducer,
    IReactorTCP,
    ITCPTransport,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swimtx.simulation import MemoryReactor
from tests.simulation.doubles import LATENCY, RecordingFactory, RecordingStream, network

A, B = "10.0.0.1", "10.0.0.2"


class ClientDouble(ClientFactory[RecordingStream]):
    """Opens one stream, and records its failure or its end."""

    noisy = False

    def __init__(self) -> None:
        self.stream = RecordingStream()
        self.failed: type[BaseException] | None = None
        self.lost: type[BaseException] | None = None

    def buildProtocol(self, addr: object) -> RecordingStream:
        return self.stream

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self.failed = reason.type

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self.lost = reason.type


class StreamTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = network()
        self.clock = self.network.clock
        self.client, self.server = self.network.host(A), self.network.host(B)
        self.factory = RecordingFactory()
        self.listener = self.server.listenTCP(80, self.factory)

    def connect(
        self, timeout: float = 30, to: str = B, port: int = 80
    ) -> Deferred[RecordingStream]:
        endpoint = TCP4ClientEndpoint(self.client, to, port, timeout)
        opening: Deferred[RecordingStream] = connectProtocol(endpoint, RecordingStream())
        return opening

    def connected(self) -> tuple[RecordingStream, RecordingStream]:
        """The client's and the server's end of a new stream."""
        opening = self.connect()
        self.clock.advance(1)
        return self.successResultOf(opening), self.factory.all[-1]

    def failed(
        self, opening: Deferred[RecordingStream], after: float
    ) -> type[BaseException] | None:
        """The error with which opening fails between C{after} seconds and 0.25 seconds later."""
        self.clock.advance(after)
        self.assertNoResult(opening)
        self.clock.advance(0.25)
        failure: Failure = self.failureResultOf(opening)
        return failure.type


class OpeningTests(StreamTestCase):
    def test_the_interfaces_are_those_of_twisted(self) -> None:
        client_end, _ = self.connected()
        verifyObject(IReactorTCP, self.client)
        verifyObject(IListeningPort, self.listener)
        for interface in (ITCPTransport, IConsumer, IPushProducer):
            verifyObject(interface, client_end.transport)
        verifyObject(IConnector, self.client.connectTCP(B, 80, ClientDouble()))

    def test_endpoints_of_both_families_work(self) -> None:
        one, other = self.network.host("fd00::1"), self.network.host("fd00::2")
        listening = TCP6ServerEndpoint(other, 80, interface="::").listen(self.factory)
        self.successResultOf(listening)
        opening = connectProtocol(TCP6ClientEndpoint(one, "fd00::2", 80), RecordingStream())
        self.clock.advance(1)
        client_end = self.successResultOf(opening)
        self.assertEqual(client_end.transport.getPeer().host, "fd00::2")
        self.assertEqual(self.factory.all[0].transport.getPeer().host, "fd00::1")
        self.failureResultOf(
            TCP4ServerEndpoint(self.server, 80).listen(RecordingFactory()), CannotListenError
        )

    def test_both_ends_know_the_addresses_of_both(self) -> None:
        client_end, server_end = self.connected()
        self.assertEqual(client_end.transport.getHost(), server_end.transport.getPeer())
        self.assertEqual(client_end.transport.getPeer(), server_end.transport.getHost())
        self.assertEqual(
            (client_end.transport.getPeer().host, client_end.transport.getPeer().port), (B, 80)
        )
        self.assertEqual(self.network.traffic.streams_opened, 1)

    def test_the_client_connects_after_two_latencies_and_the_server_after_three(self) -> None:
        opening = self.connect()
        self.clock.advance(2 * LATENCY)
        self.assertTrue(self.successResultOf(opening).made)
        self.assertEqual(self.factory.all, [])
        self.clock.advance(LATENCY)
        self.assertTrue(self.factory.all[0].made)

    def test_a_port_without_a_listener_refuses_streams(self) -> None:
        opening = self.connect(port=81)
        self.clock.advance(2 * LATENCY)
        self.failureResultOf(opening, ConnectionRefusedError)

    def test_a_stream_to_an_address_without_a_host_fails_without_a_route(self) -> None:
        self.assertIs(self.failed(self.connect(to="10.9.9.9"), 2.9), NoRouteError)
        self.assertIs(self.failed(self.connect(to="10.9.9.9", timeout=1), 0.9), TimeoutError)

    def test_a_stream_to_a_host_name_fails_with_a_dns_lookup_error(self) -> None:
        factory = ClientDouble()
        self.client.connectTCP("example.org", 80, factory)
        self.clock.advance(0)
        self.assertIs(factory.failed, DNSLookupError)

    def test_opening_a_stream_to_a_silent_host_fails_after_the_timeout(self) -> None:
        self.network.silence_streams(B)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.network.restore_streams(B)
        self.network.cut(B, A)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.network.heal()
        self.network.vanish(B)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_without_a_timeout_the_kernel_gives_up_after_two_minutes(self) -> None:
        factory = ClientDouble()
        self.network.silence_streams(B, 80)
        self.client.connectTCP(B, 80, factory, timeout=None)  # type: ignore[arg-type]
        self.clock.advance(126)
        self.assertIsNone(factory.failed)
        self.clock.advance(2)
        self.assertIs(factory.failed, TCPTimedOutError)

    def test_a_lost_syn_is_sent_again(self) -> None:
        self.network.cut(A, B)
        opening = self.connect()
        self.clock.advance(0.5)
        self.network.heal()
        self.clock.advance(0.6)
        self.successResultOf(opening)

    def test_a_firewall_refuses_streams_though_a_process_listens(self) -> None:
        self.network.refuse_streams(B, 80)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        self.assertEqual(self.factory.all, [])

    def test_a_mute_host_accepts_streams_and_sends_nothing(self) -> None:
        self.network.mute_streams(B)
        self.server.kill()
        opening = self.connect()
        self.clock.advance(1)
        client_end = self.successResultOf(opening)
        client_end.transport.write(b"hello?")
        self.clock.advance(60)
        self.assertIsNone(client_end.reason)
        client_end.transport.loseConnection()
        self.clock.advance(0)
        self.assertIs(client_end.reason, ConnectionDone)

    def test_a_connector_can_stop_connecting(self) -> None:
        factory = ClientDouble()
        connector = self.client.connectTCP(B, 80, factory)
        connector.stopConnecting()
        self.assertIs(factory.failed, UserError)
        self.assertRaises(NotConnectingError, connector.stopConnecting)
        self.clock.advance(1)
        self.assertEqual(self.factory.all, [])

    def test_a_connector_disconnects_and_connects_again(self) -> None:
        factory = ClientDouble()
        connector = self.client.connectTCP(B, 80, factory)
        self.clock.advance(1)
        connector.disconnect()
        self.clock.advance(1)
        self.assertIs(factory.lost, ConnectionDone)
        factory.stream = RecordingStream()
        connector.connect()
        self.clock.advance(1)
        self.assertTrue(factory.stream.made)

    def test_a_stopped_listener_refuses_new_streams_and_keeps_open_ones(self) -> None:
        client_end, server_end = self.connected()
        stopping = self.listener.stopListening()
        assert stopping is not None
        self.clock.advance(0)
        self.successResultOf(stopping)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        client_end.transport.write(b"still here")
        self.clock.advance(1)
        self.assertEqual(server_end.heard, b"still here")

    def test_loopback_streams_work_within_a_host_only(self) -> None:
        opening = self.connect(to="127.0.0.1")
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        self.client.listenTCP(80, self.factory, interface="127.0.0.1")
        opening = self.connect(to="127.0.0.1")
        self.clock.advance(1)
        client_end = self.successResultOf(opening)
        client_end.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(self.factory.all[0].heard, b"hello")


class TransferTests(StreamTestCase):
    def test_written_data_arrives_in_order_before_the_end_of_the_stream(self) -> None:
        client_end, server_end = self.connected()
        client_end.transport.write(b"one ")
        client_end.transport.writeSequence([b"two ", b"three"])
        client_end.transport.loseConnection()
        self.clock.advance(0)
        self.assertIs(client_end.reason, ConnectionDone)
        self.assertEqual(server_end.heard, b"")
        self.clock.advance(1)
        self.assertEqual((server_end.heard, server_end.reason), (b"one two three", ConnectionDone))

    def test_writing_text_raises_a_type_error(self) -> None:
        client_end, _ = self.connected()
        self.assertRaises(TypeError, client_end.transport.write, "text")

    def test_lost_segments_are_sent_again_until_all_data_has_arrived(self) -> None:
        client_end, server_end = self.connected()
        self.network.lose(0.5)
        for number in range(100):
            client_end.transport.write(b"%d " % number)
        self.clock.advance(60)
        self.assertEqual(server_end.heard.split(), [b"%d" % number for number in range(100)])

    def test_a_stream_survives_a_cut_that_heals(self) -> None:
        client_end, server_end = self.connected()
        self.network.block_streams(A, B)
        client_end.transport.write(b"hello")
        self.clock.advance(60)
        self.assertEqual(
            (server_end.heard, server_end.reason, client_end.reason), (b"", None, None)
        )
        self.network.unblock_streams(A, B)
        self.clock.advance(120)
        self.assertEqual(server_end.heard, b"hello")

    def test_a_stream_that_gets_no_data_through_is_lost_in_the_end(self) -> None:
        client_end, server_end = self.connected()
        self.network.cut(A, B)
        client_end.transport.write(b"hello")
        self.clock.advance(1200)
        self.assertIs(client_end.reason, ConnectionLost)
        self.assertIsNone(server_end.reason)

    def test_an_aborted_stream_is_lost_at_the_other_end(self) -> None:
        client_end, server_end = self.connected()
        client_end.transport.write(b"never mind")
        client_end.transport.abortConnection()
        self.clock.advance(1)
        self.assertEqual(
            (client_end.reason, server_end.reason), (ConnectionAborted, ConnectionLost)
        )
        self.assertEqual(server_end.heard, b"")

    def test_a_protocol_that_raises_loses_its_stream(self) -> None:
        client_end, server_end = self.connected()
        server_end.dataReceived = lambda data: int("x")  # type: ignore[assignment,method-assign]
        client_end.transport.write(b"x")
        self.clock.advance(1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual((client_end.reason, server_end.reason), (ConnectionDone, ValueError))

    def test_a_stream_is_closed_if_the_factory_builds_no_protocol(self) -> None:
        self.factory.buildProtocol = lambda addr: None  # type: ignore[assignment,method-assign,return-value]
        opening = self.connect()
        self.clock.advance(1)
        self.assertIs(self.successResultOf(opening).reason, ConnectionDone)

    def test_a_paused_transport_delivers_data_once_it_resumes(self) -> None:
        client_end, server_end = self.connected()
        server_end.transport.pauseProducing()
        client_end.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(server_end.heard, b"")
        server_end.transport.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(server_end.heard, b"hello")

    def test_a_pull_producer_is_resumed_until_it_is_done(self) -> None:
        client_end, server_end = self.connected()

        @implementer(IPullProducer)
        class Countdown:
            left = 3

            def resumeProducing(self) -> None:
                self.left -= 1
                client_end.transport.write(b"%d" % self.left)
                if not self.left:
                    client_end.transport.unregisterProducer()

            def stopProducing(self) -> None:
                raise AssertionError("it was done")

        client_end.transport.registerProducer(Countdown(), False)
        self.assertRaises(RuntimeError, client_end.transport.registerProducer, Countdown(), False)
        client_end.transport.loseConnection()
        self.clock.advance(1)
        self.assertEqual((server_end.heard, server_end.reason), (b"210", ConnectionDone))

    def test_a_half_closed_stream_carries_data_in_the_other_direction(self) -> None:
        @implementer(IHalfCloseableProtocol)
        class HalfCloseable(RecordingStream):
            ended = False

            def readConnectionLost(self) -> None:  # noqa: N802
                self.ended = True
                self.transport.write(b"the answer")
                self.transport.loseConnection()

            def writeConnectionLost(self) -> None:  # noqa: N802
                self.ended = True

        server_end = HalfCloseable()
        self.factory.buildProtocol = lambda addr: server_end  # type: ignore[method-assign]
        opening = connectProtocol(TCP4ClientEndpoint(self.client, B, 80), HalfCloseable())
        self.clock.advance(1)
        client_end = self.successResultOf(opening)
        client_end.transport.write(b"a question")
        client_end.transport.loseWriteConnection()
        self.clock.advance(0)
        self.assertTrue(client_end.ended)
        self.clock.advance(1)
        self.assertEqual((server_end.heard, client_end.heard), (b"a question", b"the answer"))
        self.assertIs(server_end.reason, ConnectionDone)


class ProcessTests(StreamTestCase):
    def test_streams_of_a_killed_process_are_closed_at_once(self) -> None:
        client_end, server_end = self.connected()
        self.server.kill()
        self.clock.advance(LATENCY)
        self.assertIs(client_end.reason, ConnectionDone)
        self.assertIsNone(server_end.reason)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)

    def test_killing_a_process_with_unread_data_resets_its_streams(self) -> None:
        client_end, _ = self.connected()
        self.server.stall()
        client_end.transport.write(b"x")
        self.clock.advance(1)
        self.server.kill()
        self.clock.advance(1)
        self.assertIs(client_end.reason, ConnectionLost)

    def test_the_kernel_of_a_stalled_process_accepts_streams_and_keeps_data(self) -> None:
        self.server.stall()
        opening = self.connect()
        self.clock.advance(1)
        client_end = self.successResultOf(opening)
        client_end.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(self.factory.all, [])
        self.server.resume()
        self.clock.advance(0)
        self.assertEqual([server_end.heard for server_end in self.factory.all], [b"hello"])

    def test_a_client_that_stalls_while_it_connects_times_out(self) -> None:
        opening = self.connect(timeout=5)
        self.clock.advance(0)
        self.client.stall()
        self.clock.advance(60)
        self.client.resume()
        self.clock.advance(1)
        self.failureResultOf(opening, TimeoutError)

    def test_streams_to_a_vanished_host_are_silent_until_the_host_returns_and_resets_them(
        self,
    ) -> None:
        client_end, server_end = self.connected()
        self.network.vanish(B)
        client_end.transport.write(b"hello?")
        self.clock.advance(60)
        self.assertEqual((client_end.reason, server_end.reason), (None, None))
        self.network.host(B)
        self.clock.advance(120)
        self.assertIs(client_end.reason, ConnectionLost)

    def test_a_process_without_open_sockets_has_no_timers(self) -> None:
        processes: list[MemoryReactor] = [self.client, self.server]
        client_end, _ = self.connected()
        client_end.transport.loseConnection()
        self.listener.stopListening()
        self.clock.advance(1)
        self.assertEqual([list(each.getDelayedCalls()) for each in processes], [[], []])
        self.assertEqual([list(each.transports) for each in processes], [[], []])
