"""The test doubles for users: Twisted's C{MemoryReactorClock}, with a simulated network."""

from __future__ import annotations

from twisted.application.internet import UDPServer
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IReactorCore, IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.task import LoopingCall, deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.testing import MemoryNetwork, MemoryReactorClock, VirtualClock, run_for
from tests.simulation.doubles import RecordingFactory, RecordingProtocol, RecordingStream, network


class MemoryReactorClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.other = MemoryReactorClock(self.reactor.network, host="10.0.0.2")

    def test_the_interfaces_are_those_of_twisted(self) -> None:
        for interface in (IReactorTime, IReactorUDP, IReactorTCP):
            verifyObject(interface, self.reactor)
        self.assertTrue(IReactorCore.providedBy(self.reactor))

    def test_a_reactor_without_a_network_creates_its_own(self) -> None:
        self.assertIsInstance(self.reactor.network, MemoryNetwork)
        self.assertIsNot(MemoryReactorClock().network, self.reactor.network)
        self.assertEqual(self.reactor.process.address, "10.0.0.1")

    def test_time_starts_at_a_plausible_wall_time(self) -> None:
        self.assertEqual(self.reactor.seconds(), 1_790_000_000)
        self.assertEqual(self.reactor.rightNow, 1_790_000_000)

    def test_two_reactors_on_one_network_share_its_time(self) -> None:
        fired: list[str] = []
        self.reactor.callLater(1, fired.append, "one")
        self.other.callLater(2, fired.append, "other")
        self.reactor.advance(1)
        self.other.advance(1)
        self.assertEqual(fired, ["one", "other"])
        self.assertEqual(self.reactor.seconds(), self.other.seconds())

    def test_a_reactor_lists_the_calls_of_its_own_process(self) -> None:
        call = self.reactor.callLater(1, int)
        self.other.callLater(1, int)
        self.assertEqual(list(self.reactor.getDelayedCalls()), [call])
        self.assertEqual(self.reactor.calls, [call])
        call.cancel()
        self.assertEqual(self.reactor.calls, [])

    def test_a_timer_of_a_second_fires_every_second_however_time_passes(self) -> None:
        for passes in (
            lambda: self.reactor.advance(10),
            lambda: self.reactor.pump([2.5] * 4),
            lambda: self.reactor.run_for(10),
            lambda: run_for(self.reactor, 10),
        ):
            ticks: list[float] = []
            loop = LoopingCall(lambda ticks=ticks: ticks.append(self.reactor.seconds()))
            loop.clock = self.reactor
            loop.start(1, now=False)
            passes()
            loop.stop()
            self.assertEqual(len(ticks), 10)

    def test_delays_and_timeouts_of_deferreds_use_the_reactor(self) -> None:
        later: Deferred[int] = deferLater(self.reactor, 2, lambda: 7)
        slow: Deferred[None] = Deferred()
        slow.addTimeout(1, self.reactor)
        self.reactor.advance(2)
        self.assertEqual(self.successResultOf(later), 7)
        self.failureResultOf(slow, TimeoutError)

    def test_datagrams_go_from_one_reactor_to_another(self) -> None:
        sender, receiver = RecordingProtocol(), RecordingProtocol()
        self.reactor.listenUDP(7946, sender)
        self.other.listenUDP(7946, receiver)
        sender.say(b"hello", ("10.0.0.2", 7946))
        self.reactor.advance(1)
        self.assertEqual(receiver.heard, [(b"hello", ("10.0.0.1", 7946))])

    def test_a_udp_server_service_listens_on_the_reactor(self) -> None:
        listener = RecordingProtocol()
        service = UDPServer(7946, listener, reactor=self.reactor)
        service.startService()
        self.assertEqual(listener.transport.getHost().port, 7946)
        service.stopService()
        self.reactor.advance(0)
        self.assertTrue(listener.stopped)

    def test_streams_work_and_are_recorded_as_by_twisteds_reactor(self) -> None:
        factory = RecordingFactory()
        self.other.listenTCP(80, factory)
        opening = connectProtocol(
            TCP4ClientEndpoint(self.reactor, "10.0.0.2", 80), RecordingStream()
        )
        self.reactor.advance(1)
        self.assertTrue(self.successResultOf(opening).made)
        self.assertTrue(factory.all[0].made)
        self.assertEqual(self.other.tcpServers, [(80, factory, 50, "")])
        self.assertEqual(self.reactor.tcpClients[0][:2], ("10.0.0.2", 80))
        self.assertEqual(len(self.reactor.connectors), 1)

    def test_a_reactor_can_be_created_on_an_existing_network(self) -> None:
        existing = network()
        self.assertIsInstance(existing.clock, VirtualClock)
        reactor = MemoryReactorClock(existing, "fd00::1")
        existing.clock.advance(5)
        self.assertEqual(reactor.seconds(), existing.clock.seconds())
        reactor.process.stall()
        self.assertTrue(reactor.process.stalled)
