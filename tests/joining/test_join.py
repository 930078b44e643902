"""Joining: asking the seeds, comparing lists, greeting the others, and renewing."""

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
    """A seed that answers each JOIN_REQ, and each DIGEST with what it holds.

    @ivar listed: whom it hands out.
    @ivar well_known: whether it is no member.
    """

    listed: tuple[Contact, ...] = ()
    well_known = False
    willing = True

    def _take(self, data: bytes, peer: Any) -> None:
        super()._take(data, peer)
        heard = self.heard[-1]
        if self.willing and heard.message.type is JOIN_REQ:
            self._reply(heard, JOIN_RES, listed=self.listed, bootstrap=self.well_known)
        elif self.willing and heard.message.type is DIGEST:
            self._reply(heard, TABLE, updates=(self.claim,), pages=1)

    def _reply(self, heard: Heard, kind: MessageType, **more: Any) -> None:
        data = self.bytes_of(kind, sequence=heard.message.sequence, **more)
        if type(heard.peer) is Address:
            self.transport.write(data, heard.peer)
        else:
            heard.peer.send(data)


class JoiningTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()
        self.node = self.scene.node("me", table_interval=1000)
        self.node.start()
        self.addCleanup(self._nothing_is_left)

    def _nothing_is_left(self) -> None:
        self.node.stop()
        self.scene.run(0.1)
        self.assertEqual(list(self.node._reactor.getDelayedCalls()), [])

    def seed(self, name: str, *listed: Peer, well_known: bool = False) -> Seed:
        """Somebody who answers."""
        seed = Seed(self.scene, name, self.scene.next_host(), 7946, EPOCH)
        seed.answering = True
        seed.well_known = well_known
        seed.listed = tuple(entry_of(peer) for peer in listed)
        return seed

    def join(self, *seeds: Peer) -> Deferred[Any]:
        return self.node.join([seed.claim.address for seed in seeds])


def entry_of(peer: Peer) -> Contact:
    claim = peer.claim
    return Contact(claim.name, claim.address, claim.incarnation, claim.epoch)


class Asking(JoiningTests):
    def test_every_seed_is_asked_at_once_with_our_alive_and_room_for_an_answer(self) -> None:
        seeds = [self.seed("a"), self.seed("b")]
        self.join(*seeds)
        self.scene.run(0.01)
        for seed in seeds:
            asked = seed.heard[0]
            self.assertEqual((asked.message.type, asked.message.name), (JOIN_REQ, "me"))
            self.assertEqual(asked.message.updates, (self.node._parts.membership.local,))
            self.assertIn(len(asked.data), range(1100, 1401))

    def test_an_empty_list_is_an_answer_we_are_the_first(self) -> None:
        joining = self.join(self.seed("bootstrap", well_known=True))
        self.scene.run(0.01)
        self.assertIs(self.successResultOf(joining), self.node.membership)
        self.assertEqual([m.name for m in self.node.membership.members()], ["me"])

    def test_lists_are_compared_with_the_seed_that_is_a_member(self) -> None:
        seed = self.seed("a")
        joining = self.join(seed)
        self.scene.run(0.1)
        self.successResultOf(joining)
        self.assertEqual(len(seed.messages(DIGEST)), 1)
        self.assertEqual(self.node.membership.living, 2)

    def test_of_those_who_were_handed_out_one_compares_lists_and_all_are_greeted(self) -> None:
        members = [self.seed(name) for name in "abcde"]
        joining = self.join(self.seed("bootstrap", *members, well_known=True))
        self.scene.run(2)
        self.successResultOf(joining)
        self.assertEqual([len(m.messages(DIGEST)) for m in members].count(1), 1)
        for member in members:
            self.assertIn(
                self.node._parts.membership.local.name, [c.name for c in member.updates()]
            )

    def test_where_the_first_does_not_answer_the_next_compares_lists(self) -> None:
        silent = self.scene.peer("silent")
        self.scene.network.refuse_streams(silent.claim.address.host)
        seed = self.seed("bootstrap", silent, self.seed("willing"), well_known=True)
        joining = self.join(seed)
        self.scene.run(9)
        self.successResultOf(joining)
        self.assertEqual(self.node.membership.get("willing") is not None, True)

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

    def test_a_lost_question_is_asked_again(self) -> None:
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

    def test_pauses_between_the_tries_grow(self) -> None:
        seed = self.seed("a")
        seed.willing = False
        joining = self.join(seed)
        self.scene.run(11)
        self.failureResultOf(joining, JoinFailed)
        joins = [round(1000 * heard.at) for heard in seed.heard if len(heard.data) > 1000]
        tries = joins[::2]  # each asks again at the ping timeout
        pauses = [after - before - 1000 for before, after in itertools.pairwise(tries)]
        self.assertIn(pauses[0], range(200, 401))
        self.assertGreater(len(pauses), 2)
        for before, after in itertools.pairwise(pauses):
            self.assertLessEqual(abs(after - 2 * before), 3)

    def test_names_are_looked_up_afresh_for_each_try(self) -> None:
        nothing: Any = ([], {"seed.example": "seed.example does not exist"})
        seeds = Seeds(nothing, ([self.seed("a").claim.address], {}))
        joining = self.node.join(seeds)
        self.assertNoResult(joining)
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual(seeds.looked_up, 2)

    def test_who_fails_names_every_seed_and_why(self) -> None:
        silent = self.scene.peer("silent").claim.address
        joining = self.node.join(Seeds(([silent], {"seed.example": "no such name"})))
        self.scene.run(11)
        error = self.failureResultOf(joining, JoinFailed)
        self.assertEqual(
            error.value.tried, {"seed.example": "no such name", str(silent): "no answer"}
        )
        self.assertIn("no answer", str(error.value))

    def test_nobody_to_ask_but_ourselves_means_that_we_are_the_first(self) -> None:
        for seeds in ([], [self.node.address]):
            self.successResultOf(self.node.join(seeds))

    def test_ourselves_at_another_address_are_no_answer_either(self) -> None:
        """As one that listens everywhere finds itself at an address that it does not go by."""
        everywhere = self.scene.node("all", interface="0.0.0.0", advertise=("10.88.0.1", 0))
        everywhere.start()
        host = cast(MemoryReactor, everywhere._reactor).address
        joining = everywhere.join([(host, 7946)])
        self.scene.run(3)
        self.successResultOf(joining)
        self.assertEqual(everywhere.membership.living, 1)
        everywhere.stop()
        self.scene.run(0.1)

    def test_another_cluster_does_not_answer(self) -> None:
        other = self.scene.node("other", cluster="other")
        other.start()
        joining = self.node.join([other.address])
        self.scene.run(11)
        self.failureResultOf(joining, JoinFailed)
        self.assertGreater(other.counters.other_cluster, 0)
        other.stop()
        self.scene.run(0.1)

    def test_stopping_ends_a_join_at_any_moment(self) -> None:
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

    def test_stopping_while_a_name_is_looked_up_leaves_nothing(self) -> None:
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

    def test_bound_everywhere_it_looks_where_its_seeds_are_and_may_be_stopped_meanwhile(
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

    def test_a_join_of_a_member_bound_to_all_addresses_looks_its_seeds_up_once(self) -> None:
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

    def test_seeds_of_a_program_may_give_plain_pairs(self) -> None:
        """What counts is what an address says, not which class it has."""
        seed = self.seed("a")
        host, port = seed.claim.address
        joining = self.node.join(Seeds(([(host, port)], {})))
        self.scene.run(1)
        self.successResultOf(joining)
        self.assertEqual(self.node.membership.living, 2)

    def test_seeds_of_a_program_that_give_no_address_are_a_failed_join(self) -> None:
        for wrong in ([("no address", 1)], [("10.0.0.9", 0)], ["10.0.0.9:1"], [5], [("10.0.0.9",)]):
            joining = self.node.join(Seeds((wrong, {})))
            self.scene.run(20)
            failed = self.failureResultOf(joining, JoinFailed)
            self.assertIn(str(wrong[0]), str(failed.value))


class Answering_(JoiningTests):  # noqa: N801
    def test_a_member_that_is_a_seed_answers_with_itself_in_the_list(self) -> None:
        peer = self.scene.peer("new")
        peer.say(self.node.address, JOIN_REQ, sequence=7, updates=(peer.claim,))
        self.scene.run(0.01)
        answer = peer.last(JOIN_RES)
        me = self.node._parts.membership.local
        self.assertEqual((answer.sequence, answer.bootstrap), (7, False))
        self.assertEqual(answer.listed, (Contact("me", me.address, me.incarnation, me.epoch),))
        self.assertEqual(self.node.membership.living, 2)


class Renewing(JoiningTests):
    def test_it_is_announced_to_a_well_known_node_every_ten_seconds(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        self.join(seed)
        self.scene.run(62)
        times = seed.times(JOIN_REQ)[1:]
        self.assertIn(len(times), (6, 7))
        for before, after in itertools.pairwise(times):
            self.assertIn(after - before, range(8990, 11010))
        renewal = seed.heard[-1]
        self.assertEqual(renewal.message.updates[-1], self.node._parts.membership.local)
        self.assertLess(len(renewal.data), 500)

    def test_a_seed_that_is_a_member_is_not_told_again(self) -> None:
        seed = self.seed("a")
        self.join(seed)
        self.scene.run(60)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 1)

    def test_a_seed_that_was_a_member_and_is_gone_is_asked_again(self) -> None:
        seed = self.seed("a")
        self.join(seed)
        self.scene.run(1)
        seed.willing = seed.answering = False
        self.scene.run(100)
        self.assertGreater(len(seed.messages(JOIN_REQ)), 2)

    def test_strangers_in_the_answer_are_contacted(self) -> None:
        """Who runs several islands by accident finds them joined in a while."""
        seed = self.seed("bootstrap", well_known=True)
        self.join(seed)
        self.scene.run(1)
        stranger = self.seed("stranger")
        seed.listed = (entry_of(stranger),)
        self.scene.run(15)
        self.assertEqual(self.node.membership.living, 2)
        self.assertEqual(len(stranger.messages(DIGEST)), 1)
        before = len(stranger.messages(DIGEST))
        self.scene.run(15)
        self.assertEqual(len(stranger.messages(DIGEST)), before, "then it is none any more")

    def test_the_well_known_node_hears_of_our_leaving(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        self.join(seed)
        self.scene.run(15)
        self.node.leave()
        self.scene.run(1)
        self.assertEqual(seed.last(MessageType.FAIL).name, "me")
        before = len(seed.messages(JOIN_REQ))
        self.scene.run(30)
        self.assertEqual(len(seed.messages(JOIN_REQ)), before)

    def test_after_a_look_up_that_failed_the_next_renewal_comes_all_the_same(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        found: Any = ([seed.claim.address], {})
        self.node.join(Seeds(found, LookupError("no name server"), found))
        self.scene.run(5)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 1)
        self.scene.run(10)
        self.assertEqual(len(seed.messages(JOIN_REQ)), 2)

    def test_stopping_ends_a_look_up_for_a_renewal(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        cancelled = Calls()
        self.node.join(Seeds(([seed.claim.address], {}), Deferred(cancelled)))
        self.scene.run(5)
        self.node.stop()
        self.scene.run(0.1)
        self.assertEqual(len(cancelled), 1)

    def test_a_join_that_failed_leaves_nothing_to_renew(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        seed.willing = False
        joining = self.node.join([seed.claim.address])
        self.scene.run(20)
        self.failureResultOf(joining, JoinFailed)
        seed.heard.clear()
        self.scene.run(60)
        self.assertEqual(seed.messages(JOIN_REQ), [])

    def test_a_join_that_was_cancelled_leaves_nothing_to_renew(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        seed.willing = False
        for after in (0.0, 0.3, 2.0):
            joining = self.node.join([seed.claim.address])
            self.scene.run(after)
            joining.cancel()
            self.failureResultOf(joining, CancelledError)
        seed.heard.clear()
        seed.willing = True
        self.scene.run(60)
        self.assertEqual(seed.messages(JOIN_REQ), [])

    def test_a_join_cancelled_while_tables_are_compared_leaves_nothing_to_renew(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
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

    def test_equal_seeds_joined_again_are_looked_up_once_for_each_renewal(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
        for _ in range(50):
            self.node.join([seed.claim.address])
            self.scene.run(1)
        seed.heard.clear()
        self.scene.run(60)
        self.assertIn(len(seed.messages(JOIN_REQ)), (5, 6, 7))
        self.assertEqual(len(self.node._parts.registration._seeds), 1)

    def test_the_sources_of_many_different_joins_are_bounded(self) -> None:
        seed = self.seed("bootstrap", well_known=True)
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
        self.assertGreater(asked[-1], 0, "the latest ones are kept")


class GreetingTests(ComponentTestCase):
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

    def test_one_ping_with_our_alive_makes_us_known(self) -> None:
        self.announce()
        (ping,) = self.peer.messages()
        self.assertEqual((ping.type, ping.target, ping.updates), (PING, "a", (self.parts.me,)))

    def test_the_ack_brings_the_record_of_whoever_is_there(self) -> None:
        there = self.scene.member("there")
        PingResponder(there.membership, there.protocol, there.counters, Calls())
        self.announcer.announce(Contact("there", there.me.address, 0, EPOCH))
        self.scene.run(1)
        self.assertEqual(self.parts.membership.claim("there"), there.me)
        self.assertEqual(self.reached.all, [(there.me.address, Route.DATAGRAM)])
        there.close()

    def test_nobody_is_greeted_twice_at_a_time(self) -> None:
        self.announce()
        self.announce()
        self.assertEqual(len(self.peer.messages()), 1)
        self.scene.run(2)
        self.peer.heard.clear()
        self.announce()
        self.assertEqual(len(self.peer.messages()), 1)

    def test_who_does_not_answer_was_not_reached_and_is_not_accused(self) -> None:
        self.announce()
        self.scene.run(3)
        self.assertEqual((self.reached.all, self.parts.events), ([], []))

    def test_of_strangers_that_only_speak_for_themselves_a_few_are_greeted_at_a_time(self) -> None:
        for number in range(20):
            self.announcer.announce(
                Contact(f"s{number}", Address("10.0.200.1", number + 1), 0, EPOCH), strange=True
            )
        self.announce(strange=True)
        self.assertEqual(self.peer.heard, [])
        self.announce()
        self.assertEqual(len(self.peer.heard), 1, "others are greeted none the less")

    def test_news_is_whom_the_list_does_not_have_in_that_run(self) -> None:
        is_unknown, entry = self.announcer.is_unknown, entry_of(self.peer)
        self.assertTrue(is_unknown(entry))
        self.parts.knows(self.peer.claim)
        self.assertFalse(is_unknown(entry))
        self.assertTrue(is_unknown(entry._replace(epoch=EPOCH + 1)))
        self.assertFalse(is_unknown(Contact("me", Address("10.9.9.9", 9), 0, EPOCH + 9)))
        self.assertFalse(is_unknown(Contact("x", self.parts.me.address, 0, EPOCH)))

    def test_we_do_not_greet_ourselves(self) -> None:
        self.announcer.announce(Contact("me", self.peer.claim.address, 0, EPOCH))
        self.scene.run(0.1)
        self.assertEqual(self.peer.heard, [])

    def test_stopped_it_waits_for_nobody(self) -> None:
        self.announce()
        self.announcer.stop()
        self.scene.run(2)
        self.assertEqual(len(self.peer.messages()), 1)


class Whole(SynchronousTestCase):
    def test_whoever_joins_by_whomever_all_know_all(self) -> None:
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
