"""One member: starting, stopping, and what users call."""

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
        self.addCleanup(self._nothing_is_left)

    def _nothing_is_left(self) -> None:
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
    def test_started_it_is_alone_in_its_list(self) -> None:
        node = self.started(tags={"role": "web"})
        (me,) = node.membership.members()
        self.assertEqual((me.name, me.state, me.incarnation), ("me", State.ALIVE, 0))
        self.assertEqual((me.epoch, dict(me.tags)), (EPOCH, {"role": "web"}))
        self.assertEqual((node.name, node.address), ("me", Address(me.address, me.port)))
        self.assertTrue(node.running)
        verifyObject(IMembership, node.membership)

    def test_it_listens_on_one_number_for_datagrams_and_for_streams(self) -> None:
        for port in (7946, 0):
            node = self.started(f"n{port}", port=port)
            (udp,) = reactor_of(node).datagram_ports
            (tcp,) = reactor_of(node).listeners
            self.assertEqual(udp.getHost().port, tcp.getHost().port)
            self.assertEqual(udp.getHost().port, node.address.port)
            self.assertEqual(udp.maxPacketSize, 65535)

    def test_where_a_number_is_taken_for_streams_the_next_one_is_tried_and_works(self) -> None:
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

    def test_a_taken_port_fails_and_leaves_nothing(self) -> None:
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
                len(reactor.datagram_ports) + len(reactor.listeners), 1, "the one that had it"
            )
            self.assertEqual(list(reactor.getDelayedCalls()), [])
            taken.stopListening()
            self.scene.run(0.1)
            self.successResultOf(node.start())

    def test_it_works_over_ipv6_too(self) -> None:
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
        self.assertEqual(one.address, Address("fd00::1", 7946), "as it is usually written")
        other.join([one.address])
        self.scene.run(2)
        self.assertEqual((one.membership.living, other.membership.living), (2, 2))
        self.assertEqual(
            (one._parts.membership.refutations, other._parts.membership.refutations), (0, 0)
        )

    def test_on_loopback_two_nodes_of_one_process_find_each_other(self) -> None:
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

    def test_what_it_advertises_is_what_others_know(self) -> None:
        one = self.started("one")
        other = self.started("other", advertise=("::ffff:10.0.0.77", 0))
        self.assertEqual(other.address, Address("10.0.0.77", 7946))
        other.join([one.address])
        self.scene.run(1)
        member = one.membership.get("other")
        assert member is not None
        self.assertEqual((member.address, member.port), ("10.0.0.77", 7946))

    def test_without_a_name_it_is_called_by_its_host_and_port(self) -> None:
        node = Node(self.scene.network.host("10.0.0.9"), Config.lan(port=0))
        self.nodes.append(node)
        self.successResultOf(node.start())
        self.assertTrue(node.name.endswith(f"-{node.address.port}"))

    def test_started_twice_it_says_so(self) -> None:
        node = self.started()
        self.failureResultOf(node.start(), AlreadyRunning)
        self.assertTrue(node.running)

    def test_before_the_first_start_it_has_neither_name_nor_address(self) -> None:
        node = self.node()
        for read in (lambda: node.name, lambda: node.address, lambda: node._parts.membership.local):
            error = self.assertRaises(NotRunning, read)
            self.assertIn("has not been started", str(error))
        self.assertIs(node.membership.name, None)

    def test_a_name_that_cannot_be_one_is_refused_and_leaves_nothing(self) -> None:
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

    def test_restarted_it_is_a_later_run_under_the_same_name_and_port(self) -> None:
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

    def test_restarted_without_having_run_it_starts(self) -> None:
        node = self.node()
        self.successResultOf(node.restart())
        self.assertTrue(node.running)


class Stopping(NodeTests):
    def test_stopped_at_any_moment_of_its_life_nothing_is_left(self) -> None:
        for seconds in (0.0, 0.001, 0.3, 0.45, 0.46, 1.0, 2.7, 31.0, 90.0):
            first, second = self.group("n1", "n2")
            first.set_tags({"news": "yes"})
            reactor_of(second).kill()
            self.nodes.remove(second)
            self.scene.run(seconds)
            self.stop(first)
            self.assertEqual(list(reactor_of(first).getDelayedCalls()), [])
            self.assertEqual(reactor_of(first).transports, {})

    def test_what_comes_in_while_it_stops_starts_nothing(self) -> None:
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

    def test_stopped_without_a_leave_it_has_failed_for_others(self) -> None:
        first, second = self.group("n1", "n2")
        self.stop(second)
        self.scene.run(60)
        self.assertEqual(self.names(first, State.FAILED), ["n2"])

    def test_it_may_be_stopped_twice_and_before_it_was_started(self) -> None:
        node = self.node()
        self.successResultOf(node.stop())
        node.start()
        self.stop(node)
        self.successResultOf(node.stop())

    def test_started_again_it_is_a_later_run_with_an_empty_list(self) -> None:
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

    def test_started_again_at_once_it_is_a_later_run_all_the_same(self) -> None:
        """Even if no millisecond has passed."""
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

    def test_started_again_it_probes_as_before(self) -> None:
        nodes = self.group("n1", "n2", "n3", "n4")
        self.stop(nodes[0])
        nodes[0].start()
        nodes[0].join([nodes[1].address])
        self.scene.run(5)
        before = nodes[0].counters.probes
        self.scene.run(20)
        self.assertGreaterEqual(nodes[0].counters.probes - before, 19)

    def test_an_error_that_closes_its_udp_port_does_not_silence_it(self) -> None:
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
    def test_when_it_has_left_all_others_know(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        leaving = third.leave()
        self.scene.run(0.01)
        self.successResultOf(leaving)
        for node in (first, second):
            self.assertEqual(self.names(node, State.LEFT), ["n3"])
        self.assertEqual(self.names(third, State.LEFT), ["n3"])

    def test_leaving_twice_is_leaving_once(self) -> None:
        _, second = self.group("n1", "n2")
        second.leave()
        self.scene.run(0.1)
        self.successResultOf(second.leave())
        self.assertEqual(second._parts.membership.local.state, State.LEFT)

    def test_who_has_left_accuses_nobody(self) -> None:
        first, second, third = self.group("n1", "n2", "n3")
        second.leave()
        self.scene.run(1)
        self.scene.network.unplug(reactor_of(third).address)
        changes = Calls()
        second.membership.subscribe(changes)
        second._parts.membership.apply(third._parts.membership.local.suspected("n1"))
        self.scene.run(60)
        self.assertEqual(self.names(first, State.FAILED), ["n3"])
        said = [c for (c,) in changes.all if "n2" in c.why]
        self.assertEqual(said, [])

    def test_destroyed_it_has_left_is_stopped_and_its_list_is_empty(self) -> None:
        first, second = self.group("n1", "n2")
        destroying = second.destroy()
        self.scene.run(0.1)
        self.successResultOf(destroying)
        self.assertEqual((second.membership.members(), second.running), ((), False))
        self.assertEqual(self.names(first, State.LEFT), ["n2"])
        self.successResultOf(second.destroy())

    def test_destroyed_and_started_again_it_comes_back_as_a_new_run(self) -> None:
        first, second = self.group("n1", "n2")
        second.destroy()
        self.scene.run(0.1)
        second.start()
        second.join([first.address])
        self.scene.run(5)
        self.assertEqual(self.names(first, State.ALIVE), ["n1", "n2"])


class Using(NodeTests):
    def test_whoever_subscribed_before_the_start_hears_everything(self) -> None:
        first = self.started("n1")
        node = self.node("n2")
        heard = Calls()
        node.membership.subscribe(heard)
        node.start()
        node.join([first.address])
        self.scene.run(1)
        self.assertEqual([(str(c.event), c.member.name) for (c,) in heard.all], [("joined", "n1")])

    def test_new_tags_are_known_elsewhere_soon(self) -> None:
        first, second = self.group("n1", "n2", tags={"role": "web", "zone": "a"})
        heard = Calls()
        first.membership.subscribe(heard)
        second.set_tags({"role": "db"})
        self.scene.run(1)
        member = first.membership.get("n2")
        assert member is not None
        self.assertEqual(dict(member.tags), {"role": "db"})
        self.assertEqual([str(c.event) for (c,) in heard.all], ["updated"])

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

    def test_stopping_ends_a_ping(self) -> None:
        first, second = self.group("n1", "n2")
        reactor_of(second).stall()
        pinged = first.ping("n2")
        self.stop(first)
        self.failureResultOf(pinged, CancelledError)
        reactor_of(second).resume()

    def test_messages_can_be_listened_to(self) -> None:
        first, second = self.group("n1", "n2")
        heard = Calls()
        first.on_message(MessageType.PING, heard)
        self.scene.run(3)
        message, address = heard.all[0]
        self.assertEqual((message.name, address), ("n2", second.address))

    def test_info_tells_who_we_are_and_what_was_counted(self) -> None:
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

    def test_who_has_left_cannot_join_without_a_new_start(self) -> None:
        node = self.scene.node("a")
        self.successResultOf(node.start())
        self.successResultOf(node.leave())
        self.failureResultOf(node.join([("10.0.0.9", 7946)]), HasLeft)
        self.assertTrue(issubclass(HasLeft, NotRunning), "whoever catches that one catches this")

    def test_a_node_that_is_not_running_can_do_none_of_it(self) -> None:
        never, stopped = self.node("never"), self.started("stopped")
        self.stop(stopped)
        for node in (never, stopped):
            self.failureResultOf(node.join([("10.0.0.1", 7946)]), NotRunning)
            self.failureResultOf(node.leave(), NotRunning)
            self.failureResultOf(node.ping("n"), NotRunning)
            self.assertRaises(NotRunning, node.set_tags, {})
            self.assertRaises(NotRunning, node.info)

    def test_seeds_may_be_texts_pairs_or_nothing_that_can_be_asked(self) -> None:
        first = self.started("n1")
        node = self.started("n2")
        joining = node.join([f"{first.address}"])
        self.scene.run(1)
        self.assertIs(self.successResultOf(joining), node.membership)
        self.failureResultOf(node.join(["no seed: at all"]), ValueError)
