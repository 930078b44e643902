"""The member list: what it holds after any claims, what it tells, and what it leaves undecided."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swimtx.addresses import Address
from swimtx.interfaces import IMembership
from swimtx.limits import MAX_INCARNATION
from swimtx.membership.claim import Claim, State
from swimtx.membership.events import Change, Event, WatchOrder, event_between
from swimtx.membership.member import Member
from swimtx.membership.observation import Evidence, Observation
from swimtx.membership.table import Membership
from tests.parts import Scene
from tests.strategies import DAY, EPOCH, NOW, claims, incarnations, rivals

HOUR = 3600
HERE = Address("10.0.0.1", 7946)
THERE = Address("10.0.0.2", 7946)
ME = Claim("me", HERE, EPOCH, by="me")
OTHER = Claim("n2", THERE, EPOCH, 3, by="n2")
LATER = replace(OTHER, epoch=EPOCH + 5, incarnation=0)
ELSEWHERE = replace(LATER, address=Address("10.0.0.9", 7946))


class Clock:
    """Shows what it is set to, in seconds."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def table(membership: Membership) -> dict[str, Claim]:
    """Everything that is held, by name."""
    return {claim.name: claim for claim in membership.claims()}


def after(heard: Iterable[Claim], me: Claim | None = None) -> Membership:
    """A list that has heard these claims, every dispute decided for the newcomer."""
    membership = Membership(Clock())
    membership.on_dispute(lambda claim: membership.apply(claim, proven=True))
    if me is not None:
        membership.become(me)
    for claim in heard:
        membership.apply(claim)
    return membership


class MembershipTestCase(SynchronousTestCase):
    """A list with ourselves in it, and what it has told so far."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.membership = self.made()

    def made(self, **settings: float) -> Membership:
        membership = Membership(self.clock, **settings)  # type: ignore[arg-type]
        membership.become(ME)
        self.changes: list[Change] = []
        self.disputed: list[Claim] = []
        membership.subscribe(self.changes.append)
        membership.on_dispute(self.disputed.append)
        return membership

    def events(self) -> list[tuple[str, str]]:
        """What was told since the last time, as event and name."""
        told = [(str(change.event), change.member.name) for change in self.changes]
        self.changes.clear()
        return told

    def member(self, name: str) -> Member:
        found = self.membership.get(name)
        assert found is not None
        return found


several = st.lists(rivals("n1") | rivals("n2"), max_size=8)


class AnyOrder(SynchronousTestCase):
    """Who has heard the same claims holds the same table."""

    @given(several, st.randoms(use_true_random=False))
    def test_the_order_of_hearing_makes_no_difference(
        self, heard: list[Claim], chance: random.Random
    ) -> None:
        otherwise = chance.sample(heard, len(heard))
        self.assertEqual(table(after(heard)), table(after(otherwise)))

    @given(several, st.randoms(use_true_random=False))
    def test_nor_do_duplicates(self, heard: list[Claim], chance: random.Random) -> None:
        twice = [*heard, *chance.choices(heard, k=len(heard))] if heard else []
        chance.shuffle(twice)
        self.assertEqual(table(after(heard)), table(after([*twice, *heard])))

    @given(several, several)
    def test_nor_does_it_who_hears_a_part_first(self, some: list[Claim], rest: list[Claim]) -> None:
        told = [*after(some).claims(), *rest]  # a table exchange, then the rest
        self.assertEqual(table(after(told)), table(after([*rest, *some])))

    @given(several)
    def test_what_is_held_has_the_greatest_key_that_was_heard(self, heard: list[Claim]) -> None:
        for name, held in table(after(heard)).items():
            about = [claim for claim in heard if claim.name == name]
            self.assertEqual(held.key, max(claim.key for claim in about))
            self.assertIn(held.address, {claim.address for claim in about})

    @given(st.lists(rivals(hosts=[HERE.host]), max_size=8))
    def test_a_change_is_returned_exactly_when_the_record_changed(self, heard: list[Claim]) -> None:
        membership = after([])
        for claim in heard:
            before = membership.claim(claim.name)
            change = membership.apply(claim)
            held = membership.claim(claim.name)
            self.assertEqual(change is not None, held != before)
            if change is not None:
                self.assertEqual((change.claim, change.held), (held, before))


class Group(RuleBasedStateMachine):
    """Three processes that accuse, leave, restart under clocks of their own, and hear old news."""

    NAMES = ("n1", "n2", "n3")
    some = st.sampled_from(NAMES)

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Claim] = []
        self.clocks = {name: Clock() for name in self.NAMES}
        self.tables: dict[str, Membership] = {}
        self.own: dict[str, int] = {}  # the last incarnation of each that was its own doing
        for name in self.NAMES:
            self.start(name)

    def start(self, name: str) -> None:
        clock = self.clocks[name]
        membership = Membership(clock)
        membership.watch(lambda change: self.said.append(change.claim), WatchOrder.LEAVING)
        address = Address("10.0.0.1", 7000 + self.NAMES.index(name))
        membership.become(Claim(name, address, int(clock() * 1000), by=name))
        self.tables[name] = membership

    @rule(teller=some, hearer=some, fraction=st.floats(0, 1))
    def hear_something_old_or_new(self, teller: str, hearer: str, fraction: float) -> None:
        self.tables[hearer].apply(self.said[int(fraction * (len(self.said) - 1))])

    @rule(teller=some, hearer=some)
    def exchange(self, teller: str, hearer: str) -> None:
        for claim in self.tables[teller].claims():
            self.tables[hearer].apply(claim)

    @rule(accuser=some, accused=some, fail=st.booleans(), kind=st.sampled_from(Observation))
    def accuse(self, accuser: str, accused: str, fail: bool, kind: Observation) -> None:
        held = self.tables[accuser].claim(accused)
        if accuser != accused and held is not None and held.state.living:
            seen = [Evidence(accuser, kind)]
            blamed = held.failed(accuser, seen) if fail else held.suspected(accuser, seen)
            self.tables[accuser].apply(blamed)

    @rule(liar=some, about=some, epoch=st.integers(-DAY, DAY), incarnation=incarnations)
    def forge(self, liar: str, about: str, epoch: int, incarnation: int) -> None:
        held = self.tables[liar].claim(about)
        if held is not None:
            forged = replace(held, epoch=EPOCH + epoch * 1000, incarnation=incarnation)
            self.said.append(forged.suspected("liar"))
            self.said.append(forged.departed())

    @rule(name=some)
    def leave_and_come_back(self, name: str) -> None:
        self.tables[name].depart()
        self.start(name)

    @rule(name=some, shift=st.sampled_from([-HOUR, -1, 1, 60]))
    def restart_with_another_clock(self, name: str, shift: int) -> None:
        self.clocks[name].now += shift
        self.start(name)

    def teardown(self) -> None:
        for _ in range(8):  # whoever refutes is heard in the next round
            for name in self.NAMES:
                for claim in self.said:
                    self.tables[name].apply(claim)
        tables = [table(membership) for membership in self.tables.values()]
        assert tables[0] == tables[1] == tables[2]
        for name, membership in self.tables.items():
            assert membership.me.state is State.ALIVE
            assert tables[0][name] == membership.me
            for claim in self.said:
                assert claim.name != name or claim.key <= membership.me.key


class Groups(SynchronousTestCase):
    """Several lists together."""

    def test_all_who_run_are_alive_in_every_list_once_all_was_heard(self) -> None:
        limits = settings(deadline=None, stateful_step_count=25, max_examples=60)
        run_state_machine_as_test(Group, settings=limits)


forged = rivals("me", epochs=(EPOCH - 1, EPOCH, EPOCH + 1, EPOCH + DAY * 1000), hosts=[HERE.host])


class AboutOurselves(MembershipTestCase):
    """Only we say who we are."""

    @given(st.lists(forged, max_size=8), st.sampled_from([0, -HOUR, HOUR]))
    def test_we_end_up_alive_and_above_everything_that_was_said_of_us(
        self, heard: list[Claim], shift: int
    ) -> None:
        self.setUp()
        self.clock.now += shift
        for claim in heard:
            self.membership.apply(claim)
        me = self.membership.me
        self.assertIdentical(me.state, State.ALIVE)
        self.assertEqual((me.address, me.tags), (HERE, ()))
        self.assertIdentical(self.membership.claim("me"), me)
        for claim in heard:
            self.assertTrue(claim.key < me.key or claim == me)

    def test_a_suspicion_is_refuted_by_the_next_incarnation(self) -> None:
        self.membership.apply(ME.suspected("n2"))
        self.assertEqual(self.membership.me, replace(ME, incarnation=1))
        self.assertEqual(self.membership.refutations, 1)

    def test_so_is_a_verdict_unlike_in_the_paper(self) -> None:
        change = self.membership.apply(ME.alive(7).failed("n2"))
        self.assertEqual(self.membership.me, replace(ME, incarnation=8))
        assert change is not None
        self.assertIdentical(change.event, None)
        self.assertEqual(change.why, "refuting what n2 said of it")

    def test_what_we_said_ourselves_is_no_accusation(self) -> None:
        for claim in (
            ME,
            replace(ME),
            replace(ME, age=3.0),
            replace(ME, epoch=EPOCH - 1).failed("n2"),
        ):
            self.assertIdentical(self.membership.apply(claim), None)
        self.assertEqual(self.membership.refutations, 0)

    def test_tags_that_we_do_not_have_are_refuted_too(self) -> None:
        self.membership.apply(replace(ME, tags=(("role", "db"),)))
        self.assertEqual(self.membership.me, replace(ME, incarnation=1))

    def test_who_hears_that_it_left_takes_a_new_run(self) -> None:
        self.membership.apply(ME.departed())
        me = self.membership.me
        self.assertEqual((me.state, me.incarnation), (State.ALIVE, 0))
        self.assertGreater(me.epoch, EPOCH)
        self.assertEqual(self.events(), [("joined", "me")])

    def test_a_new_run_is_later_than_the_one_heard_of_with_a_clock_gone_back(self) -> None:
        self.clock.now -= HOUR
        self.membership.apply(replace(ME, epoch=EPOCH + HOUR * 1000))
        self.assertEqual(self.membership.me.epoch, EPOCH + HOUR * 1000 + 1)

    def test_a_new_run_is_that_of_the_clock_when_it_is_later(self) -> None:
        self.clock.now += HOUR
        self.membership.apply(ME.departed())
        self.assertEqual(self.membership.me.epoch, EPOCH + HOUR * 1000)

    def test_the_last_incarnation_leads_to_a_new_run(self) -> None:
        self.membership.apply(ME.alive(MAX_INCARNATION).suspected("n2"))
        me = self.membership.me
        self.assertEqual((me.incarnation, me.state), (0, State.ALIVE))
        self.assertGreater(me.epoch, EPOCH)

    def test_changing_tags_takes_a_new_incarnation(self) -> None:
        change = self.membership.update_me({"b": "2", "a": "1"})
        assert change is not None
        self.assertIdentical(change.event, Event.UPDATED)
        self.assertEqual(self.membership.me.tags, (("a", "1"), ("b", "2")))
        self.assertEqual(self.membership.me.incarnation, 1)
        self.assertIdentical(self.membership.update_me({"a": "1", "b": "2"}), None)
        self.assertRaises(ValueError, self.membership.update_me, {"": "x"})

    def test_changing_tags_at_the_last_incarnation_takes_a_new_run(self) -> None:
        self.membership.become(ME.alive(MAX_INCARNATION))
        self.membership.update_me({"a": "1"})
        self.assertEqual(self.membership.me.incarnation, 0)
        self.assertGreater(self.membership.me.epoch, EPOCH)

    def test_who_leaves_contradicts_nobody_any_more(self) -> None:
        self.membership.depart()
        self.assertEqual(self.events(), [("left", "me")])
        for claim in (ME.suspected("n2"), ME.alive(9), replace(ME, epoch=EPOCH + 9)):
            self.assertIdentical(self.membership.apply(claim), None)
        self.assertIdentical(self.membership.me.state, State.LEFT)

    def test_nobody_is_us_before_the_start(self) -> None:
        membership = Membership(self.clock)
        self.assertIdentical(membership.name, None)
        membership.apply(ME.suspected("n2"))
        self.assertEqual(membership.members()[0].state, State.SUSPECT)

    def test_our_own_stream_port_is_told_of_once(self) -> None:
        assert self.membership.accepted_stream() is not None
        self.assertEqual(self.membership.me, replace(ME, incarnation=1, streams=True))
        self.assertIdentical(self.membership.accepted_stream(), None)
        self.assertEqual(self.events(), [])

    def test_reassuring_the_others_raises_our_incarnation_unless_we_left(self) -> None:
        assert self.membership.reassure("it was stalled") is not None
        self.assertEqual(self.membership.me.incarnation, 1)
        self.membership.depart()
        self.assertIdentical(self.membership.reassure("it was stalled"), None)
        self.assertIdentical(self.membership.accepted_stream(), None)


class Conflicts(MembershipTestCase):
    """A later run at another address may be an impostor."""

    def test_over_a_living_record_it_is_disputed_and_not_applied(self) -> None:
        for held in (OTHER, OTHER.suspected("n3")):
            self.membership.apply(held)
            self.assertIdentical(self.membership.apply(ELSEWHERE), None)
            self.assertEqual(self.membership.claim("n2"), held)
        self.assertEqual(self.disputed, [ELSEWHERE, ELSEWHERE])

    def test_so_is_its_end(self) -> None:
        self.membership.apply(OTHER)
        for claim in (ELSEWHERE.failed("n3"), ELSEWHERE.departed()):
            self.membership.apply(claim)
            self.assertEqual(self.membership.claim("n2"), OTHER)

    def test_over_somebody_gone_it_is_applied(self) -> None:
        for gone in (OTHER.failed("n3"), OTHER.departed()):
            membership = after([gone], ME)
            disputed: list[Claim] = []
            membership.on_dispute(disputed.append)
            membership.apply(ELSEWHERE)
            self.assertEqual((membership.claim("n2"), disputed), (ELSEWHERE, []))

    def test_proven_it_is_applied(self) -> None:
        self.membership.apply(OTHER)
        change = self.membership.apply(ELSEWHERE, proven=True)
        assert change is not None and change.before is not None
        self.assertIdentical(change.event, Event.JOINED)
        self.assertEqual(change.before.epoch, EPOCH)
        self.assertEqual(self.disputed, [])

    def test_a_later_run_at_the_same_address_is_no_conflict(self) -> None:
        self.membership.apply(OTHER)
        self.membership.apply(LATER)
        self.assertEqual((self.membership.claim("n2"), self.disputed), (LATER, []))

    def test_nor_is_a_move_within_a_run(self) -> None:
        self.membership.apply(OTHER)
        moved = replace(ELSEWHERE, epoch=EPOCH, incarnation=4)
        self.membership.apply(moved)
        self.assertEqual((self.membership.claim("n2"), self.disputed), (moved, []))

    @given(rivals("me", hosts=[THERE.host]).filter(lambda claim: claim.state.living))
    def test_of_ourselves_alive_at_another_address_nothing_is_applied(self, claim: Claim) -> None:
        self.setUp()
        me = self.membership.me
        self.assertIdentical(self.membership.apply(claim), None)
        self.assertIdentical(self.membership.me, me)
        self.assertEqual(self.disputed, [claim])

    @given(rivals("me", hosts=[THERE.host]).filter(lambda claim: not claim.state.living))
    def test_the_end_of_ourselves_at_another_address_is_refuted_at_once(self, claim: Claim) -> None:
        self.setUp()
        before = self.membership.me
        self.membership.apply(claim)
        me = self.membership.me
        self.assertEqual((me.address, me.state), (HERE, State.ALIVE))
        self.assertGreater(me.key, claim.key)
        if before.key > claim.key:
            self.assertIdentical(me, before)
        self.assertEqual(self.disputed, [])

    def test_proven_of_ourselves_it_is_refuted(self) -> None:
        impostor = replace(ME, address=THERE, epoch=EPOCH + 5)
        self.membership.apply(impostor, proven=True)
        self.assertGreater(self.membership.me.key, impostor.key)
        self.assertEqual(self.membership.me.address, HERE)

    def test_who_cannot_open_a_dispute_is_logged_and_the_others_asked(self) -> None:
        membership = Membership(self.clock)
        asked: list[Claim] = []

        def fail(claim: Claim) -> None:
            raise RuntimeError("no")

        membership.on_dispute(fail)
        membership.on_dispute(asked.append)
        membership.apply(OTHER)
        membership.apply(ELSEWHERE)
        self.assertEqual(asked, [ELSEWHERE])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class Events(MembershipTestCase):
    """What subscribers are told of each transition."""

    def transition(self, held: Claim | None, claim: Claim) -> Change | None:
        self.membership.clear()
        if held is not None:
            self.membership.apply(held)
        self.changes.clear()
        return self.membership.apply(claim)

    def assert_event(self, event: Event | None, held: Claim | None, claim: Claim) -> Change:
        change = self.transition(held, claim)
        assert change is not None
        self.assertIdentical(change.event, event)
        self.assertIdentical(event_between(held, claim), event)
        self.assertEqual(self.changes, [change] if event else [])
        self.assertEqual(change.before is None, held is None)
        return change

    def test_every_transition_within_a_run(self) -> None:
        suspect, failed, left = OTHER.suspected("n3"), OTHER.failed("n3"), OTHER.departed()
        risen = OTHER.alive(4)
        for event, held, claim in (
            (Event.JOINED, None, OTHER),
            (Event.JOINED, None, suspect),
            (Event.FAILED, None, failed),
            (Event.LEFT, None, left),
            (Event.SUSPECTED, OTHER, suspect),
            (Event.FAILED, OTHER, failed),
            (Event.FAILED, suspect, failed),
            (Event.LEFT, OTHER, left),
            (Event.LEFT, suspect, left),
            (Event.LEFT, failed, left),
            (Event.RECOVERED, suspect, risen),
            (Event.RECOVERED, failed, risen),
            (Event.RECOVERED, failed, risen.suspected("n3")),
            (Event.SUSPECTED, OTHER, risen.suspected("n3")),
            (Event.UPDATED, OTHER, replace(risen, tags=(("a", "b"),))),
            (Event.UPDATED, OTHER, replace(risen, address=HERE)),
            (Event.RECOVERED, suspect, replace(risen, tags=(("a", "b"),))),
        ):
            self.assert_event(event, held, claim)

    def test_what_only_swimtx_itself_spreads_is_no_event(self) -> None:
        suspect = OTHER.suspected("n3", [Evidence("n3", Observation.SILENT)])
        self.assert_event(None, OTHER, OTHER.alive(4))
        self.assert_event(
            None, suspect, suspect.suspected("n3", [Evidence("n4", Observation.REFUSED)])
        )
        self.assert_event(None, suspect, OTHER.alive(4).suspected("n4"))

    def test_a_new_run_over_a_living_record_is_one_event_with_the_old_run_before_it(self) -> None:
        for held in (OTHER, OTHER.suspected("n3"), OTHER.failed("n3"), OTHER.departed()):
            change = self.assert_event(Event.JOINED, held, LATER)
            assert change.before is not None
            self.assertEqual((change.before.epoch, change.member.epoch), (EPOCH, LATER.epoch))
        self.assert_event(Event.FAILED, OTHER, LATER.failed("n3"))
        self.assert_event(Event.LEFT, OTHER, LATER.departed())

    def test_what_teaches_nothing_is_no_change(self) -> None:
        suspect = OTHER.suspected("n3", [Evidence("n3", Observation.SILENT)])
        for held, claim in (
            (OTHER, OTHER),
            (OTHER, replace(OTHER)),
            (OTHER, OTHER.alive(2)),
            (OTHER.failed("n3"), suspect),
            (OTHER.departed(), OTHER.alive(9)),
            (LATER, OTHER.departed()),
            (suspect, replace(suspect, evidence=())),
        ):
            self.assertIdentical(self.transition(held, claim), None)
            self.assertEqual(self.changes, [])

    def test_why_is_what_the_witnesses_saw(self) -> None:
        seen = [Evidence("n3", Observation.SILENT), Evidence("n4", Observation.REFUSED)]
        change = self.assert_event(Event.SUSPECTED, OTHER, OTHER.suspected("n3", seen))
        self.assertIn("no answer to n3", change.why)
        self.assertIn("its host refused a stream from n4", change.why)
        self.assertEqual(self.assert_event(Event.JOINED, None, OTHER).why, "n2 said so")
        left = self.assert_event(Event.LEFT, OTHER, OTHER.departed())
        self.assertEqual(left.why, "it said goodbye")

    def test_why_is_what_the_caller_says_if_it_says_so(self) -> None:
        change = self.membership.apply(OTHER, "it told us")
        assert change is not None
        self.assertEqual((change.why, change.spread), ("it told us", True))
        change = self.membership.apply(OTHER.suspected("n3"), spread=False)
        assert change is not None
        self.assertFalse(change.spread)

    def test_our_own_start_is_no_event(self) -> None:
        self.assertEqual(self.changes, [])
        self.assertEqual([member.name for member in self.membership.members()], ["me"])

    def test_something_can_be_announced_that_changes_no_record(self) -> None:
        self.membership.apply(OTHER.suspected("n3"))
        self.changes.clear()
        self.membership.announce(Event.STALLED, "n2", "its host still accepts")
        self.membership.announce(Event.STALLED, "nobody", "who is that")
        (change,) = self.changes
        self.assertEqual(change.before, change.member)
        self.assertEqual((change.event, change.why), (Event.STALLED, "its host still accepts"))

    def test_a_verdict_of_our_own_can_be_taken_back(self) -> None:
        self.membership.apply(OTHER.failed("me"))
        self.changes.clear()
        self.membership.restore(OTHER.suspected("me"))
        self.assertEqual(self.events(), [("recovered", "n2")])
        self.assertIdentical(self.member("n2").state, State.SUSPECT)
        for other in (LATER, replace(OTHER, name="nobody")):
            self.membership.restore(other)
        self.assertEqual(self.events(), [])

    def test_events_are_words(self) -> None:
        self.assertEqual(f"{Event.SUSPECTED}", "suspected")
        self.assertEqual(Event("stalled"), Event.STALLED)


class Listening(MembershipTestCase):
    """Subscribers hear the changes, all in one order."""

    def test_all_hear_the_changes_in_the_order_made_though_one_causes_more(self) -> None:
        heard: list[tuple[str, str]] = []

        def note(ear: str) -> Callable[[Change], None]:
            return lambda change: heard.append((ear, str(change.event)))

        def accuse(change: Change) -> None:
            if change.event is Event.JOINED:
                self.membership.apply(change.claim.suspected("me"))
                self.membership.apply(change.claim.failed("me"))

        self.membership.subscribe(note("first"))
        self.membership.subscribe(accuse)
        self.membership.subscribe(note("last"))
        self.membership.apply(OTHER)
        self.assertEqual([event for event, _ in self.events()], ["joined", "suspected", "failed"])
        for ear in ("first", "last"):
            order = [event for who, event in heard if who == ear]
            self.assertEqual(order, ["joined", "suspected", "failed"])

    def test_watchers_hear_a_change_before_subscribers_and_also_without_an_event(self) -> None:
        order: list[str] = []
        self.membership.subscribe(lambda change: order.append(f"told {change.event}"))
        self.membership.watch(
            lambda change: order.append(f"seen {change.event}"), WatchOrder.LEAVING
        )
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.alive(4))
        self.assertEqual(order, ["seen joined", "told joined", "seen None"])

    def test_the_parts_of_a_member_hear_a_change_in_one_order_whichever_was_made_first(
        self,
    ) -> None:
        order: list[str] = []

        def heard(who: str) -> Callable[[Change], object]:
            return lambda change: order.append(who)

        for turn in reversed(WatchOrder):
            self.membership.watch(heard(turn.name), turn)
        self.membership.watch(heard("MONITORS, made later"), WatchOrder.MONITORS)
        self.membership.apply(OTHER)
        wanted = [turn.name for turn in WatchOrder]
        wanted.insert(wanted.index("MONITORS") + 1, "MONITORS, made later")
        self.assertEqual(order, wanted)

    def test_a_whole_member_hears_a_change_in_the_order_that_is_written_down(self) -> None:
        node = Scene().node("me")
        turns = [turn for turn, _ in node.membership._notifier._watchers]
        self.assertEqual(
            turns, [turn for turn in WatchOrder if turn is not WatchOrder.VERIFICATION]
        )

    def test_one_that_raises_is_logged_and_keeps_its_place(self) -> None:
        calls: list[Change] = []

        def fail(change: Change) -> None:
            calls.append(change)
            raise RuntimeError("no")

        self.membership.watch(fail, WatchOrder.LEAVING)
        self.membership.subscribe(fail)
        self.membership.subscribe(calls.append)
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(len(calls), 6)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 4)
        self.assertEqual(len(self.changes), 2)

    def test_who_unsubscribes_hears_nothing_any_more_even_while_others_are_told(self) -> None:
        heard: list[str] = []
        stops: list[Callable[[], None]] = []

        def end_both(change: Change) -> None:
            heard.append("first")
            for stop in stops:
                stop()

        stops.append(self.membership.subscribe(end_both))
        stops.append(self.membership.subscribe(lambda change: heard.append("second")))
        self.membership.subscribe(lambda change: heard.append("third"))
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(heard, ["first", "third", "third"])

    def test_a_subscription_ends_once_and_no_other_with_it(self) -> None:
        heard: list[Change] = []
        stop = self.membership.subscribe(heard.append)
        self.membership.subscribe(heard.append)
        stop()
        stop()
        self.membership.apply(OTHER)
        self.assertEqual(len(heard), 1)

    def test_who_subscribes_while_others_are_told_hears_the_next_change(self) -> None:
        heard: list[Change] = []

        def once(change: Change) -> None:
            stop()
            self.membership.subscribe(heard.append)

        stop = self.membership.subscribe(once)
        self.membership.apply(OTHER)
        self.assertEqual(heard, [])
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(len(heard), 1)


def some(count: int, first: int = 0) -> Sequence[Claim]:
    """So many different living members."""
    return [Claim(f"m{n}", Address("10.1.0.1", n + 1), EPOCH) for n in range(first, first + count)]


class Capacity(MembershipTestCase):
    """The list is bounded."""

    @given(st.lists(claims(age=st.just(0.0)), max_size=30))
    def test_it_never_holds_more_than_it_may(self, heard: list[Claim]) -> None:
        membership = self.made(max_members=5)
        for claim in heard:
            membership.apply(claim)
            self.assertLessEqual(len(membership), 5)
            self.assertIn("me", table(membership))
            self.assertEqual(membership.living, len(membership.index.living))

    def test_a_newcomer_takes_the_place_of_whose_end_was_heard_of_first(self) -> None:
        self.membership = self.made(max_members=5)
        first, second, third, fourth = some(4)
        for claim in (first.failed("me"), second.departed(), third, fourth.departed()):
            self.membership.apply(claim)
        for newcomer, evicted in zip(some(3, first=10), (second, fourth, first), strict=True):
            self.membership.apply(newcomer)
            self.assertIdentical(self.membership.get(evicted.name), None)
        self.assertEqual(self.membership.refused, 0)
        self.assertIdentical(self.membership.apply(some(1, first=20)[0]), None)
        self.assertEqual((self.membership.refused, len(self.membership)), (1, 5))

    def test_nobody_gives_way_to_somebody_gone(self) -> None:
        self.membership = self.made(max_members=2)
        first, second = some(2)
        self.membership.apply(first.failed("me"))
        self.assertIdentical(self.membership.apply(second.departed()), None)
        self.assertEqual(self.membership.refused, 1)

    def test_we_never_give_way_ourselves(self) -> None:
        self.membership = self.made(max_members=1)
        self.membership.depart()
        self.membership.apply(OTHER)
        self.assertEqual(list(table(self.membership)), ["me"])

    def test_those_already_known_are_updated_in_a_full_list(self) -> None:
        self.membership = self.made(max_members=2)
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.failed("n3"))
        self.assertIdentical(self.member("n2").state, State.FAILED)


class Ages(MembershipTestCase):
    """Old records fade away instead of going round for ever."""

    def test_a_record_older_than_it_would_be_remembered_is_not_taken_up(self) -> None:
        for gone, memory in ((OTHER.failed("n3"), DAY), (OTHER.departed(), HOUR)):
            for held in (None, OTHER):
                self.membership.clear()
                if held is not None:
                    self.membership.apply(held)
                self.assertIdentical(self.membership.apply(replace(gone, age=float(memory))), None)
                self.assertEqual(self.membership.claim("n2"), held)
                self.assertEqual(self.membership.refused, 0)
                assert self.membership.apply(replace(gone, age=memory - 1.0)) is not None

    def test_how_long_is_a_setting(self) -> None:
        membership = self.made(failed_memory=5.0, left_memory=3.0)
        membership.apply(replace(OTHER.failed("n3"), age=5.0))
        membership.apply(replace(OTHER.departed(), age=3.0))
        self.assertEqual(len(membership), 1)

    def test_a_state_began_when_its_teller_says(self) -> None:
        self.membership.apply(replace(OTHER.failed("n3"), age=60.0))
        self.assertEqual(self.member("n2").since, NOW - 60)
        self.assertEqual(self.membership.age("n2"), 60.0)
        self.clock.now += 5
        self.assertEqual(self.membership.age("n2"), 65.0)

    def test_it_begins_anew_with_a_state_and_with_a_run_only(self) -> None:
        self.membership.apply(OTHER)
        for seconds, claim, since in (
            (1, OTHER.alive(4), 0),
            (2, OTHER.alive(4).suspected("n3"), 2),
            (3, OTHER.alive(5).suspected("n3"), 2),
            (4, OTHER.alive(5).failed("n3"), 4),
            (5, OTHER.alive(6), 5),
            (6, LATER, 6),
        ):
            self.clock.now = NOW + seconds
            self.membership.apply(claim)
            self.assertEqual(self.member("n2").since, NOW + since)

    def test_no_age_is_below_nought_with_a_clock_gone_back(self) -> None:
        self.membership.apply(OTHER)
        self.clock.now -= HOUR
        self.assertEqual(self.membership.age("n2"), 0.0)
        self.assertEqual(self.membership.age("nobody"), 0.0)


class Reading(MembershipTestCase):
    """What can be asked of the list."""

    def test_it_is_what_agents_and_users_are_promised(self) -> None:
        self.assertTrue(verifyObject(IMembership, self.membership))
        self.assertEqual(self.membership.name, "me")

    def test_members_come_by_name_in_any_state_or_in_one(self) -> None:
        for claim in (OTHER.failed("me"), replace(OTHER, name="a"), replace(OTHER, name="z")):
            self.membership.apply(claim)
        self.assertEqual(
            [member.name for member in self.membership.members()], ["a", "me", "n2", "z"]
        )
        alive = self.membership.members(State.ALIVE)
        self.assertEqual([member.name for member in alive], ["a", "me", "z"])
        self.assertEqual((len(self.membership), self.membership.living), (4, 3))

    def test_who_is_not_known_is_none(self) -> None:
        self.assertIdentical(self.membership.get("nobody"), None)
        self.assertIdentical(self.membership.claim("nobody"), None)

    def test_a_round_trip_belongs_to_an_address(self) -> None:
        self.membership.apply(OTHER)
        self.membership.measured("n2", 0.25)
        self.membership.measured("nobody", 0.5)
        self.membership.apply(OTHER.alive(4))
        self.assertEqual(self.member("n2").rtt, 0.25)
        self.membership.apply(replace(OTHER, incarnation=5, address=HERE))
        self.assertIdentical(self.member("n2").rtt, None)

    def test_a_sample_is_of_others(self) -> None:
        for claim in some(6):
            self.membership.apply(claim)
        self.membership.apply(some(1)[0].failed("me"))
        chosen = self.membership.sample(random.Random(1), 9, without="m1")
        self.assertEqual(sorted(claim.name for claim in chosen), ["m2", "m3", "m4", "m5"])

    def test_what_is_forgotten_can_be_learnt_again(self) -> None:
        self.membership.apply(OTHER.departed())
        self.membership.forget("n2")
        self.membership.forget("n2")
        self.assertIdentical(self.membership.get("n2"), None)
        self.membership.apply(OTHER)
        self.assertIdentical(self.member("n2").state, State.ALIVE)

    def test_clearing_empties_the_list_and_its_index(self) -> None:
        index = self.membership.index
        self.membership.apply(OTHER)
        self.membership.clear()
        self.assertEqual((self.membership.members(), index.living), ((), []))
        self.assertIdentical(self.membership.index, index)
