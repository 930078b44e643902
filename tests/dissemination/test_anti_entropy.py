"""Table exchange: two members compare what they hold, and send each other what differs."""

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
    """Give a member what table exchanges need."""
    PingResponder(parts.membership, parts.protocol, parts.counters, Calls())
    room = parts.use(
        AntiEntropy(parts.reactor, parts.chance, parts.membership, parts.messenger, parts.config)
    )
    parts.membership.become(parts.me)  # as a node does, once all its rooms are there
    return room


def records(parts: MemberParts) -> dict[str, tuple[Any, ...]]:
    """What a member holds, by name."""
    return {claim.name: claim.key for claim in parts.membership.claims()}


class DigestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.membership = Membership(lambda: NOW)
        self.digests = TableDigest(self.membership)
        self.membership.watch(self.digests.changed, WatchOrder.ANTI_ENTROPY)

    def test_an_empty_table_has_a_digest_of_64_parts(self) -> None:
        self.assertEqual(self.digests.current(), (0,) * 64)

    def test_one_record_more_changes_its_part_only(self) -> None:
        before = self.digests.current()
        self.membership.apply(member("a"))
        self.assertEqual(differing(before, self.digests.current()), 1 << part_of("a"))

    def test_every_part_of_precedence_tells(self) -> None:
        a = member("a")
        several = [a, a.alive(1), a.suspected("x"), a.failed("x"), a.departed(), member("b")]
        several.append(Claim("a", a.address, EPOCH + 1))
        self.assertEqual(len({hash_of(claim) for claim in several}), len(several))

    def test_a_digest_that_is_missing_differs_everywhere(self) -> None:
        self.assertEqual(differing((), self.digests.current()), ALL_PARTS)

    def test_the_records_of_wanted_parts_are_given(self) -> None:
        for name in "abcdef":
            self.membership.apply(member(name))
        wanted = 1 << part_of("a") | 1 << part_of("b")
        found = {claim.name for claim in self.digests.in_parts(wanted)}
        self.assertEqual(found, {n for n in "abcdef" if wanted >> part_of(n) & 1})
        self.assertLessEqual({"a", "b"}, found)

    def test_who_was_forgotten_is_in_it_no_more(self) -> None:
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


class BetweenTwo(ComponentTestCase):
    """Two members with all they need, one asking the other."""

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

    def test_both_hold_what_either_knew(self) -> None:
        self.parts.knows(member("a"), member("c", incarnation=1))
        self.partner.knows(member("b"), member("c"), member("gone", state=State.LEFT))
        self.exchange()
        self.assertEqual(self.done.all, [(True,)])
        self.assertEqual(records(self.parts), records(self.partner))
        self.assertEqual(sorted(records(self.parts)), ["a", "b", "c", "gone", "me", "partner"])

    def test_what_has_just_come_is_not_sent_back(self) -> None:
        told: list[str] = []
        self.partner.protocol.on_message(
            TABLE, lambda message, address: told.extend(c.name for c in message.updates)
        )
        self.parts.knows(member("a"))
        self.partner.knows(*(member(f"b{number}") for number in range(20)))
        self.exchange()
        self.assertEqual(records(self.parts), records(self.partner))
        self.assertEqual([name for name in told if name not in ("me", "a")], [])

    def test_by_datagrams_too(self) -> None:
        self.network.silence_streams(self.address.host)
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange(3.0)
        self.assertEqual(self.done.all, [(True,)])
        self.assertEqual(records(self.parts), records(self.partner))

    def test_by_streams_too(self) -> None:
        self.network.block_datagrams()
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange()
        self.assertEqual(records(self.parts), records(self.partner))
        self.scene.run(0.1)
        self.assertEqual(self.parts.streams._open, {}, "and it is closed when both are done")

    def test_a_large_table_takes_several_datagrams_none_too_large(self) -> None:
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

    def test_a_member_of_a_long_name_and_many_tags_asks_in_one_datagram(self) -> None:
        self.network.silence_streams(self.address.host)
        sizes: list[int] = []
        self.network.trace = lambda time, source, to, data: sizes.append(len(data))
        large = self.scene.member("x" * 128)
        room = equipped(large)
        large.membership.update_me({f"k{n:02}": "x" * 13 for n in range(32)})
        large.news.clear()
        room.exchange(self.address, self.done)
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

    def test_what_is_asked_for_is_no_news_to_the_group_and_what_is_told_is(self) -> None:
        self.parts.knows(member("a"))
        self.partner.knows(member("b"))
        self.exchange()
        self.assertFalse(self.parts.news.pending)
        self.assertTrue(self.partner.news.pending)

    def test_lost_pages_are_asked_for_again(self) -> None:
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

    def test_with_nobody_there_it_gives_up(self) -> None:
        self.partner.reactor.kill()
        self.exchange(10.0)
        self.assertEqual(self.done.all, [(False,)])

    def test_a_host_that_accepts_and_says_nothing_is_asked_by_datagrams_in_the_end(self) -> None:
        self.network.mute_streams(self.address.host)
        self.partner.knows(member("b"))
        self.exchange(7.0)
        self.assertEqual((self.done.all, self.parts.state("b")), ([(True,)], "alive"))

    def test_stopped_in_the_middle_nothing_is_left_and_nobody_is_told(self) -> None:
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

    def test_the_ages_of_those_gone_go_along(self) -> None:
        self.partner.knows(member("gone", state=State.LEFT))
        self.scene.run(1800)
        self.exchange()
        self.assertIn(round(self.parts.membership.age("gone")), (1801, 1802))

    @settings(max_examples=25)
    @given(st.lists(claims(), max_size=20), st.lists(claims(), max_size=20), st.sampled_from("suv"))
    def test_whatever_two_members_hold_they_agree_afterwards(
        self, ours: list[Claim], theirs: list[Claim], route: str
    ) -> None:
        """As long as nobody stands accused: accusations of a table are looked into first."""
        scene = Scene()
        desks = [scene.member("me"), scene.member("partner")]
        rooms = [equipped(parts) for parts in desks]
        if route == "u":
            scene.network.silence_streams(desks[1].me.address.host)
        elif route == "s":
            scene.network.block_datagrams()
        for parts, those in zip(desks, (ours, theirs), strict=True):
            for claim in those:
                if claim.name not in ("me", "partner"):
                    fresh = replace(claim, evidence=(), age=0.0)
                    parts.membership.apply(
                        fresh if claim.state is State.LEFT else fresh.alive(), proven=True
                    )
        done = Calls()
        rooms[0].exchange(desks[1].me.address, done)
        scene.run(10)
        self.assertEqual(done.all, [(True,)])
        first, second = records(desks[0]), records(desks[1])
        disputed = {
            claim.name
            for claim in [*ours, *theirs]
            if len({c.address for c in [*ours, *theirs] if c.name == claim.name}) > 1
        }
        for name in {*first, *second} - disputed:
            self.assertEqual(first.get(name), second.get(name), name)


class Answered(ComponentTestCase):
    """Who asks us, in bytes."""

    def setUp(self) -> None:
        super().setUp()
        self.room = equipped(self.parts)
        self.peer = self.scene.peer("a")
        self.parts.knows(*(member(f"m{n}") for n in range(20)))

    def ask(self, peer: Peer | None = None, **more: Any) -> None:
        (peer or self.peer).say(
            self.parts.me.address, DIGEST, **{"sequence": 7, "digest": (0,) * 64, **more}
        )

    def test_a_table_goes_by_datagram_only_to_who_answers_at_its_address(self) -> None:
        """Or anybody could have us send much to somebody else, for little."""
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

    def test_who_has_answered_once_is_not_asked_again(self) -> None:
        self.peer.answering = True
        self.ask()
        self.scene.run(0.5)
        self.peer.heard.clear()
        self.ask()
        self.scene.run(0.5)
        self.assertEqual([m.type for m in self.peer.messages()], [TABLE])

    def test_a_digest_of_the_wrong_length_is_no_message(self) -> None:
        self.peer.answering = True
        self.ask(digest=(1, 2, 3))
        self.scene.run(0.5)
        self.assertEqual((self.peer.heard, self.parts.counters.malformed), ([], {"length": 1}))


class TakenUp(ComponentTestCase):
    """What a table accuses others of is looked into before it is believed."""

    def setUp(self) -> None:
        super().setUp()
        self.room = equipped(self.parts)
        self.teller, self.accused = self.others("teller", "accused")
        self.scene.network.silence_streams(self.accused.claim.address.host)

    def tell(self, claim: Claim) -> None:
        self.teller.say(self.parts.me.address, TABLE, updates=(claim,), pages=1)

    def test_one_that_answers_is_not_taken_for_failed(self) -> None:
        self.accused.answering = True
        failed = self.accused.claim.failed("teller", [Evidence("teller", Observation.SILENT)])
        self.tell(failed)
        self.scene.run(2)
        self.assertEqual(self.parts.state("accused"), "alive")
        self.assertEqual(self.accused.updates(), [failed], "and hears of what it is accused")

    def test_one_that_is_silent_is(self) -> None:
        self.tell(self.accused.claim.failed("teller"))
        self.assertEqual(self.parts.state("accused"), "alive")
        self.scene.run(1.1)
        self.assertEqual(self.parts.state("accused"), "failed")

    def test_what_it_says_of_itself_is_believed_at_once(self) -> None:
        self.tell(self.accused.claim.departed())
        self.assertEqual(self.parts.state("accused"), "left")

    def test_of_somebody_unknown_or_gone_anything_is_believed(self) -> None:
        self.tell(member("unknown").failed("teller"))
        self.assertEqual(self.parts.state("unknown"), "failed")

    def test_a_later_run_is_believed(self) -> None:
        later = replace(self.accused.claim, epoch=EPOCH + 1).failed("teller")
        self.tell(later)
        self.assertEqual(self.parts.state("accused"), "failed")

    def test_what_it_says_of_us_is_refuted(self) -> None:
        self.tell(self.parts.me.failed("teller"))
        self.assertEqual((self.parts.state("me"), self.parts.me.incarnation), ("alive", 1))

    def test_it_is_asked_once_however_many_tables_accuse_it(self) -> None:
        for _ in range(3):
            self.tell(self.accused.claim.failed("teller"))
        self.scene.run(0.05)
        self.assertEqual(len(self.accused.messages(PING)), 1)


class FromTimeToTime(ComponentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.room = equipped(self.parts)

    def test_every_half_minute_somebody_is_asked(self) -> None:
        self.peer = self.others("a")[0]
        self.scene.network.refuse_streams(self.peer.claim.address.host)
        self.room.start()
        self.scene.run(600)
        starts = [at for at in self.peer.times(DIGEST)]
        exchanges = [at for n, at in enumerate(starts) if not n or at - starts[n - 1] > 10_000]
        self.assertIn(len(exchanges), range(17, 25))
        gaps = {round((b - a) / 1000) for a, b in itertools.pairwise(exchanges)}
        self.assertTrue(gaps <= set(range(22, 39)), gaps)
        self.assertGreater(len(gaps), 3, "at random")

    def test_a_peer_of_seven_fields_is_never_asked(self) -> None:
        old = self.scene.peer("old")
        self.parts.knows(Claim("old", old.claim.address, EPOCH, legacy=True))
        self.room.start()
        self.scene.run(300)
        self.assertEqual(old.heard, [])

    def test_with_one_that_was_held_failed_and_is_back_lists_are_compared_at_once(self) -> None:
        (peer,) = self.others("a")
        self.scene.network.refuse_streams(peer.claim.address.host)
        self.parts.knows(peer.claim.failed("x"))
        self.scene.run(1)
        self.assertEqual(peer.heard, [])
        self.parts.knows(peer.claim.alive(1))
        self.scene.run(0.1)
        self.assertEqual(len(peer.messages(DIGEST)), 1)
        self.scene.run(5)

    def test_stopped_nobody_is_asked(self) -> None:
        (peer,) = self.others("a")
        self.room.start()
        self.room.stop()
        self.scene.run(100)
        self.assertEqual(peer.heard, [])


class Intervals(SynchronousTestCase):
    def test_tables_are_exchanged_more_rarely_in_larger_groups(self) -> None:
        for members, seconds in ((1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (1024, 180)):
            self.assertEqual(exchange_interval(30.0, members), seconds)
