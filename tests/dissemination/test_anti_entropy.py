"""Table exchange: two members compare their tables and send each other the records that differ."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swimtx.addresses import Address
from swimtx.dissemination.anti_entropy import AntiEntropy, exchange_interval
from swimtx.dissemination.digest import ALL_PARTS, TableDigest, differing, hash_of, part_of
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import WatchOrder
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from swimtx.probing.ping_responder import PingResponder
from swimtx.wire.messages import MessageType
from tests.parts import EPOCH, NOW, Calls, ComponentTestCase, MemberParts, Peer, Scene
from tests.strategies import claims

PING, DIGEST, TABLE = MessageType.PING, MessageType.DIGEST, MessageType.TABLE


def member(name: str, **more: Any) -> Claim:
    return Claim(name, Address("10.99.0.1", 7946), EPOCH, **{"by": name, **more})


def equipped(parts: MemberParts) -> AntiEntropy:
    """Give a member the components that table exchanges need."""
    PingResponder(parts.membership, parts.protocol, parts.counters, Calls())
    component = parts.use(
        AntiEntropy(parts.reactor, parts.chance, parts.membership, parts.messenger, parts.config)
    )
    parts.membership.become(parts.me)  # as a node does, after construction
    return component


def records(parts: MemberParts) -> dict[str, tuple[Any, ...]]:
    """The precedence of each record that a member holds, by name."""
    return {claim.name: claim.key for claim in parts.membership.claims()}


class DigestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.membership = Membership(lambda: NOW)
        self.digests = TableDigest(self.membership)
        self.membership.watch(self.digests.changed, WatchOrder.ANTI_ENTROPY)

    def test_an_empty_table_has_a_digest_of_64_parts(self) -> None:
        self.assertEqual(self.digests.current(), (0,) * 64)

    def test_an_additional_record_changes_the_hash_of_its_part_only(self) -> None:
        before = self.digests.current()
        self.membership.apply(member("a"))
        self.assertEqual(differing(before, self.digests.current()), 1 << part_of("a"))

    def test_records_that_differ_in_precedence_have_different_hashes(self) -> None:
        a = member("a")
        several = [a, a.alive(1), a.suspected("x"), a.failed("x"), a.departed(), member("b")]
        several.append(Claim("a", a.address, EPOCH + 1))
        self.assertEqual(len({hash_of(claim) for claim in several}), len(several))

    def test_an_empty_digest_differs_in_all_parts(self) -> None:
        self.assertEqual(differing((), self.digests.current()), ALL_PARTS)

    def test_in_parts_gives_the_records_of_the_wanted_parts(self) -> None:
        for name in "abcdef":
            self.membership.apply(member(name))
        wanted = 1 << part_of("a") | 1 << part_of("b")
        found = {claim.name for claim in self.digests.in_parts(wanted)}
        self.assertEqual(found, {n for n in "abcdef" if wanted >> part_of(n) & 1})
        self.assertLessEqual({"a", "b"}, found)

    def test_a_forgotten_member_is_removed_from_the_digest(self) -> None:
        self.membership.apply(member("a"))
        before = self.digests.current()
        self.membership.apply(member("b"))
        self.membership.forget("b")
        self.assertEqual(self.digests.current(), before)
        self.membership.clear()
        self.assertEqual(self.digests.current(), (0,) * 64)

    @given(st.lists(claims(), max_size=15), st.randoms())
    def test_equal_tables_have_equal_digests_however_they_came_about(
        self, those: list[Claim], chance: Any
    ) -> None:
        digests = []
        tables = []
        for _ in range(2):
            chance.shuffle(those)
            membership = Membership(lambda: NOW)
            digest = TableDigest(membership)
            membership.watch(digest.changed, WatchOrder.ANTI_ENTROPY)
            for claim in [*those, *those]:
                membership.apply(claim, proven=True)
            digests.append(digest.current())
            tables.append({claim.name: claim.key for claim in membership.claims()})
        self.assertEqual(tables[0] == tables[1], digests[0] == digests[1])


class TableExchangeTests(ComponentTestCase):
    """Exchanges between two members, one of which starts them."""

    def setUp(self) -> None:
        super().setUp()
        self.here = equipped(self.parts)
        self.partner = self.scene.member("partner")
        self.there = equipped(self.partner)
        self.addCleanup(self.partner.close)
        self.done = Calls()
        self.address = self.partner.me.address
        self.network = self.scene.network

    def exchange(self, seconds: float = 1.0) -> None:
        self.here.exchange(self.address, self.done)
        self.scene.run(seconds)

    def test_after_an_exchange_both_members_hold_the_records_of_either(self) -> None:
        self.parts.knows(member("a"), member("c", incarnation=1))
        self.partner.knows(member("b"), member("c"), member("gone", state=State.LEFT))
        self.exchange()
        self.assertEqual(self.done.all, [(True,)])
        self.assertEqual(records(self.parts), records(self.partner))
        self.assertEqual(sorted(records(self.parts)), ["a", "b", "c", "gone", "me", "partner"])

    def test_records_received_in_an_exchange_are_not_sent_back(self) -> None:
        sent_names: list[str] = []
        self.partner.protocol.on_message(
            TABLE, lambda message, address: sent_names.extend(c.name for c in message.updates)
        )
        self.parts.knows(member("a"))
        self.partner.knows(*(member(f"b{number}") for number in range(20)))
        self.exchange()
        self.assertEqual(records(self.parts), records(self.partner))
        self.assertEqual([name for name in sent_names if name not in ("me", "a")], [])

    def test_an_exchange_without_streams_goes_by_datagrams(self) -> None:
        self.network.silence_streams(self.address.host)
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange(3.0)
        self.assertEqual(self.done.all, [(True,)])
        self.assertEqual(records(self.parts), records(self.partner))

    def test_an_exchange_without_datagrams_goes_by_a_stream(self) -> None:
        self.network.block_datagrams()
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange()
        self.assertEqual(records(self.parts), records(self.partner))
        self.scene.run(0.1)
        self.assertEqual(self.parts.streams._open, {}, "the stream is closed after the exchange")

    def test_a_large_table_takes_several_datagrams_of_at_most_1400_bytes(self) -> None:
        self.network.silence_streams(self.address.host)
        sizes: list[int] = []
        self.network.trace = lambda time, source, to, data: sizes.append(len(data))
        tags = tuple((f"k{n:02}", "x" * 13) for n in range(32))
        self.partner.knows(*(member(f"m{n}", tags=tags) for n in range(100)))
        self.parts.knows(*(member(f"x{n}") for n in range(500)))
        self.exchange(3.0)
        self.assertEqual(self.done.all, [(True,)])
        self.assertEqual(records(self.parts), records(self.partner))
        self.assertLessEqual(max(sizes), 1400)
        self.assertGreater(len(sizes), 100)

    def test_a_member_of_a_long_name_and_many_tags_sends_its_digest_in_one_datagram(self) -> None:
        self.network.silence_streams(self.address.host)
        sizes: list[int] = []
        self.network.trace = lambda time, source, to, data: sizes.append(len(data))
        large = self.scene.member("x" * 128)
        component = equipped(large)
        large.membership.update_me({f"k{n:02}": "x" * 13 for n in range(32)})
        large.news.clear()
        component.exchange(self.address, self.done)
        self.scene.run(3.0)
        self.assertLessEqual(max(sizes), 1400)
        self.assertEqual(records(large), records(self.partner))
        large.close()

    def test_equal_tables_send_no_record(self) -> None:
        for parts in (self.parts, self.partner):
            parts.knows(*(member(f"m{n}") for n in range(50)), self.parts.me, self.partner.me)
        tables: list[int] = []
        self.partner.protocol.on_message(TABLE, lambda m, a: tables.append(len(m.updates)))
        self.parts.protocol.on_message(TABLE, lambda m, a: tables.append(len(m.updates)))
        self.exchange()
        self.assertEqual((self.done.all, tables), ([(True,)], [0]))

    def test_the_answering_member_spreads_records_it_received_and_the_asking_member_does_not(
        self,
    ) -> None:
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange()
        self.assertFalse(self.parts.news.pending)
        self.assertTrue(self.partner.news.pending)

    def test_lost_pages_are_requested_again(self) -> None:
        self.network.silence_streams(self.address.host)
        self.partner.knows(*(member(f"m{n}") for n in range(200)))
        self.network.lose(0.3)
        self.exchange(10.0)
        self.assertEqual(len(self.done), 1)
        self.network.lose(0.0)
        if self.done.all == [(True,)]:
            self.assertGreaterEqual(len(records(self.parts)), 200)
        self.exchange(3.0)
        self.assertEqual(records(self.parts), records(self.partner))

    def test_an_exchange_with_a_dead_host_fails(self) -> None:
        self.partner.reactor.kill()
        self.exchange(10.0)
        self.assertEqual(self.done.all, [(False,)])

    def test_a_member_that_accepts_a_stream_but_is_silent_is_asked_by_datagrams_after_a_while(
        self,
    ) -> None:
        self.network.mute_streams(self.address.host)
        self.partner.knows(member("b"))
        self.exchange(7.0)
        self.assertEqual((self.done.all, self.parts.state("b")), ([(True,)], "alive"))

    def test_an_exchange_stopped_midway_leaves_no_timer_and_does_not_call_back(self) -> None:
        for seconds in (0.0, 0.0005, 0.0015, 0.0025, 0.0035):
            self.exchange(seconds)
            self.here.stop()
            self.scene.run(0.01)
            self.assertEqual(list(self.parts.reactor.getDelayedCalls()), [])
        self.partner.reactor.kill()
        self.exchange(1.5)
        self.here.stop()
        self.scene.run(10)
        self.assertEqual(len(self.done), 0)

    def test_an_exchange_transfers_the_age_of_a_record_of_a_left_member(self) -> None:
        self.partner.knows(member("gone", state=State.LEFT))
        self.scene.run(1800)
        self.exchange()
        self.assertIn(round(self.parts.membership.age("gone")), (1801, 1802))

    @settings(max_examples=25)
    @given(st.lists(claims(), max_size=20), st.lists(claims(), max_size=20), st.sampled_from("suv"))
    def test_two_members_with_any_tables_hold_equal_records_after_an_exchange(
        self, ours: list[Claim], theirs: list[Claim], transport: str
    ) -> None:
        """Without accusations: a member that a table accuses is probed first."""
        scene = Scene()
        members = [scene.member("me"), scene.member("partner")]
        components = [equipped(parts) for parts in members]
        if transport == "u":
            scene.network.silence_streams(members[1].me.address.host)
        elif transport == "s":
            scene.network.block_datagrams()
        for parts, those in zip(members, (ours, theirs), strict=True):
            for claim in those:
                if claim.name not in ("me", "partner"):
                    fresh = replace(claim, evidence=(), age=0.0)
                    parts.membership.apply(
                        fresh if claim.state is State.LEFT else fresh.alive(), proven=True
                    )
        done = Calls()
        components[0].exchange(members[1].me.address, done)
        scene.run(10)
        self.assertEqual(done.all, [(True,)])
        first, second = records(members[0]), records(members[1])
        disputed = {
            claim.name
            for claim in [*ours, *theirs]
            if len({c.address for c in [*ours, *theirs] if c.name == claim.name}) > 1
        }
        for name in {*first, *second} - disputed:
            self.assertEqual(first.get(name), second.get(name), name)


class DigestReceivedTests(ComponentTestCase):
    """Encoded DIGESTs of a peer, and the answers to them."""

    def setUp(self) -> None:
        super().setUp()
        equipped(self.parts)
        self.peer = self.scene.peer("a")
        self.parts.knows(*(member(f"m{n}") for n in range(20)))

    def ask(self, peer: Peer | None = None, **more: Any) -> None:
        (peer or self.peer).say(
            self.parts.me.address, DIGEST, **{"sequence": 7, "digest": (0,) * 64, **more}
        )

    def test_a_table_is_sent_by_datagram_only_to_an_address_that_answers_a_ping(self) -> None:
        """Else a small forged DIGEST would send a large table to another host."""
        self.ask()
        self.scene.run(0.5)
        self.assertEqual(self.peer.times(PING), [2, 102, 202])
        self.assertEqual(self.peer.messages(TABLE), [])
        self.peer.answering = True
        self.ask()
        self.scene.run(0.5)
        (table,) = self.peer.messages(TABLE)
        self.assertEqual((table.sequence, table.page, table.pages), (7, 0, 1))
        self.assertEqual({c.name for c in table.updates}, {"me", *(f"m{n}" for n in range(20))})

    def test_an_address_that_has_answered_is_not_pinged_again(self) -> None:
        self.peer.answering = True
        self.ask()
        self.scene.run(0.5)
        self.peer.heard.clear()
        self.ask()
        self.scene.run(0.5)
        self.assertEqual([m.type for m in self.peer.messages()], [TABLE])

    def test_a_digest_of_the_wrong_length_is_malformed(self) -> None:
        self.peer.answering = True
        self.ask(digest=(1, 2, 3))
        self.scene.run(0.5)
        self.assertEqual((self.peer.heard, self.parts.counters.malformed), ([], {"length": 1}))


class TableReceivedTests(ComponentTestCase):
    """Records of a TABLE that a peer sends: an accused member is probed first."""

    def setUp(self) -> None:
        super().setUp()
        equipped(self.parts)
        self.sender, self.accused = self.others("sender", "accused")
        self.scene.network.silence_streams(self.accused.claim.address.host)

    def send_table(self, claim: Claim) -> None:
        self.sender.say(self.parts.me.address, TABLE, updates=(claim,), pages=1)

    def test_an_accused_member_that_answers_a_probe_stays_alive(self) -> None:
        self.accused.answering = True
        failed = self.accused.claim.failed("sender", [Evidence("sender", Observation.SILENT)])
        self.send_table(failed)
        self.scene.run(2)
        self.assertEqual(self.parts.state("accused"), "alive")
        self.assertEqual(
            self.accused.updates(), [failed], "the accused member receives the accusation"
        )

    def test_an_accused_member_that_does_not_answer_a_probe_becomes_failed(self) -> None:
        self.send_table(self.accused.claim.failed("sender"))
        self.assertEqual(self.parts.state("accused"), "alive")
        self.scene.run(1.1)
        self.assertEqual(self.parts.state("accused"), "failed")

    def test_a_record_that_a_member_made_of_itself_is_applied_at_once(self) -> None:
        self.send_table(self.accused.claim.departed())
        self.assertEqual(self.parts.state("accused"), "left")

    def test_a_record_of_an_unknown_member_is_applied_at_once(self) -> None:
        self.send_table(member("unknown").failed("sender"))
        self.assertEqual(self.parts.state("unknown"), "failed")

    def test_a_record_of_a_later_run_is_applied_at_once(self) -> None:
        later = replace(self.accused.claim, epoch=EPOCH + 1).failed("sender")
        self.send_table(later)
        self.assertEqual(self.parts.state("accused"), "failed")

    def test_an_accusation_of_the_local_member_is_refuted(self) -> None:
        self.send_table(self.parts.me.failed("sender"))
        self.assertEqual((self.parts.state("me"), self.parts.me.incarnation), ("alive", 1))

    def test_a_member_accused_by_several_tables_is_probed_once(self) -> None:
        for _ in range(3):
            self.send_table(self.accused.claim.failed("sender"))
        self.scene.run(0.05)
        self.assertEqual(len(self.accused.messages(PING)), 1)


class PeriodicExchangeTests(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.component = equipped(self.parts)

    def test_tables_are_exchanged_about_every_half_minute(self) -> None:
        self.peer = self.others("a")[0]
        self.scene.network.refuse_streams(self.peer.claim.address.host)
        self.component.start()
        self.scene.run(600)
        starts = [at for at in self.peer.times(DIGEST)]
        exchanges = [at for n, at in enumerate(starts) if not n or at - starts[n - 1] > 10_000]
        self.assertIn(len(exchanges), range(17, 25))
        gaps = {round((b - a) / 1000) for a, b in itertools.pairwise(exchanges)}
        self.assertTrue(gaps <= set(range(22, 39)), gaps)
        self.assertGreater(len(gaps), 3, "the intervals are random")

    def test_tables_are_never_exchanged_with_a_peer_of_seven_fields(self) -> None:
        old = self.scene.peer("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.component.start()
        self.scene.run(300)
        self.assertEqual(old.heard, [])

    def test_tables_are_exchanged_at_once_with_a_failed_member_that_is_back(self) -> None:
        (peer,) = self.others("a")
        self.scene.network.refuse_streams(peer.claim.address.host)
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.parts.knows(peer.claim.alive(1))
        self.scene.run(0.1)
        self.assertEqual(len(peer.messages(DIGEST)), 1)
        self.scene.run(5)

    def test_no_tables_are_exchanged_after_stop(self) -> None:
        (peer,) = self.others("a")
        self.component.start()
        self.component.stop()
        self.scene.run(100)
        self.assertEqual(peer.heard, [])


class ExchangeIntervalTests(SynchronousTestCase):
    def test_tables_are_exchanged_more_rarely_in_larger_groups(self) -> None:
        for members, seconds in ((1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (1024, 180)):
            self.assertEqual(exchange_interval(30.0, members), seconds)
