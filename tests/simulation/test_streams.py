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
from tests.simulation.doubles import LATENCY, Talk, Talks, network

A, B = "10.0.0.1", "10.0.0.2"


class Caller(ClientFactory[Talk]):
    """Opens one stream, and remembers how that went."""

    noisy = False

    def __init__(self) -> None:
        self.talk = Talk()
        self.failed: type[BaseException] | None = None
        self.lost: type[BaseException] | None = None

    def buildProtocol(self, addr: object) -> Talk:
        return self.talk

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self.failed = reason.type

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self.lost = reason.type


class StreamCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = network()
        self.clock = self.network.clock
        self.client, self.server = self.network.host(A), self.network.host(B)
        self.talks = Talks()
        self.listener = self.server.listenTCP(80, self.talks)

    def connect(self, timeout: float = 30, to: str = B, port: int = 80) -> Deferred[Talk]:
        endpoint = TCP4ClientEndpoint(self.client, to, port, timeout)
        opening: Deferred[Talk] = connectProtocol(endpoint, Talk())
        return opening

    def connected(self) -> tuple[Talk, Talk]:
        """Both ends of a new stream."""
        opening = self.connect()
        self.clock.advance(1)
        return self.successResultOf(opening), self.talks.all[-1]

    def failed(self, opening: Deferred[Talk], after: float) -> type[BaseException] | None:
        """Why opening fails, which it does between these seconds and a quarter more."""
        self.clock.advance(after)
        self.assertNoResult(opening)
        self.clock.advance(0.25)
        failure: Failure = self.failureResultOf(opening)
        return failure.type


class OpeningTests(StreamCase):
    def test_the_interfaces_are_those_of_twisted(self) -> None:
        talk, _ = self.connected()
        verifyObject(IReactorTCP, self.client)
        verifyObject(IListeningPort, self.listener)
        for interface in (ITCPTransport, IConsumer, IPushProducer):
            verifyObject(interface, talk.transport)
        verifyObject(IConnector, self.client.connectTCP(B, 80, Caller()))

    def test_endpoints_of_both_families_work(self) -> None:
        one, other = self.network.host("fd00::1"), self.network.host("fd00::2")
        listening = TCP6ServerEndpoint(other, 80, interface="::").listen(self.talks)
        self.successResultOf(listening)
        opening = connectProtocol(TCP6ClientEndpoint(one, "fd00::2", 80), Talk())
        self.clock.advance(1)
        talk = self.successResultOf(opening)
        self.assertEqual(talk.transport.getPeer().host, "fd00::2")
        self.assertEqual(self.talks.all[0].transport.getPeer().host, "fd00::1")
        self.failureResultOf(TCP4ServerEndpoint(self.server, 80).listen(Talks()), CannotListenError)

    def test_both_ends_know_the_addresses_of_both(self) -> None:
        talk, answer = self.connected()
        self.assertEqual(talk.transport.getHost(), answer.transport.getPeer())
        self.assertEqual(talk.transport.getPeer(), answer.transport.getHost())
        self.assertEqual((talk.transport.getPeer().host, talk.transport.getPeer().port), (B, 80))
        self.assertEqual(self.network.traffic.streams_opened, 1)

    def test_the_client_is_connected_after_there_and_back_and_the_server_after_once_more(
        self,
    ) -> None:
        opening = self.connect()
        self.clock.advance(2 * LATENCY)
        self.assertTrue(self.successResultOf(opening).made)
        self.assertEqual(self.talks.all, [])
        self.clock.advance(LATENCY)
        self.assertTrue(self.talks.all[0].made)

    def test_a_port_nobody_listens_on_refuses(self) -> None:
        opening = self.connect(port=81)
        self.clock.advance(2 * LATENCY)
        self.failureResultOf(opening, ConnectionRefusedError)

    def test_an_address_that_nobody_has_has_no_route(self) -> None:
        self.assertIs(self.failed(self.connect(to="10.9.9.9"), 2.9), NoRouteError)
        self.assertIs(self.failed(self.connect(to="10.9.9.9", timeout=1), 0.9), TimeoutError)

    def test_a_name_is_not_looked_up(self) -> None:
        caller = Caller()
        self.client.connectTCP("example.org", 80, caller)
        self.clock.advance(0)
        self.assertIs(caller.failed, DNSLookupError)

    def test_a_silent_host_is_given_up_after_the_timeout(self) -> None:
        self.network.silence_streams(B)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.network.restore_streams(B)
        self.network.cut(B, A)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.network.heal()
        self.network.vanish(B)
        self.assertIs(self.failed(self.connect(timeout=7), 6.9), TimeoutError)
        self.assertEqual(list(self.clock.getDelayedCalls()), [])

    def test_without_a_timeout_the_kernel_gives_up_in_the_end(self) -> None:
        caller = Caller()
        self.network.silence_streams(B, 80)
        self.client.connectTCP(B, 80, caller, timeout=None)  # type: ignore[arg-type]
        self.clock.advance(126)
        self.assertIsNone(caller.failed)
        self.clock.advance(2)
        self.assertIs(caller.failed, TCPTimedOutError)

    def test_a_lost_first_packet_is_sent_again(self) -> None:
        self.network.cut(A, B)
        opening = self.connect()
        self.clock.advance(0.5)
        self.network.heal()
        self.clock.advance(0.6)
        self.successResultOf(opening)

    def test_a_firewall_refuses_though_somebody_listens(self) -> None:
        self.network.refuse_streams(B, 80)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        self.assertEqual(self.talks.all, [])

    def test_a_mute_host_accepts_and_never_says_a_word(self) -> None:
        self.network.mute_streams(B)
        self.server.kill()
        opening = self.connect()
        self.clock.advance(1)
        talk = self.successResultOf(opening)
        talk.transport.write(b"hello?")
        self.clock.advance(60)
        self.assertIsNone(talk.reason)
        talk.transport.loseConnection()
        self.clock.advance(0)
        self.assertIs(talk.reason, ConnectionDone)

    def test_who_opens_a_stream_may_change_his_mind(self) -> None:
        caller = Caller()
        connector = self.client.connectTCP(B, 80, caller)
        connector.stopConnecting()
        self.assertIs(caller.failed, UserError)
        self.assertRaises(NotConnectingError, connector.stopConnecting)
        self.clock.advance(1)
        self.assertEqual(self.talks.all, [])

    def test_a_connector_disconnects_and_connects_again(self) -> None:
        caller = Caller()
        connector = self.client.connectTCP(B, 80, caller)
        self.clock.advance(1)
        connector.disconnect()
        self.clock.advance(1)
        self.assertIs(caller.lost, ConnectionDone)
        caller.talk = Talk()
        connector.connect()
        self.clock.advance(1)
        self.assertTrue(caller.talk.made)

    def test_a_listener_that_stops_refuses_and_leaves_open_streams_alone(self) -> None:
        talk, answer = self.connected()
        stopping = self.listener.stopListening()
        assert stopping is not None
        self.clock.advance(0)
        self.successResultOf(stopping)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        talk.transport.write(b"still here")
        self.clock.advance(1)
        self.assertEqual(answer.heard, b"still here")

    def test_loopback_streams_work_within_a_host_only(self) -> None:
        opening = self.connect(to="127.0.0.1")
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)
        self.client.listenTCP(80, self.talks, interface="127.0.0.1")
        opening = self.connect(to="127.0.0.1")
        self.clock.advance(1)
        talk = self.successResultOf(opening)
        talk.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(self.talks.all[0].heard, b"hello")


class TalkingTests(StreamCase):
    def test_what_is_written_arrives_in_order_before_the_end(self) -> None:
        talk, answer = self.connected()
        talk.transport.write(b"one ")
        talk.transport.writeSequence([b"two ", b"three"])
        talk.transport.loseConnection()
        self.clock.advance(0)
        self.assertIs(talk.reason, ConnectionDone)
        self.assertEqual(answer.heard, b"")
        self.clock.advance(1)
        self.assertEqual((answer.heard, answer.reason), (b"one two three", ConnectionDone))

    def test_text_is_refused(self) -> None:
        talk, _ = self.connected()
        self.assertRaises(TypeError, talk.transport.write, "text")

    def test_losses_cost_time_and_nothing_else(self) -> None:
        talk, answer = self.connected()
        self.network.lose(0.5)
        for number in range(100):
            talk.transport.write(b"%d " % number)
        self.clock.advance(60)
        self.assertEqual(answer.heard.split(), [b"%d" % number for number in range(100)])

    def test_a_stream_survives_a_cut_that_heals(self) -> None:
        talk, answer = self.connected()
        self.network.block_streams(A, B)
        talk.transport.write(b"hello")
        self.clock.advance(60)
        self.assertEqual((answer.heard, answer.reason, talk.reason), (b"", None, None))
        self.network.unblock_streams(A, B)
        self.clock.advance(120)
        self.assertEqual(answer.heard, b"hello")

    def test_who_gets_no_word_through_is_told_in_the_end(self) -> None:
        talk, answer = self.connected()
        self.network.cut(A, B)
        talk.transport.write(b"hello")
        self.clock.advance(1200)
        self.assertIs(talk.reason, ConnectionLost)
        self.assertIsNone(answer.reason)

    def test_an_abort_is_lost_to_the_other_side(self) -> None:
        talk, answer = self.connected()
        talk.transport.write(b"never mind")
        talk.transport.abortConnection()
        self.clock.advance(1)
        self.assertEqual((talk.reason, answer.reason), (ConnectionAborted, ConnectionLost))
        self.assertEqual(answer.heard, b"")

    def test_a_protocol_that_raises_loses_its_stream(self) -> None:
        talk, answer = self.connected()
        answer.dataReceived = lambda data: int("x")  # type: ignore[assignment,method-assign]
        talk.transport.write(b"x")
        self.clock.advance(1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual((talk.reason, answer.reason), (ConnectionDone, ValueError))

    def test_who_is_not_wanted_is_closed(self) -> None:
        self.talks.buildProtocol = lambda addr: None  # type: ignore[assignment,method-assign,return-value]
        opening = self.connect()
        self.clock.advance(1)
        self.assertIs(self.successResultOf(opening).reason, ConnectionDone)

    def test_a_paused_reader_reads_later(self) -> None:
        talk, answer = self.connected()
        answer.transport.pauseProducing()
        talk.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(answer.heard, b"")
        answer.transport.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(answer.heard, b"hello")

    def test_a_producer_is_asked_until_it_is_done(self) -> None:
        talk, answer = self.connected()

        @implementer(IPullProducer)
        class Countdown:
            left = 3

            def resumeProducing(self) -> None:
                self.left -= 1
                talk.transport.write(b"%d" % self.left)
                if not self.left:
                    talk.transport.unregisterProducer()

            def stopProducing(self) -> None:
                raise AssertionError("it was done")

        talk.transport.registerProducer(Countdown(), False)
        self.assertRaises(RuntimeError, talk.transport.registerProducer, Countdown(), False)
        talk.transport.loseConnection()
        self.clock.advance(1)
        self.assertEqual((answer.heard, answer.reason), (b"210", ConnectionDone))

    def test_half_a_close_leaves_the_way_back_open(self) -> None:
        @implementer(IHalfCloseableProtocol)
        class Half(Talk):
            ended = False

            def readConnectionLost(self) -> None:  # noqa: N802
                self.ended = True
                self.transport.write(b"the answer")
                self.transport.loseConnection()

            def writeConnectionLost(self) -> None:  # noqa: N802
                self.ended = True

        half = Half()
        self.talks.buildProtocol = lambda addr: half  # type: ignore[method-assign]
        opening = connectProtocol(TCP4ClientEndpoint(self.client, B, 80), Half())
        self.clock.advance(1)
        asker = self.successResultOf(opening)
        asker.transport.write(b"a question")
        asker.transport.loseWriteConnection()
        self.clock.advance(0)
        self.assertTrue(asker.ended)
        self.clock.advance(1)
        self.assertEqual((half.heard, asker.heard), (b"a question", b"the answer"))
        self.assertIs(half.reason, ConnectionDone)


class ProcessTests(StreamCase):
    def test_streams_of_a_killed_process_are_closed_at_once(self) -> None:
        talk, answer = self.connected()
        self.server.kill()
        self.clock.advance(LATENCY)
        self.assertIs(talk.reason, ConnectionDone)
        self.assertIsNone(answer.reason)
        opening = self.connect()
        self.clock.advance(1)
        self.failureResultOf(opening, ConnectionRefusedError)

    def test_a_kill_with_data_unread_resets(self) -> None:
        talk, _ = self.connected()
        self.server.stall()
        talk.transport.write(b"x")
        self.clock.advance(1)
        self.server.kill()
        self.clock.advance(1)
        self.assertIs(talk.reason, ConnectionLost)

    def test_the_kernel_of_a_stalled_process_accepts_and_keeps(self) -> None:
        self.server.stall()
        opening = self.connect()
        self.clock.advance(1)
        talk = self.successResultOf(opening)
        talk.transport.write(b"hello")
        self.clock.advance(1)
        self.assertEqual(self.talks.all, [])
        self.server.resume()
        self.clock.advance(0)
        self.assertEqual([answer.heard for answer in self.talks.all], [b"hello"])

    def test_a_stalled_client_finds_its_timeout_before_the_stream(self) -> None:
        opening = self.connect(timeout=5)
        self.clock.advance(0)
        self.client.stall()
        self.clock.advance(60)
        self.client.resume()
        self.clock.advance(1)
        self.failureResultOf(opening, TimeoutError)

    def test_streams_to_a_vanished_host_stay_silent_until_somebody_is_there_to_reset_them(
        self,
    ) -> None:
        talk, answer = self.connected()
        self.network.vanish(B)
        talk.transport.write(b"hello?")
        self.clock.advance(60)
        self.assertEqual((talk.reason, answer.reason), (None, None))
        self.network.host(B)
        self.clock.advance(120)
        self.assertIs(talk.reason, ConnectionLost)

    def test_a_process_left_alone_has_no_timers(self) -> None:
        processes: list[MemoryReactor] = [self.client, self.server]
        talk, _ = self.connected()
        talk.transport.loseConnection()
        self.listener.stopListening()
        self.clock.advance(1)
        self.assertEqual([list(each.getDelayedCalls()) for each in processes], [[], []])
        self.assertEqual([list(each.transports) for each in processes], [[], []])
