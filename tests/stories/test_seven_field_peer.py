"""A peer that knows only the original seven fields, as a member of a group (docs/wire.rst)."""

from __future__ import annotations

from swimtx import Event, State
from swimtx.simulation import Group
from swimtx.wire.messages import MessageType
from tests.stories.scenes import Story, events
from tests.stories.seven_field_peer import SevenFieldPeer

HOST = "10.7.7.7"


class SevenFieldPeerStories(Story):
    def joined(self, size: int = 5, **settings: float) -> tuple[Group, SevenFieldPeer]:
        """A group, and the peer C{old}, which has joined by the first member."""
        group = self.formed(size, **settings)
        peer = SevenFieldPeer(group.network.host(HOST), "old")
        peer.say(MessageType.JOIN_REQ, group.address("n1"))
        self.all_list(group, "old", State.ALIVE, 5)
        return group, peer

    def tearDown(self) -> None:
        self.assertEqual(self.flushLoggedErrors(), [])  # such as of an unknown type of message

    def test_it_is_listed_under_the_source_of_its_datagrams(self) -> None:
        group, peer = self.joined()
        for node in group.nodes.values():
            found = node.membership.get("old")
            assert found is not None
            self.assertEqual((found.address, found.port), (HOST, 4000))
        self.assertIn(MessageType.JOIN_RES, [kind for kind, _, _ in peer.heard])

    def test_it_is_probed_by_all_members_and_never_suspected(self) -> None:
        group, peer = self.joined()
        group.run_for(120)
        self.assertTrue(group.everybody_lists("old"))
        self.assertEqual(events(group, "old", Event.SUSPECTED, Event.FAILED), [])
        askers = {name for kind, name, _ in peer.heard if kind is MessageType.PING}
        self.assertEqual(askers, {"n1", "n2", "n3", "n4", "n5"})

    def test_it_learns_of_all_members_by_their_pings(self) -> None:
        group, peer = self.joined()
        group.run_for(30)
        self.assertEqual(sorted(peer.listed), ["n1", "n2", "n3", "n4", "n5"])
        self.assertEqual(peer.listed["n2"], group.address("n2"))

    def test_it_is_declared_failed_when_it_stops_answering(self) -> None:
        group, peer = self.joined()
        peer.answers = False
        self.all_list(group, "old", State.FAILED, 30)
        self.assertIn((MessageType.FAIL, "old"), [said[:2] for said in peer.heard])

    def test_it_is_declared_failed_when_its_process_is_killed(self) -> None:
        group, peer = self.joined()
        peer.reactor.kill()
        self.all_list(group, "old", State.FAILED, 30)

    def test_it_is_told_which_members_failed_and_left(self) -> None:
        group, peer = self.joined()
        group.run_for(30)
        group.kill("n3")
        group.leave("n4")
        group.run_for(20)
        self.assertEqual(sorted(peer.listed), ["n1", "n2", "n5"])

    def test_it_joins_again_after_it_was_declared_failed(self) -> None:
        group, peer = self.joined()
        group.network.unplug(HOST)
        self.all_list(group, "old", State.FAILED, 30)
        group.network.plug_in(HOST)
        peer.say(MessageType.JOIN_REQ, group.address("n2"))
        self.all_list(group, "old", State.ALIVE, 10)

    def test_its_ping_is_answered(self) -> None:
        group, peer = self.joined()
        peer.heard.clear()
        peer.say(MessageType.PING, group.address("n3"))
        group.run_for(0.01)
        self.assertIn((MessageType.ACK, "n3", group.address("n3")), peer.heard)

    def test_its_ping_req_is_answered_for_members_only(self) -> None:
        group, peer = self.joined()
        peer.heard.clear()
        relay, target = group.address("n3"), group.address("n4")
        peer.say(MessageType.PING_REQ, relay, target)
        peer.say(MessageType.PING_REQ, relay, ("10.8.8.8", 53))
        group.run_for(2)
        relayed = [said for said in peer.heard if said[0] is MessageType.ACK]
        self.assertEqual(relayed, [(MessageType.ACK, "n4", relay)])

    def test_it_never_receives_a_type_that_it_does_not_know(self) -> None:
        group, peer = self.joined()
        group.kill("n3")
        group.stall("n4", 8)
        group.leave("n5")
        group.run_for(30)
        group.restart("n3")
        group.run_for(60)
        self.assertGreater(len(peer.heard), 50)

    def test_it_is_not_failed_under_10_percent_loss(self) -> None:
        group, _ = self.joined(loss=0.1)
        group.run_for(300)
        self.assertEqual(events(group, "old", Event.FAILED), [])
