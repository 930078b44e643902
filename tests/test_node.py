"""A whole node: its start, its stop, its leave and its public methods."""

from __future__ import annotations

import socket
from typing import Any, cast

from twisted.internet.defer import CancelledError
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx import Config, Node
from swimtx.addresses import Address
from swimtx.errors import AlreadyRunning, BadConfig, HasLeft, NoAnswer, NoSuchMember, NotRunning
from swimtx.interfaces import IMembership
from swimtx.membership.claim import State
from swimtx.simulation import MemoryReactor
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, LATENCY, Calls, Scene


def reactor_of(node: Node) -> MemoryReactor:
    return cast(MemoryReactor, node._reactor)


class NodeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.nodes: list[Node] = []
        self.addCleanup(self._assert_nothing_is_left)

    def _assert_nothing_is_left(self) -> None:
        for node in self.nodes:
            node.stop()
        self.scene.run(0.1)
        for node in self.nodes:
            self.assertEqual(list(reactor_of(node).getDelayedCalls()), [])
            self.assertEqual(list(reactor_of(node).datagram_ports), [])
            self.assertEqual(list(reactor_of(node).listeners), [])

    def node(self, name: str = "me", **settings: Any) -> Node:
        node = self.scene.node(name, **settings)
        self.nodes.append(node)
        return node

    def started(self, name: str = "me", **settings: Any) -> Node:
        node = self.node(name, **settings)
        self.successResultOf(node.start())
        return node

    def group(self, *names: str, **settings: Any) -> list[Node]:
        nodes = self.scene.group(*names, **settings)
        self.nodes += nodes
        return nodes

    def stop(self, node: Node) -> None:
        stopping = node.stop()
        self.scene.run(0.1)
        self.successResultOf(stopping)

    def names(self, node: Node, state: State | None = None) -> list[str]:
        return [member.name for member in node.membership.members(state)]


class Starting(NodeTests):
    def test_a_started_node_lists_only_itself(self) -> None:
        node = self.started(tags={"role": "web"})
        (me,) = node.membership.members()
        self.assertEqual((me.name, me.state, me.incarnation), ("me", State.ALIVE, 0))
        self.assertEqual((me.epoch, dict(me.tags)), (EPOCH, {"role": "web"}))
        self.assertEqual((node.name, node.address), ("me", Address(me.address, me.port)))
        self.assertTrue(node.running)
        verifyObject(IMembership, node.membership)

    def test_datagrams_and_streams_have_the_same_port(self) -> None:
        for port in (7946, 0):
            node = self.started(f"n{port}", port=port)
            (udp,) = reactor_of(node).datagram_ports
            (tcp,) = reactor_of(node).listeners
            self.assertEqual(udp.getHost().port, tcp.getHost().port)
            self.assertEqual(udp.getHost().port, node.address.port)
            self.assertEqual(udp.maxPacketSize, 65535)

    def test_a_port_that_is_taken_for_streams_is_skipped(self) -> None:
        node = self.node(port=0)
        reactor = reactor_of(node)
        taken = Factory.forProtocol(Protocol)
        taken.noisy = False
        held = [
            reactor.listenTCP(number, taken, interface=reactor.address) for number in (32768, 32769)
        ]
        self.successResultOf(node.start())
        self.assertEqual(node.address.port, 32770)
        self.scene.run(0.1)
        other = self.started("other")
        joining = node.join([other.address])
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual((node.membership.living, other.membership.living), (2, 2))
        self.assertEqual(node.counters.send_failures, 0)
        for port in held:
            port.stopListening()

    def test_a_start_on_a_taken_port_fails_and_leaves_no_port_or_timer(self) -> None:
        noisy = Factory.forProtocol(Protocol)
        noisy.noisy = False
        for kind in ("UDP", "TCP"):
            node = self.node(f"n{kind}")
            reactor = reactor_of(node)
            if kind == "UDP":
                taken: Any = reactor.listenUDP(7946, DatagramProtocol(), reactor.address)
                taken.protocol.noisy = False
            else:
                taken = reactor.listenTCP(7946, noisy, interface=reactor.address)
            self.failureResultOf(node.start(), CannotListenError)
            self.scene.run(0.1)
            self.assertFalse(node.running)
            self.assertEqual(
                len(reactor.datagram_ports) + len(reactor.listeners), 1, "the port that was taken"
            )
            self.assertEqual(list(reactor.getDelayedCalls()), [])
            taken.stopListening()
            self.scene.run(0.1)
            self.successResultOf(node.start())

    def test_two_nodes_find_each_other_over_ipv6(self) -> None:
        one, other = (
            Node(
                self.scene.network.host(f"fd00::{number}"),
                Config.lan(
                    name=f"n{number}", type="udp6", interface=f"FD00:0:0::{number}", insecure=True
                ),
                codec=self.scene.codec,
            )
            for number in (1, 2)
        )
        self.nodes += [one, other]
        for node in (one, other):
            self.successResultOf(node.start())
        self.assertEqual(one.address, Address("fd00::1", 7946), "in the normal form")
        other.join([one.address])
        self.scene.run(2)
        self.assertEqual((one.membership.living, other.membership.living), (2, 2))
        self.assertEqual(
            (one._parts.membership.refutations, other._parts.membership.refutations), (0, 0)
        )

    def test_two_nodes_of_one_process_find_each_other_on_loopback(self) -> None:
        reactor = self.scene.network.host("10.0.0.1")
        for type, host in (("udp4", "127.0.0.1"), ("udp6", "::1")):
            one, other = (
                Node(reactor, Config.lan(name=name, port=0, type=type), codec=self.scene.codec)
                for name in ("one", "other")
            )
            for node in (one, other):
                self.successResultOf(node.start())
            self.assertEqual(one.address.host, host)
            self.assertNotEqual(one.address.port, other.address.port)
            joining = other.join([one.address])
            self.scene.run(1)
            self.successResultOf(joining)
            self.assertEqual((one.membership.living, other.membership.living), (2, 2))
            for node in (one, other):
                self.stop(node)
            self.assertEqual(list(reactor.getDelayedCalls()), [])

    def test_other_members_list_the_advertised_address(self) -> None:
        one = self.started("one")
        other = self.started("other", advertise=("::ffff:10.0.0.77", 0))
        self.assertEqual(other.address, Address("10.0.0.77", 7946))
        other.join([one.address])
        self.scene.run(1)
        member = one.membership.get("other")
        assert member is not None
        self.assertEqual((member.address, member.port), ("10.0.0.77", 7946))

    def test_the_default_name_is_made_of_host_and_port(self) -> None:
        node = Node(self.scene.network.host("10.0.0.9"), Config.lan(port=0))
        self.nodes.append(node)
        self.successResultOf(node.start())
        self.assertTrue(node.name.endswith(f"-{node.address.port}"))

    def test_a_second_start_fails_with_already_running(self) -> None:
        node = self.started()
        self.failureResultOf(node.start(), AlreadyRunning)
        self.assertTrue(node.running)

    def test_a_node_has_neither_name_nor_address_before_its_first_start(self) -> None:
        node = self.node()
        record = node._parts.membership.local
        for read in (lambda: node.name, lambda: node.address, lambda: record.name):
            error = self.assertRaises(NotRunning, read)
            self.assertIn("has not been started", str(error))
        self.assertIs(node.membership.name, None)

    def test_a_start_with_an_invalid_host_name_fails_and_leaves_no_port(self) -> None:
        node = Node(self.scene.network.host("10.0.0.9"), Config.lan(port=0))
        self.nodes.append(node)
        self.patch(socket, "gethostname", lambda: "host\x07name")
        self.failureResultOf(node.start(), BadConfig)
        self.scene.run(0.1)
        self.assertFalse(node.running)
        self.assertEqual(list(reactor_of(node).datagram_ports), [])
        self.assertEqual(list(reactor_of(node).listeners), [])
        self.patch(socket, "gethostname", lambda: "ü" * 200)
        self.successResultOf(node.start())
        self.assertLessEqual(len(node.name.encode()), 128)
        self.assertTrue(node.name.endswith(f"ü-{node.address.port}"))

    def test_a_restarted_node_is_a_later_run_with_the_same_name_and_port(self) -> None:
        advertised: tuple[tuple[str, int] | None, ...] = (None, ("10.0.0.9", 0), ("10.0.0.9", 99))
        for advertise in advertised:
            config = Config.lan(port=0, advertise=advertise)
            node = Node(self.scene.network.host("10.0.0.9"), config)
            self.nodes.append(node)
            self.successResultOf(node.start())
            name, address, epoch = node.name, node.address, node._parts.membership.local.epoch
            (bound,) = reactor_of(node).datagram_ports
            for _ in range(2):
                restarting = node.restart()
                self.scene.run(0.1)
                self.successResultOf(restarting)
                self.assertEqual((node.name, node.address), (name, address))
                self.assertGreater(node._parts.membership.local.epoch, epoch)
                (again,) = reactor_of(node).datagram_ports
                self.assertEqual(again.getHost().port, bound.getHost().port)
            self.stop(node)

    def test_a_node_that_is_restarted_while_it_is_isolated_begins_without_isolation(self) -> None:
        me, *others = self.group("a", "b", "c", "d")
        events: list[str] = []
        me.membership.subscribe(lambda change: events.append(str(change.event)))
        hosts = [node.address.host for node in others]
        self.scene.network.unplug(hosts)
        self.scene.run(20)
        self.assertIn("isolated", events)
        me.restart()
        self.scene.run(10)
        self.assertEqual(me.membership.living, 1)
        self.scene.network.plug_in(hosts)
        events.clear()
        me.join([others[0].address])
        self.scene.run(10)
        self.assertIn("joined", events)
        self.assertNotIn("reconnected", events)

    def test_a_restart_starts_a_node_that_has_not_run(self) -> None:
        node = self.node()
        self.successResultOf(node.restart())
        self.assertTrue(node.running)


class Stopping(NodeTests):
    def test_a_stop_at_any_moment_leaves_no_timer_or_transport(self) -> None:
        for seconds in (0.0, 0.001, 0.3, 0.45, 0.46, 1.0, 2.7, 31.0, 90.0):
            first, second = self.group("n1", "n2")
            first.set_tags({"news": "yes"})
            reactor_of(second).kill()
            self.nodes.remove(second)
            self.scene.run(seconds)
            self.stop(first)
            self.assertEqual(list(reactor_of(first).getDelayedCalls()), [])
            self.assertEqual(reactor_of(first).transports, {})

    def test_a_message_that_arrives_during_the_stop_starts_no_timer(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        stopping = first.stop()
        accused = third._parts.membership.local.suspected("n2")
        first.protocol.datagramReceived(
            self.scene.peer("x").bytes_of(MessageType.GOSSIP, updates=(accused,)),
            second.address,
        )
        self.scene.run(0.01)
        self.successResultOf(stopping)
        self.assertEqual(list(reactor_of(first).getDelayedCalls()), [])

    def test_others_declare_a_node_failed_that_stopped_without_leaving(self) -> None:
        first, second = self.group("n1", "n2")
        self.stop(second)
        self.scene.run(60)
        self.assertEqual(self.names(first, State.FAILED), ["n2"])

    def test_a_node_may_be_stopped_twice_and_before_its_start(self) -> None:
        node = self.node()
        self.successResultOf(node.stop())
        node.start()
        self.stop(node)
        self.successResultOf(node.stop())

    def test_a_node_that_is_started_again_is_a_later_run_with_an_empty_list(self) -> None:
        first, second = self.group("n1", "n2")
        before = second._parts.membership.local.epoch
        self.stop(second)
        self.successResultOf(second.start())
        self.assertEqual(self.names(second), ["n2"])
        self.assertGreater(second._parts.membership.local.epoch, before)
        second.join([first.address])
        self.scene.run(5)
        self.assertEqual((first.membership.living, second.membership.living), (2, 2))
        member = first.membership.get("n2")
        assert member is not None
        self.assertEqual(member.epoch, second._parts.membership.local.epoch)

    def test_a_node_that_is_started_again_at_once_is_a_later_run_too(self) -> None:
        """The epoch grows even if no millisecond has passed."""
        node = self.started()
        reactor = reactor_of(node)
        epochs = []
        seconds = reactor.seconds()
        for _ in range(3):
            epochs.append(node._parts.membership.local.epoch)
            self.stop(node)
            reactor.skew = seconds - self.scene.clock.seconds()
            self.successResultOf(node.start())
        self.assertEqual(epochs, sorted(set(epochs)))

    def test_a_node_that_is_started_again_probes_as_before(self) -> None:
        nodes = self.group("n1", "n2", "n3", "n4")
        self.stop(nodes[0])
        nodes[0].start()
        nodes[0].join([nodes[1].address])
        self.scene.run(5)
        before = nodes[0].counters.probes
        self.scene.run(20)
        self.assertGreaterEqual(nodes[0].counters.probes - before, 19)

    def test_a_node_opens_its_udp_port_again_after_an_error_closed_it(self) -> None:
        first, second = self.group("n1", "n2")
        (port,) = reactor_of(first).datagram_ports
        port._close()
        self.scene.run(5)
        (again,) = reactor_of(first).datagram_ports
        self.assertIsNot(again, port)
        self.assertEqual(again.getHost().port, first.address.port)
        self.assertEqual((first.membership.living, second.membership.living), (2, 2))
        pinged = second.ping("n1")
        self.scene.run(1)
        self.successResultOf(pinged)


class Leaving(NodeTests):
    def test_all_others_know_when_the_leave_of_a_node_is_done(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        leaving = third.leave()
        self.scene.run(0.01)
        self.successResultOf(leaving)
        for node in (first, second):
            self.assertEqual(self.names(node, State.LEFT), ["n3"])
        self.assertEqual(self.names(third, State.LEFT), ["n3"])

    def test_a_second_leave_has_no_effect(self) -> None:
        _, second = self.group("n1", "n2")
        second.leave()
        self.scene.run(0.1)
        self.successResultOf(second.leave())
        self.assertEqual(second._parts.membership.local.state, State.LEFT)

    def test_a_node_that_has_left_accuses_no_member(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        second.leave()
        self.scene.run(1)
        self.scene.network.unplug(reactor_of(third).address)
        changes = Calls()
        second.membership.subscribe(changes)
        second._parts.membership.apply(third._parts.membership.local.suspected("n1"))
        self.scene.run(60)
        self.assertEqual(self.names(first, State.FAILED), ["n3"])
        changes_by_n2 = [c for (c,) in changes.all if "n2" in c.why]
        self.assertEqual(changes_by_n2, [])

    def test_a_destroyed_node_has_left_is_stopped_and_has_an_empty_list(self) -> None:
        first, second = self.group("n1", "n2")
        destroying = second.destroy()
        self.scene.run(0.1)
        self.successResultOf(destroying)
        self.assertEqual((second.membership.members(), second.running), ((), False))
        self.assertEqual(self.names(first, State.LEFT), ["n2"])
        self.successResultOf(second.destroy())

    def test_a_destroyed_node_that_is_started_again_is_a_new_run(self) -> None:
        first, second = self.group("n1", "n2")
        second.destroy()
        self.scene.run(0.1)
        second.start()
        second.join([first.address])
        self.scene.run(5)
        self.assertEqual(self.names(first, State.ALIVE), ["n1", "n2"])


class Using(NodeTests):
    def test_a_subscriber_from_before_the_start_receives_all_changes(self) -> None:
        first = self.started("n1")
        node = self.node("n2")
        calls = Calls()
        node.membership.subscribe(calls)
        node.start()
        node.join([first.address])
        self.scene.run(1)
        self.assertEqual([(str(c.event), c.member.name) for (c,) in calls.all], [("joined", "n1")])

    def test_new_tags_reach_the_other_members(self) -> None:
        first, second = self.group("n1", "n2", tags={"role": "web", "zone": "a"})
        calls = Calls()
        first.membership.subscribe(calls)
        second.set_tags({"role": "db"})
        self.scene.run(1)
        member = first.membership.get("n2")
        assert member is not None
        self.assertEqual(dict(member.tags), {"role": "db"})
        self.assertEqual([str(c.event) for (c,) in calls.all], ["updated"])

    def test_tags_beyond_the_limits_are_refused(self) -> None:
        node = self.started()
        self.assertRaises(ValueError, node.set_tags, {"k": "x" * 600})
        self.assertEqual(node._parts.membership.local.tags, ())

    def test_a_member_can_be_pinged_by_name(self) -> None:
        first, second = self.group("n1", "n2")
        pinged = first.ping("n2")
        self.scene.run(1)
        self.assertAlmostEqual(self.successResultOf(pinged), 2 * LATENCY, places=6)
        self.failureResultOf(first.ping("stranger"), NoSuchMember)
        reactor_of(second).stall()
        pinged = first.ping("n2")
        self.scene.run(1.1)
        self.failureResultOf(pinged, NoAnswer)
        reactor_of(second).resume()

    def test_a_stop_cancels_a_ping(self) -> None:
        first, second = self.group("n1", "n2")
        reactor_of(second).stall()
        pinged = first.ping("n2")
        self.stop(first)
        self.failureResultOf(pinged, CancelledError)
        reactor_of(second).resume()

    def test_a_message_listener_receives_messages_of_its_type(self) -> None:
        first, second = self.group("n1", "n2")
        calls = Calls()
        first.on_message(MessageType.PING, calls)
        self.scene.run(3)
        message, address = calls.all[0]
        self.assertEqual((message.name, address), ("n2", second.address))

    def test_info_has_the_identity_of_the_node_and_its_counters(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        third.leave()
        self.scene.run(10)
        status = first.info()
        info = status.to_json()
        me = first._parts.membership.local
        self.assertEqual(
            [info[key] for key in ("name", "address", "port", "state", "epoch", "incarnation")],
            ["n1", *first.address, "alive", me.epoch, me.incarnation],
        )
        self.assertEqual(info["members"], {"alive": 2, "suspect": 0, "failed": 0, "left": 1})
        self.assertEqual(status.counters["probes"], first.counters.probes)
        self.assertTrue(status.counters["datagrams_received"])
        self.assertEqual((info["cluster"], info["profile"]), ("default", "lan"))
        self.assertEqual(second.info().protocol_period, 1.0)

    def test_a_node_that_has_left_cannot_join_without_a_new_start(self) -> None:
        node = self.scene.node("a")
        self.successResultOf(node.start())
        self.successResultOf(node.leave())
        self.failureResultOf(node.join([("10.0.0.9", 7946)]), HasLeft)
        self.assertTrue(issubclass(HasLeft, NotRunning), "a handler of NotRunning catches HasLeft")

    def test_the_methods_of_a_node_that_is_not_running_fail_with_not_running(self) -> None:
        never, stopped = self.node("never"), self.started("stopped")
        self.stop(stopped)
        for node in (never, stopped):
            self.failureResultOf(node.join([("10.0.0.1", 7946)]), NotRunning)
            self.failureResultOf(node.leave(), NotRunning)
            self.failureResultOf(node.ping("n"), NotRunning)
            self.assertRaises(NotRunning, node.set_tags, {})
            self.assertRaises(NotRunning, node.info)

    def test_a_text_seed_is_joined_and_an_invalid_seed_fails_with_value_error(self) -> None:
        first = self.started("n1")
        node = self.started("n2")
        joining = node.join([f"{first.address}"])
        self.scene.run(1)
        self.assertIs(self.successResultOf(joining), node.membership)
        self.failureResultOf(node.join(["no seed: at all"]), ValueError)
