"""A member as a service: its start, its join attempts, and its leave at the stop."""

from __future__ import annotations

import random
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx import Bootstrap, service, testing
from swimtx.agent.bootstrap_tap import BootstrapProcess
from swimtx.agent.control import ControlPort
from swimtx.agent.process import MemberProcess
from swimtx.agent.startup_errors import StartupFailure
from swimtx.config import Config
from swimtx.discovery import Seeds
from swimtx.errors import JoinFailed, NotRunning
from swimtx.membership.claim import State
from swimtx.service import SwimService
from tests.agent.doubles import FakeNode
from tests.discovery.doubles import Names


class ServiceTests(SynchronousTestCase):
    """A service with a fake node."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.patch(service, "Node", FakeNode)

    def service(self, *seeds: str, **settings: Any) -> tuple[SwimService, Any]:
        config = Config(name="me", **settings)
        swim = SwimService(config, list(seeds), self.clock, random.Random(7))
        return swim, swim.node

    def test_a_swim_service_is_a_service(self) -> None:
        verifyObject(IService, self.service()[0])

    def test_a_service_binds_during_its_start(self) -> None:
        swim, node = self.service()
        swim.startService()
        self.assertEqual(node.calls, ["start"])
        self.assertTrue(swim.running)

    def test_a_start_on_a_taken_port_raises_cannot_listen_error(self) -> None:
        swim, node = self.service()
        node.taken = True
        with self.assertRaises(CannotListenError):
            swim.startService()
        self.assertFalse(swim.running)
        self.successResultOf(swim.stopService())
        self.assertEqual(node.calls, ["start"])

    def test_a_parent_starts_and_stops_the_service(self) -> None:
        swim, node = self.service()
        parent = MultiService()
        swim.setServiceParent(parent)
        parent.startService()
        self.successResultOf(parent.stopService())
        self.assertEqual(node.calls, ["start", "leave", "stop"])

    def test_a_service_without_seeds_is_joined_at_once(self) -> None:
        swim, node = self.service()
        waiting = swim.whenJoined()
        self.assertNoResult(waiting)
        swim.startService()
        self.assertIs(self.successResultOf(waiting), node.membership)
        self.assertTrue(swim.joined)

    def test_a_service_with_seeds_is_joined_when_a_seed_answers(self) -> None:
        swim, node = self.service("a", "b:1")
        swim.startService()
        first, second = swim.whenJoined(), swim.whenJoined()
        self.assertIsNot(first, second)
        self.assertNoResult(first)
        node.join_succeeds()
        self.assertEqual(node.asked, [Seeds(self.clock, ["a", "b:1"])])
        self.successResultOf(first)
        self.successResultOf(second)
        self.successResultOf(swim.whenJoined())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_pauses_between_join_attempts_double_up_to_30_seconds(self) -> None:
        swim, node = self.service("a")
        swim.startService()
        longest = 0.4
        for _ in range(12):
            node.join_fails()
            [call] = self.clock.getDelayedCalls()
            pause = call.getTime() - self.clock.seconds()
            self.assertTrue(longest / 2 <= pause <= longest, (pause, longest))
            self.clock.advance(pause)
            longest = min(30.0, 2 * longest)
        self.assertEqual(len(node.asked), 13)
        self.assertEqual(longest, 30.0)
        node.join_succeeds()
        self.successResultOf(swim.whenJoined())

    def test_a_stop_cancels_the_deferreds_of_when_joined(self) -> None:
        swim, _ = self.service("a")
        swim.startService()
        waiting = swim.whenJoined()
        self.successResultOf(swim.stopService())
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertFalse(swim.joined)

    def test_a_stop_between_two_join_attempts_ends_the_attempts(self) -> None:
        swim, node = self.service("a")
        swim.startService()
        node.join_fails()
        self.successResultOf(swim.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(100)
        self.assertEqual(node.calls, ["start", "join", "leave", "stop"])

    def test_a_deferred_of_when_joined_can_be_cancelled(self) -> None:
        swim, node = self.service("a")
        waiting = swim.whenJoined()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        swim.startService()
        node.join_succeeds()

    def test_the_leave_of_a_stop_takes_no_longer_than_leave_timeout(self) -> None:
        swim, node = self.service(leave_timeout=3.0)
        swim.startService()
        node.leaving = Deferred()
        stopped, again = swim.stopService(), swim.stopService()
        self.clock.advance(2.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.1)
        self.successResultOf(stopped)
        self.successResultOf(again)
        self.assertEqual(node.calls, ["start", "leave", "stop"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_leave_that_fails_does_not_prevent_the_stop(self) -> None:
        swim, node = self.service()
        swim.startService()
        node.leaving = Deferred()
        stopped = swim.stopService()
        node.leaving.errback(RuntimeError("of the test"))
        self.successResultOf(stopped)
        self.assertEqual(node.calls[-1], "stop")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_service_can_be_started_again_after_a_stop(self) -> None:
        swim, node = self.service("a")
        for _ in range(2):
            swim.startService()
            waiting = swim.whenJoined()
            node.join_succeeds()
            self.successResultOf(waiting)
            self.successResultOf(swim.stopService())
        self.assertEqual(node.calls, 2 * ["start", "join", "leave", "stop"])

    def test_a_join_that_succeeds_ends_the_attempts_with_the_configured_seeds(self) -> None:
        swim, node = self.service("silent")
        swim.startService()
        node.join_fails()
        joining = swim.join(["better"])
        self.assertEqual(node.asked[-1], Seeds(self.clock, ["better"]))
        node.join_succeeds()
        self.assertIs(self.successResultOf(joining), node.membership)
        self.successResultOf(swim.whenJoined())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_attempts_with_the_configured_seeds_go_on_after_a_join_that_failed(self) -> None:
        swim, node = self.service("silent")
        swim.startService()
        node.join_fails()
        joining = swim.join(["worse"])
        node.join_fails()
        self.failureResultOf(joining, JoinFailed)
        self.clock.advance(0.4)
        self.assertEqual(
            node.asked, [Seeds(self.clock, [name]) for name in ("silent", "worse", "silent")]
        )

    def test_a_leave_ends_the_join_attempts_and_the_service_keeps_running(self) -> None:
        swim, node = self.service("a")
        swim.startService()
        node.join_fails()
        self.successResultOf(swim.leave())
        self.assertFalse(swim.joined)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(swim.running)

    def test_a_join_after_a_leave_restarts_the_node_with_its_name_and_address(self) -> None:
        swim, node = self.service(port=0)
        swim.startService()
        name, address = node.name, node.address
        self.successResultOf(swim.leave())
        joining = swim.join(["a"])
        self.assertEqual(node.calls, ["start", "leave", "restart", "join"])
        node.join_succeeds()
        self.successResultOf(joining)
        self.assertEqual((node.name, node.address), (name, address))

    def test_invalid_seeds_of_a_join_do_not_restart_the_node(self) -> None:
        swim, node = self.service()
        swim.startService()
        self.successResultOf(swim.leave())
        self.failureResultOf(swim.join(["no seed: at all"]), ValueError)
        self.assertEqual(node.calls, ["start", "leave"])

    def test_invalid_seeds_raise_value_error_in_the_constructor(self) -> None:
        wrongs: list[Any] = [["no seed: at all"], "10.0.0.2:7946", [5], [("a", "b", "c")]]
        for wrong in wrongs:
            with self.assertRaises(ValueError):
                SwimService(Config(name="me"), wrong, self.clock)

    def test_seeds_from_a_generator_are_used_by_every_attempt(self) -> None:
        swim = SwimService(
            Config(name="me"), (seed for seed in ["a"]), self.clock, random.Random(7)
        )
        swim.startService()
        node: Any = swim.node
        node.join_fails()
        self.clock.advance(1)
        first, second = node.asked
        self.assertEqual(first, second)
        self.assertEqual(first, Seeds(self.clock, ["a"]))

    def test_several_services_of_each_kind_can_have_one_parent(self) -> None:
        parent = MultiService()
        bootstrap = Bootstrap(testing.MemoryReactorClock())
        for _ in range(2):
            swim = self.service()[0]
            swim.setServiceParent(parent)
            ControlPort(self.clock, swim).setServiceParent(parent)
            MemberProcess(swim, None, StartupFailure()).setServiceParent(parent)
            BootstrapProcess(bootstrap, "default", StartupFailure()).setServiceParent(parent)
        self.assertEqual(len(parent.services), 8)

    def test_a_service_that_is_not_running_neither_joins_nor_leaves(self) -> None:
        swim, _ = self.service()
        self.failureResultOf(swim.leave(), NotRunning)
        self.failureResultOf(swim.join(["a"]), NotRunning)


class SimulatedServiceTests(SynchronousTestCase):
    """Services with real nodes, on a simulated network."""

    def test_a_service_that_left_and_joins_again_keeps_its_name_and_port(self) -> None:
        """The system picks the port, and the default name is made of host and port."""
        seed = testing.MemoryReactorClock()
        here = testing.MemoryReactorClock(seed.network, "10.0.0.2")
        first = SwimService(Config(name="n1", interface="10.0.0.1", insecure=True), (), seed)
        config = Config(port=0, advertise=("10.0.0.2", 0), interface="10.0.0.2", insecure=True)
        swim = SwimService(config, ["10.0.0.1:7946"], here)
        first.startService()
        swim.startService()
        here.advance(5)
        name, address = swim.node.name, swim.node.address
        for _ in range(2):
            left = swim.leave()
            here.advance(5)
            self.successResultOf(left)
            joined = swim.join(["10.0.0.1:7946"])
            here.advance(5)
            self.successResultOf(joined)
            self.assertEqual((swim.node.name, swim.node.address), (name, address))
            self.assertIs(swim.node.config, config)
        listed = [member.name for member in first.node.membership.members()]
        self.assertEqual(listed, sorted(["n1", name]))
        for running in (swim, first):
            stopped = running.stopService()
            here.advance(5)
            self.successResultOf(stopped)

    def test_a_day_without_an_answer_of_the_seed_has_bounded_look_ups_and_ends_in_a_join(
        self,
    ) -> None:
        here = testing.MemoryReactorClock()
        there = testing.MemoryReactorClock(here.network, "10.0.0.2")
        resolver = Names()
        resolver.known["seed.example"] = ["10.0.0.2"]
        here.nameResolver = resolver
        config = Config(name="n1", interface="10.0.0.1", insecure=True)
        swim = SwimService(config, ["seed.example"], here)
        swim.startService()
        here.advance(23 * 3600)
        before = len(resolver.asked)
        here.advance(3600)
        # A join looks the seed up at each attempt and fails after 10 s; up to 30 s follow.
        self.assertLess(len(resolver.asked) - before, 3600 / 4)
        bootstrap = Bootstrap(there.process, 7946, "10.0.0.2")
        bootstrap.start()
        here.advance(60)
        self.assertTrue(swim.joined)
        before = len(resolver.asked)
        here.advance(60)
        self.assertIn(
            len(resolver.asked) - before, (5, 6, 7), "a look-up every 10 s, as in any minute"
        )
        bootstrap.stop()
        stopped = swim.stopService()
        here.advance(6)
        self.successResultOf(stopped)

    def test_two_services_find_each_other_and_one_leaves(self) -> None:
        here = testing.MemoryReactorClock()
        there = testing.MemoryReactorClock(here.network, "10.0.0.2")
        one = SwimService(Config(name="n1", interface="10.0.0.1", insecure=True), (), here)
        other = SwimService(
            Config(name="n2", interface="10.0.0.2", insecure=True), ["10.0.0.1:7946"], there
        )
        other.startService()
        here.advance(5)
        self.assertFalse(other.joined)
        one.startService()
        here.advance(20)
        self.assertTrue(other.joined)
        living = one.node.membership.members(State.ALIVE)
        self.assertEqual([member.name for member in living], ["n1", "n2"])
        stopped = other.stopService()
        here.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(there.getDelayedCalls(), [])
        [gone] = one.node.membership.members(State.LEFT)
        self.assertEqual(gone.name, "n2")
        stopped = one.stopService()
        here.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(here.getDelayedCalls(), [])
