"""Joining: JOIN_REQs to seeds, the table exchange, announcements to members, and registration."""

from __future__ import annotations

import itertools
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swimtx import Node
from swimtx.addresses import Address
from swimtx.errors import JoinFailed
from swimtx.interfaces import ISeeds
from swimtx.joining.announce import Announcer
from swimtx.probing.ping_responder import PingResponder
from swimtx.simulation import MemoryReactor
from swimtx.transport.route import Route
from swimtx.wire.messages import Contact, MessageType
from tests.parts import EPOCH, Calls, ComponentTestCase, Heard, Peer, Scene

PING, ACK = MessageType.PING, MessageType.ACK
JOIN_REQ, JOIN_RES = MessageType.JOIN_REQ, MessageType.JOIN_RES
DIGEST, TABLE = MessageType.DIGEST, MessageType.TABLE


@implementer(ISeeds)
class Seeds:
    """Seeds of a test.

    @param found: what each look-up gives, the last of them again and again: addresses and
        failures, an error, or a Deferred.
    """

    def __init__(self, *found: Any) -> None:
        self.found = list(found)
        self.looked_up = 0

    def find(self) -> Deferred[Any]:
        self.looked_up += 1
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        return maybeDeferred(lambda: found) if not isinstance(found, Exception) else fail(found)


class Seed(Peer):
    """A seed that answers each JOIN_REQ, and each DIGEST with its own record.

    @ivar listed: the members in the list of its JOIN_RES.
    @ivar bootstrap: whether it is a bootstrap node, and no member.
    @ivar answers_joins: whether it answers JOIN_REQs and DIGESTs.
    """

    listed: tuple[Contact, ...] = ()
    bootstrap = False
    answers_joins = True

    def _take(self, data: bytes, peer: Any) -> None:
        super()._take(data, peer)
        heard = self.heard[-1]
        if self.answers_joins and heard.message.type is JOIN_REQ:
            self._reply(heard, JOIN_RES, listed=self.listed, bootstrap=self.bootstrap)
        elif self.answers_joins and heard.message.type is DIGEST:
            self._reply(heard, TABLE, updates=(self.claim,), pages=1)

    def _reply(self, heard: Heard, kind: MessageType, **more: Any) -> None:
        data = self.bytes_of(kind, sequence=heard.message.sequence, **more)
        if type(heard.peer) is Address:
            self.transport.write(data, heard.peer)
        else:
            heard.peer.send(data)


class NodeTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.node = self.scene.node("me", table_interval=1000)
        self.node.start()
        self.addCleanup(self._stop_and_check_timers)

    def _stop_and_check_timers(self) -> None:
        self.node.stop()
        self.scene.run(0.1)
        self.assertEqual(list(self.node._reactor.getDelayedCalls()), [])

    def seed(self, name: str, *listed: Peer, bootstrap: bool = False) -> Seed:
        """A seed that answers PINGs and JOIN_REQs."""
        seed = Seed(self.scene, name, self.scene.next_host(), 7946, EPOCH)
        seed.answering = True
        seed.bootstrap = bootstrap
        seed.listed = tuple(entry_of(peer) for peer in listed)
        return seed

    def join(self, *seeds: Peer) -> Deferred[Any]:
        return self.node.join([seed.claim.address for seed in seeds])


def entry_of(peer: Peer) -> Contact:
    claim = peer.claim
    return Contact(claim.name, claim.address, claim.incarnation, claim.epoch)


class JoinTests(NodeTestCase):
    def test_every_seed_gets_a_padded_join_req_with_our_alive_at_once(self) -> None:
        seeds = [self.seed("a"), self.seed("b")]
        self.join(*seeds)
        self.scene.run(0.01)
        for seed in seeds:
            asked = seed.heard[0]
            self.assertEqual((asked.message.type, asked.message.name), (JOIN_REQ, "me"))
            self.assertEqual(asked.message.updates, (self.node._parts.membership.local,))
            self.assertIn(len(asked.data), range(1100, 1401))

    def test_an_empty_list_from_a_bootstrap_node_means_that_we_are_the_first(self) -> None:
        joining = self.join(self.seed("bootstrap", bootstrap=True))
        self.scene.run(0.01)
        self.assertIs(self.successResultOf(joining), self.node.membership)
        self.assertEqual([m.name for m in self.node.membership.members()], ["me"])

    def test_tables_are_exchanged_with_a_seed_that_is_a_member(self) -> None:
        seed = self.seed("a")
        joining = self.join(seed)
        self.scene.run(0.1)
        self.successResultOf(joining)
        self.assertEqual(len(seed.messages(DIGEST)), 1)
        self.assertEqual(self.node.membership.living, 2)

    def test_tables_are_exchanged_with_one_listed_member_and_all_get_our_alive(self) -> None:
        members = [self.seed(name) for name in "abcde"]
        joining = self.join(self.seed("bootstrap", *members, bootstrap=True))
        self.scene.run(2)
        self.successResultOf(joining)
        self.assertEqual([len(m.messages(DIGEST)) for m in members].count(1), 1)
        for member in members:
            self.assertIn(
                self.node._parts.membership.local.name, [c.name for c in member.updates()]
            )

    def test_tables_are_exchanged_with_the_next_member_when_the_first_does_not_answer(self) -> None:
        silent = self.scene.peer("silent")
        self.scene.network.refuse_streams(silent.claim.address.host)
        seed = self.seed("bootstrap", silent, self.seed("second"), bootstrap=True)
        joining = self.join(seed)
        self.scene.run(9)
        self.successResultOf(joining)
        self.assertEqual(self.node.membership.get("second") is not None, True)

    def test_a_seed_that_datagrams_do_not_reach_is_asked_by_stream_at_the_ping_timeout(
        self,
    ) -> None:
        seed = self.seed("a")
        seed.accept_streams()
        self.scene.network.block_datagrams()
        joining = self.join(seed)
        self.scene.run(0.44)
        self.assertEqual(seed.heard, [])
        self.scene.run(0.1)
        self.successResultOf(joining)
        self.assertEqual([m.type for m in seed.messages()][:2], [JOIN_REQ, DIGEST])

    def test_a_lost_join_req_is_sent_again(self) -> None:
        seed = self.seed("a")
        host = seed.claim.address.host
        self.scene.network.silence_streams(host)
        self.scene.network.cut(self.node.address.host, host)
        joining = self.join(seed)
        self.scene.run(2)
        self.assertNoResult(joining)
        self.scene.network.heal()
        self.scene.run(5)
        self.successResultOf(joining)

    def test_the_pauses_between_the_attempts_of_a_join_grow(self) -> None:
        seed = self.seed("a")
        seed.answers_joins = False
        joining = self.join(seed)
        self.scene.run(11)
        self.failureResultOf(joining, JoinFailed)
        joins = [round(1000 * heard.at) for heard in seed.heard if len(heard.data) > 1000]
        tries = joins[::2]  # each attempt sends again at the ping timeout
        pauses = [after - before - 1000 for before, after in itertools.pairwise(tries)]
        self.assertIn(pauses[0], range(200, 401))
        self.assertGreater(len(pauses), 2)
        for before, after in itertools.pairwise(pauses):
            self.assertLessEqual(abs(after - 2 * before), 3)

    def test_seeds_are_looked_up_again_for_each_attempt(self) -> None:
        nothing: Any = ([], {"seed.example": "seed.example does not exist"})
        seeds = Seeds(nothing, ([self.seed("a").claim.address], {}))
        joining = self.node.join(seeds)
        self.assertNoResult(joining)
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual(seeds.looked_up, 2)

    def test_a_failed_join_names_every_seed_and_the_reason(self) -> None:
        silent = self.scene.peer("silent").claim.address
        joining = self.node.join(Seeds(([silent], {"seed.example": "no such name"})))
        self.scene.run(11)
        error = self.failureResultOf(joining, JoinFailed)
        self.assertEqual(
            error.value.tried, {"seed.example": "no such name", str(silent): "no answer"}
        )
        self.assertIn("no answer", str(error.value))

    def test_without_a_seed_other_than_ourselves_we_are_the_first(self) -> None:
        for seeds in ([], [self.node.address]):
            self.successResultOf(self.node.join(seeds))

    def test_an_answer_of_ourselves_at_another_address_means_that_we_are_the_first(self) -> None:
        """A node bound to all addresses may be its own seed at an address it does not advertise."""
        everywhere = self.scene.node("all", interface="0.0.0.0", advertise=("10.88.0.1", 0))
        everywhere.start()
        host = cast(MemoryReactor, everywhere._reactor).address
        joining = everywhere.join([(host, 7946)])
        self.scene.run(3)
        self.successResultOf(joining)
        self.assertEqual(everywhere.membership.living, 1)
        everywhere.stop()
        self.scene.run(0.1)

    def test_a_seed_of_another_cluster_does_not_answer(self) -> None:
        other = self.scene.node("other", cluster="other")
        other.start()
        joining = self.node.join([other.address])
        self.scene.run(11)
        self.failureResultOf(joining, JoinFailed)
        self.assertGreater(other.counters.other_cluster, 0)
        other.stop()
        self.scene.run(0.1)

    def test_stopping_a_node_ends_a_join_at_any_moment(self) -> None:
        seed = self.seed("a")
        for seconds in (0.0, 0.001, 0.0025, 0.0045, 0.006):
            node = self.scene.node(f"n{seconds}")
            node.start()
            joining = node.join([seed.claim.address])
            self.scene.run(seconds)
            node.stop()
            self.scene.run(0.1)
            if seconds < 0.006:
                self.failureResultOf(joining, CancelledError)
            self.scene.run(5)
            self.assertEqual(list(node._reactor.getDelayedCalls()), [])

    def test_stopping_a_node_cancels_the_look_up_of_seeds_and_leaves_no_timer(self) -> None:
        seed = self.seed("a")
        cancelled = Calls()
        found: Deferred[Any] = Deferred(cancelled)
        joining = self.node.join(Seeds(found))
        self.node.stop()
        self.scene.run(0.1)
        self.failureResultOf(joining, CancelledError)
        self.assertEqual(len(cancelled), 1)
        self.scene.run(5)
        self.assertEqual(seed.heard, [])

    def test_a_node_bound_to_all_addresses_may_be_stopped_during_the_look_up_of_seeds(
        self,
    ) -> None:
        node = self.scene.node("all", interface="0.0.0.0")
        node.start()
        found: Deferred[Any] = Deferred()
        joining = node.join(Seeds(found))
        node.stop()
        self.scene.run(0.1)
        self.scene.run(5)
        self.failureResultOf(joining, CancelledError)
        self.assertEqual(list(node._reactor.getDelayedCalls()), [])

    def test_a_join_of_a_node_bound_to_all_addresses_looks_its_seeds_up_once(self) -> None:
        node = self.scene.node("all", interface="0.0.0.0")
        node.start()
        seed = self.seed("a")
        seeds = Seeds(([seed.claim.address], {}))
        joining = node.join(seeds)
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual(seeds.looked_up, 1)
        node.stop()
        self.scene.run(0.1)

    def test_a_source_of_seeds_may_give_plain_pairs(self) -> None:
        """They need not be instances of C{Address}."""
        seed = self.seed("a")
        host, port = seed.claim.address
        joining = self.node.join(Seeds(([(host, port)], {})))
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual(self.node.membership.living, 2)

    def test_a_join_fails_if_its_source_of_seeds_gives_no_valid_address(self) -> None:
        for wrong in ([("no address", 1)], [("10.0.0.9", 0)], ["10.0.0.9:1"], [5], [("10.0.0.9",)]):
            joining = self.node.join(Seeds((wrong, {})))
            self.scene.run(20)
            failed = self.failureResultOf(joining, JoinFailed)
            self.assertIn(str(wrong[0]), str(failed.value))


class AnswerTests(NodeTestCase):
    def test_a_member_answers_a_join_req_with_itself_in_the_list(self) -> None:
        peer = self.scene.peer("new")
        peer.say(self.node.address, JOIN_REQ, sequence=7, updates=(peer.claim,))
        self.scene.run(0.01)
        answer = peer.last(JOIN_RES)
        me = self.node._parts.membership.local
        self.assertEqual((answer.sequence, answer.bootstrap), (7, False))
        self.assertEqual(answer.listed, (Contact("me", me.address, me.incarnation, me.epoch),))
        self.assertEqual(self.node.membership.living, 2)


class RegistrationTests(NodeTestCase):
    def test_a_bootstrap_node_gets_a_join_req_every_ten_seconds(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        self.join(seed)
        self.scene.run(62)
        times = seed.times(JOIN_REQ)[1:]
        self.assertIn(len(times), (6, 7))
        for before, after in itertools.pairwise(times):
            self.assertIn(after - before, range(8990, 11010))
        renewal = seed.heard[-1]
        self.assertEqual(renewal.message.updates[-1], self.node._parts.membership.local)
        self.assertLess(len(renewal.data), 500)

    def test_a_seed_that_is_a_member_gets_no_further_join_req(self) -> None:
        seed = self.seed("a")
        self.join(seed)
        self.scene.run(60)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 1)

    def test_a_seed_that_was_a_member_and_has_failed_gets_join_reqs_again(self) -> None:
        seed = self.seed("a")
        self.join(seed)
        self.scene.run(1)
        seed.answers_joins = seed.answering = False
        self.scene.run(100)
        self.assertGreater(len(seed.messages(JOIN_REQ)), 2)

    def test_unknown_members_in_the_answer_of_a_bootstrap_node_are_contacted(self) -> None:
        """So groups that were formed apart by accident merge."""
        seed = self.seed("bootstrap", bootstrap=True)
        self.join(seed)
        self.scene.run(1)
        stranger = self.seed("stranger")
        seed.listed = (entry_of(stranger),)
        self.scene.run(15)
        self.assertEqual(self.node.membership.living, 2)
        self.assertEqual(len(stranger.messages(DIGEST)), 1)
        before = len(stranger.messages(DIGEST))
        self.scene.run(15)
        self.assertEqual(len(stranger.messages(DIGEST)), before, "the stranger is a member now")

    def test_a_bootstrap_node_gets_a_fail_when_we_leave(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        self.join(seed)
        self.scene.run(15)
        self.node.leave()
        self.scene.run(1)
        self.assertEqual(seed.last(MessageType.FAIL).name, "me")
        before = len(seed.messages(JOIN_REQ))
        self.scene.run(30)
        self.assertEqual(len(seed.messages(JOIN_REQ)), before)

    def test_a_failed_look_up_of_seeds_does_not_stop_the_registration(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        found: Any = ([seed.claim.address], {})
        self.node.join(Seeds(found, LookupError("no name server"), found))
        self.scene.run(5)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 1)
        self.scene.run(10)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 2)

    def test_stopping_a_node_cancels_the_look_up_of_a_registration(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        cancelled = Calls()
        self.node.join(Seeds(([seed.claim.address], {}), Deferred(cancelled)))
        self.scene.run(5)
        self.node.stop()
        self.scene.run(0.1)
        self.assertEqual(len(cancelled), 1)

    def test_no_registration_follows_a_failed_join(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        seed.answers_joins = False
        joining = self.node.join([seed.claim.address])
        self.scene.run(20)
        self.failureResultOf(joining, JoinFailed)
        seed.heard.clear()
        self.scene.run(60)
        self.assertEqual(seed.messages(JOIN_REQ), [])

    def test_no_registration_follows_a_cancelled_join(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        seed.answers_joins = False
        for after in (0.0, 0.3, 2.0):
            joining = self.node.join([seed.claim.address])
            self.scene.run(after)
            joining.cancel()
            self.failureResultOf(joining, CancelledError)
        seed.heard.clear()
        seed.answers_joins = True
        self.scene.run(60)
        self.assertEqual(seed.messages(JOIN_REQ), [])

    def test_no_registration_follows_a_join_cancelled_during_its_table_exchange(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        silent = self.scene.peer("silent")
        seed.listed = (entry_of(silent),)
        joining = self.node.join([seed.claim.address])
        self.scene.run(0.5)
        self.assertNoResult(joining)
        joining.cancel()
        self.failureResultOf(joining, CancelledError)
        seed.heard.clear()
        self.scene.run(60)
        self.assertEqual(seed.messages(JOIN_REQ), [])

    def test_equal_seeds_joined_repeatedly_are_looked_up_once_for_each_registration(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        for _ in range(50):
            self.node.join([seed.claim.address])
            self.scene.run(1)
        seed.heard.clear()
        self.scene.run(60)
        self.assertIn(len(seed.messages(JOIN_REQ)), (5, 6, 7))
        self.assertEqual(len(self.node._parts.registration._seeds), 1)

    def test_at_most_sixteen_sources_of_seeds_are_kept(self) -> None:
        seed = self.seed("bootstrap", bootstrap=True)
        sources = [Seeds(([seed.claim.address], {})) for _ in range(40)]
        for source in sources:
            self.node.join(source)
            self.scene.run(1)
        before = [source.looked_up for source in sources]
        self.scene.run(11)
        asked = [
            now - then for then, now in zip(before, (s.looked_up for s in sources), strict=True)
        ]
        self.assertLessEqual(sum(1 for count in asked if count), 16)
        self.assertGreater(asked[-1], 0, "the latest sources are kept")


class AnnouncerTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        parts = self.parts
        self.reached = Calls()
        self.announcer = parts.use(
            Announcer(parts.membership, parts.messenger, parts.config, self.reached)
        )
        self.peer = self.scene.peer("a")

    def announce(self, peer: Peer | None = None, **more: Any) -> None:
        self.announcer.announce(entry_of(peer or self.peer), **more)
        self.scene.run(0.01)

    def test_an_announcement_is_one_ping_with_our_alive(self) -> None:
        self.announce()
        (ping,) = self.peer.messages()
        self.assertEqual((ping.type, ping.target, ping.updates), (PING, "a", (self.parts.me,)))

    def test_the_ack_to_an_announcement_carries_the_record_of_the_peer(self) -> None:
        there = self.scene.member("there")
        PingResponder(there.membership, there.protocol, there.counters, Calls())
        self.announcer.announce(Contact("there", there.me.address, 0, EPOCH))
        self.scene.run(1)
        self.assertEqual(self.parts.membership.claim("there"), there.me)
        self.assertEqual(self.reached.all, [(there.me.address, Route.DATAGRAM)])
        there.close()

    def test_only_one_announcement_to_a_peer_is_under_way_at_a_time(self) -> None:
        self.announce()
        self.announce()
        self.assertEqual(len(self.peer.messages()), 1)
        self.scene.run(2)
        self.peer.heard.clear()
        self.announce()
        self.assertEqual(len(self.peer.messages()), 1)

    def test_a_peer_that_does_not_answer_an_announcement_is_not_accused(self) -> None:
        self.announce()
        self.scene.run(3)
        self.assertEqual((self.reached.all, self.parts.events), ([], []))

    def test_at_most_eight_announcements_to_strangers_are_under_way_at_a_time(self) -> None:
        for number in range(20):
            self.announcer.announce(
                Contact(f"s{number}", Address("10.0.200.1", number + 1), 0, EPOCH), strange=True
            )
        self.announce(strange=True)
        self.assertEqual(self.peer.heard, [])
        self.announce()
        self.assertEqual(len(self.peer.heard), 1, "listed peers are announced to all the same")

    def test_a_contact_is_unknown_unless_the_table_holds_that_run_of_it(self) -> None:
        is_unknown, entry = self.announcer.is_unknown, entry_of(self.peer)
        self.assertTrue(is_unknown(entry))
        self.parts.knows(self.peer.claim)
        self.assertFalse(is_unknown(entry))
        self.assertTrue(is_unknown(entry._replace(epoch=EPOCH + 1)))
        self.assertFalse(is_unknown(Contact("me", Address("10.9.9.9", 9), 0, EPOCH + 9)))
        self.assertFalse(is_unknown(Contact("x", self.parts.me.address, 0, EPOCH)))

    def test_no_announcement_is_sent_to_ourselves(self) -> None:
        self.announcer.announce(Contact("me", self.peer.claim.address, 0, EPOCH))
        self.scene.run(0.1)
        self.assertEqual(self.peer.heard, [])

    def test_a_stopped_announcer_sends_no_more_pings(self) -> None:
        self.announce()
        self.announcer.stop()
        self.scene.run(2)
        self.assertEqual(len(self.peer.messages()), 1)


class GroupTests(SynchronousTestCase):
    def test_all_members_know_each_other_after_joining_by_random_members(self) -> None:
        for seed in range(5):
            scene = Scene(seed)
            nodes: list[Node] = []
            for number in range(8):
                node = scene.node(f"n{number}")
                node.start()
                if nodes:
                    node.join([scene.chance.choice(nodes).address])
                nodes.append(node)
                scene.run(scene.chance.random())
            scene.run(5)
            self.assertEqual([node.membership.living for node in nodes], [8] * 8)
            for node in nodes:
                node.stop()
            scene.run(0.1)
            for node in nodes:
                self.assertEqual(list(node._reactor.getDelayedCalls()), [])
