"""The member list: its records after any claims, the changes it reports, and its disputes."""

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
from swimtx.membership.events import Change, Event, RecordChange, WatchOrder, event_between
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
    """A clock that is set by hand, in seconds."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def table(membership: Membership) -> dict[str, Claim]:
    """All records, by name."""
    return {claim.name: claim for claim in membership.claims()}


def after(received: Iterable[Claim], me: Claim | None = None) -> Membership:
    """A list to which these claims were applied, every dispute decided for the later run."""
    membership = Membership(Clock())
    membership.on_dispute(lambda claim: membership.apply(claim, proven=True))
    if me is not None:
        membership.become(me)
    for claim in received:
        membership.apply(claim)
    return membership


class MembershipTestCase(SynchronousTestCase):
    """A list with the local member in it, and the changes it has reported."""

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
        """The event and name of each change since the last call."""
        events = [(str(change.event), change.member.name) for change in self.changes]
        self.changes.clear()
        return events

    def member(self, name: str) -> Member:
        found = self.membership.get(name)
        assert found is not None
        return found


several = st.lists(rivals("n1") | rivals("n2"), max_size=8)


class ConvergenceTestCase(SynchronousTestCase):
    """Two lists that received the same claims have the same records."""

    @given(several, st.randoms(use_true_random=False))
    def test_the_order_of_the_claims_does_not_change_the_table(
        self, received: list[Claim], chance: random.Random
    ) -> None:
        otherwise = chance.sample(received, len(received))
        self.assertEqual(table(after(received)), table(after(otherwise)))

    @given(several, st.randoms(use_true_random=False))
    def test_duplicates_of_claims_do_not_change_the_table(
        self, received: list[Claim], chance: random.Random
    ) -> None:
        twice = [*received, *chance.choices(received, k=len(received))] if received else []
        chance.shuffle(twice)
        self.assertEqual(table(after(received)), table(after([*twice, *received])))

    @given(several, several)
    def test_a_table_exchange_before_the_other_claims_does_not_change_the_table(
        self, some: list[Claim], rest: list[Claim]
    ) -> None:
        received = [*after(some).claims(), *rest]  # a table exchange, then the rest
        self.assertEqual(table(after(received)), table(after([*rest, *some])))

    @given(several)
    def test_the_record_of_a_name_has_the_greatest_key_that_was_received(
        self, received: list[Claim]
    ) -> None:
        for name, held in table(after(received)).items():
            about = [claim for claim in received if claim.name == name]
            self.assertEqual(held.key, max(claim.key for claim in about))
            self.assertIn(held.address, {claim.address for claim in about})

    @given(st.lists(rivals(hosts=[HERE.host]), max_size=8))
    def test_a_change_is_returned_exactly_when_the_record_changed(
        self, received: list[Claim]
    ) -> None:
        membership = after([])
        for claim in received:
            before = membership.claim(claim.name)
            change = membership.apply(claim)
            held = membership.claim(claim.name)
            self.assertEqual(change is not None, held != before)
            if change is not None:
                self.assertEqual((change.claim, change.held), (held, before))


class Group(RuleBasedStateMachine):
    """Three processes that accuse, leave, restart with their own clocks, and receive old claims."""

    NAMES = ("n1", "n2", "n3")
    some = st.sampled_from(NAMES)

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Claim] = []
        self.clocks = {name: Clock() for name in self.NAMES}
        self.tables: dict[str, Membership] = {}
        self.own: dict[str, int] = {}  # the last incarnation that each raised itself
        for name in self.NAMES:
            self.start(name)

    def start(self, name: str) -> None:
        clock = self.clocks[name]
        membership = Membership(clock)
        membership.watch(lambda change: self.sent.append(change.claim), WatchOrder.LEAVE)
        address = Address("10.0.0.1", 7000 + self.NAMES.index(name))
        membership.become(Claim(name, address, int(clock() * 1000), by=name))
        self.tables[name] = membership

    @rule(sender=some, receiver=some, fraction=st.floats(0, 1))
    def receive_an_old_or_new_claim(self, sender: str, receiver: str, fraction: float) -> None:
        self.tables[receiver].apply(self.sent[int(fraction * (len(self.sent) - 1))])

    @rule(sender=some, receiver=some)
    def exchange(self, sender: str, receiver: str) -> None:
        for claim in self.tables[sender].claims():
            self.tables[receiver].apply(claim)

    @rule(accuser=some, accused=some, fail=st.booleans(), kind=st.sampled_from(Observation))
    def accuse(self, accuser: str, accused: str, fail: bool, kind: Observation) -> None:
        held = self.tables[accuser].claim(accused)
        if accuser != accused and held is not None and held.state.living:
            seen = [Evidence(accuser, kind)]
            blamed = held.failed(accuser, seen) if fail else held.suspected(accuser, seen)
            self.tables[accuser].apply(blamed)

    @rule(forger=some, about=some, epoch=st.integers(-DAY, DAY), incarnation=incarnations)
    def forge(self, forger: str, about: str, epoch: int, incarnation: int) -> None:
        held = self.tables[forger].claim(about)
        if held is not None:
            forged = replace(held, epoch=EPOCH + epoch * 1000, incarnation=incarnation)
            self.sent.append(forged.suspected("forger"))
            self.sent.append(forged.departed())

    @rule(name=some)
    def leave_and_come_back(self, name: str) -> None:
        self.tables[name].depart()
        self.start(name)

    @rule(name=some, shift=st.sampled_from([-HOUR, -1, 1, 60]))
    def restart_with_another_clock(self, name: str, shift: int) -> None:
        self.clocks[name].now += shift
        self.start(name)

    def teardown(self) -> None:
        for _ in range(8):  # a refutation is received in the next round
            for name in self.NAMES:
                for claim in self.sent:
                    self.tables[name].apply(claim)
        tables = [table(membership) for membership in self.tables.values()]
        assert tables[0] == tables[1] == tables[2]
        for name, membership in self.tables.items():
            assert membership.local.state is State.ALIVE
            assert tables[0][name] == membership.local
            for claim in self.sent:
                assert claim.name != name or claim.key <= membership.local.key


class GroupTestCase(SynchronousTestCase):
    """Several lists that receive each other's claims."""

    def test_running_members_are_alive_in_every_list_once_all_claims_were_received(self) -> None:
        limits = settings(deadline=None, stateful_step_count=25, max_examples=60)
        run_state_machine_as_test(Group, settings=limits)


forged = rivals("me", epochs=(EPOCH - 1, EPOCH, EPOCH + 1, EPOCH + DAY * 1000), hosts=[HERE.host])


class LocalMemberTestCase(MembershipTestCase):
    """The local member's record, which only the local member changes."""

    @given(st.lists(forged, max_size=8), st.sampled_from([0, -HOUR, HOUR]))
    def test_the_local_member_ends_up_alive_and_above_all_claims_about_it(
        self, received: list[Claim], shift: int
    ) -> None:
        self.setUp()
        self.clock.now += shift
        for claim in received:
            self.membership.apply(claim)
        me = self.membership.local
        self.assertIdentical(me.state, State.ALIVE)
        self.assertEqual((me.address, me.tags), (HERE, ()))
        self.assertIdentical(self.membership.claim("me"), me)
        for claim in received:
            self.assertTrue(claim.key < me.key or claim == me)

    def test_a_suspicion_is_refuted_by_the_next_incarnation(self) -> None:
        self.membership.apply(ME.suspected("n2"))
        self.assertEqual(self.membership.local, replace(ME, incarnation=1))
        self.assertEqual(self.membership.refutations, 1)

    def test_a_verdict_is_refuted_by_the_next_incarnation_unlike_in_the_paper(self) -> None:
        change = self.membership.apply(ME.alive(7).failed("n2"))
        self.assertEqual(self.membership.local, replace(ME, incarnation=8))
        assert change is not None
        self.assertIdentical(change.event, None)

    def test_a_claim_that_the_local_member_made_is_not_refuted(self) -> None:
        for claim in (
            ME,
            replace(ME),
            replace(ME, age=3.0),
            replace(ME, epoch=EPOCH - 1).failed("n2"),
        ):
            self.assertIdentical(self.membership.apply(claim), None)
        self.assertEqual(self.membership.refutations, 0)

    def test_a_claim_with_other_tags_of_the_local_member_is_refuted(self) -> None:
        self.membership.apply(replace(ME, tags=(("role", "db"),)))
        self.assertEqual(self.membership.local, replace(ME, incarnation=1))

    def test_a_running_member_that_receives_its_own_left_claim_starts_a_new_run(self) -> None:
        self.membership.apply(ME.departed())
        me = self.membership.local
        self.assertEqual((me.state, me.incarnation), (State.ALIVE, 0))
        self.assertGreater(me.epoch, EPOCH)
        self.assertEqual(self.events(), [("joined", "me")])

    def test_a_new_run_is_later_than_the_received_one_when_the_clock_went_back(self) -> None:
        self.clock.now -= HOUR
        self.membership.apply(replace(ME, epoch=EPOCH + HOUR * 1000))
        self.assertEqual(self.membership.local.epoch, EPOCH + HOUR * 1000 + 1)

    def test_the_epoch_of_a_new_run_is_the_clock_when_the_clock_is_later(self) -> None:
        self.clock.now += HOUR
        self.membership.apply(ME.departed())
        self.assertEqual(self.membership.local.epoch, EPOCH + HOUR * 1000)

    def test_an_accusation_of_the_last_incarnation_leads_to_a_new_run(self) -> None:
        self.membership.apply(ME.alive(MAX_INCARNATION).suspected("n2"))
        me = self.membership.local
        self.assertEqual((me.incarnation, me.state), (0, State.ALIVE))
        self.assertGreater(me.epoch, EPOCH)

    def test_a_change_of_tags_takes_a_new_incarnation(self) -> None:
        change = self.membership.update_me({"b": "2", "a": "1"})
        assert change is not None
        self.assertIdentical(change.event, Event.UPDATED)
        self.assertEqual(self.membership.local.tags, (("a", "1"), ("b", "2")))
        self.assertEqual(self.membership.local.incarnation, 1)
        self.assertIdentical(self.membership.update_me({"a": "1", "b": "2"}), None)
        self.assertRaises(ValueError, self.membership.update_me, {"": "x"})

    def test_a_change_of_tags_at_the_last_incarnation_takes_a_new_run(self) -> None:
        self.membership.become(ME.alive(MAX_INCARNATION))
        self.membership.update_me({"a": "1"})
        self.assertEqual(self.membership.local.incarnation, 0)
        self.assertGreater(self.membership.local.epoch, EPOCH)

    def test_a_local_member_that_left_refutes_no_claim(self) -> None:
        self.membership.depart()
        self.assertEqual(self.events(), [("left", "me")])
        for claim in (ME.suspected("n2"), ME.alive(9), replace(ME, epoch=EPOCH + 9)):
            self.assertIdentical(self.membership.apply(claim), None)
        self.assertIdentical(self.membership.local.state, State.LEFT)

    def test_before_the_start_a_claim_of_any_name_is_applied(self) -> None:
        membership = Membership(self.clock)
        self.assertIdentical(membership.name, None)
        membership.apply(ME.suspected("n2"))
        self.assertEqual(membership.members()[0].state, State.SUSPECT)

    def test_the_local_stream_port_is_announced_once(self) -> None:
        assert self.membership.accepted_stream() is not None
        self.assertEqual(self.membership.local, replace(ME, incarnation=1, streams=True))
        self.assertIdentical(self.membership.accepted_stream(), None)
        self.assertEqual(self.events(), [])

    def test_reassure_raises_the_local_incarnation_unless_the_member_left(self) -> None:
        assert self.membership.reassure("it was stalled") is not None
        self.assertEqual(self.membership.local.incarnation, 1)
        self.membership.depart()
        self.assertIdentical(self.membership.reassure("it was stalled"), None)
        self.assertIdentical(self.membership.accepted_stream(), None)


class Conflicts(MembershipTestCase):
    """A later run at another address may be an impostor."""

    def test_a_later_run_elsewhere_is_disputed_while_the_known_run_lives(self) -> None:
        for held in (OTHER, OTHER.suspected("n3")):
            self.membership.apply(held)
            self.assertIdentical(self.membership.apply(ELSEWHERE), None)
            self.assertEqual(self.membership.claim("n2"), held)
        self.assertEqual(self.disputed, [ELSEWHERE, ELSEWHERE])

    def test_the_end_of_a_later_run_elsewhere_is_disputed_while_the_known_run_lives(self) -> None:
        self.membership.apply(OTHER)
        for claim in (ELSEWHERE.failed("n3"), ELSEWHERE.departed()):
            self.membership.apply(claim)
            self.assertEqual(self.membership.claim("n2"), OTHER)

    def test_a_later_run_elsewhere_is_applied_over_a_failed_or_left_record(self) -> None:
        for gone in (OTHER.failed("n3"), OTHER.departed()):
            membership = after([gone], ME)
            disputed: list[Claim] = []
            membership.on_dispute(disputed.append)
            membership.apply(ELSEWHERE)
            self.assertEqual((membership.claim("n2"), disputed), (ELSEWHERE, []))

    def test_a_proven_later_run_elsewhere_is_applied(self) -> None:
        self.membership.apply(OTHER)
        change = self.membership.apply(ELSEWHERE, proven=True)
        assert change is not None and change.told is not None
        self.assertIdentical(change.event, Event.JOINED)
        assert change.told.before is not None
        self.assertEqual(change.told.before.epoch, EPOCH)
        self.assertEqual(self.disputed, [])

    def test_a_later_run_at_the_same_address_is_no_conflict(self) -> None:
        self.membership.apply(OTHER)
        self.membership.apply(LATER)
        self.assertEqual((self.membership.claim("n2"), self.disputed), (LATER, []))

    def test_a_move_within_a_run_is_no_conflict(self) -> None:
        self.membership.apply(OTHER)
        moved = replace(ELSEWHERE, epoch=EPOCH, incarnation=4)
        self.membership.apply(moved)
        self.assertEqual((self.membership.claim("n2"), self.disputed), (moved, []))

    @given(rivals("me", hosts=[THERE.host]).filter(lambda claim: claim.state.living))
    def test_a_claim_that_the_local_member_lives_elsewhere_is_disputed_and_not_applied(
        self, claim: Claim
    ) -> None:
        self.setUp()
        me = self.membership.local
        self.assertIdentical(self.membership.apply(claim), None)
        self.assertIdentical(self.membership.local, me)
        self.assertEqual(self.disputed, [claim])

    @given(rivals("me", hosts=[THERE.host]).filter(lambda claim: not claim.state.living))
    def test_a_claim_that_the_local_member_ended_elsewhere_is_refuted_at_once(
        self, claim: Claim
    ) -> None:
        self.setUp()
        before = self.membership.local
        self.membership.apply(claim)
        me = self.membership.local
        self.assertEqual((me.address, me.state), (HERE, State.ALIVE))
        self.assertGreater(me.key, claim.key)
        if before.key > claim.key:
            self.assertIdentical(me, before)
        self.assertEqual(self.disputed, [])

    def test_a_proven_claim_that_the_local_member_lives_elsewhere_is_refuted(self) -> None:
        impostor = replace(ME, address=THERE, epoch=EPOCH + 5)
        self.membership.apply(impostor, proven=True)
        self.assertGreater(self.membership.local.key, impostor.key)
        self.assertEqual(self.membership.local.address, HERE)

    def test_an_error_in_a_dispute_callback_is_logged_and_the_others_are_called(self) -> None:
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
    """The event of each transition."""

    def transition(self, held: Claim | None, claim: Claim) -> RecordChange | None:
        self.membership.clear()
        if held is not None:
            self.membership.apply(held)
        self.changes.clear()
        return self.membership.apply(claim)

    def assert_event(self, event: Event | None, held: Claim | None, claim: Claim) -> RecordChange:
        change = self.transition(held, claim)
        assert change is not None
        self.assertIdentical(change.event, event)
        self.assertIdentical(event_between(held, claim), event)
        self.assertEqual(self.changes, [change.told] if event else [])
        if change.told is not None:
            self.assertEqual(change.told.before is None, held is None)
        return change

    def test_every_transition_within_a_run_has_its_event(self) -> None:
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

    def test_grown_evidence_or_a_risen_incarnation_alone_is_no_event(self) -> None:
        suspect = OTHER.suspected("n3", [Evidence("n3", Observation.SILENT)])
        self.assert_event(None, OTHER, OTHER.alive(4))
        self.assert_event(
            None, suspect, suspect.suspected("n3", [Evidence("n4", Observation.REFUSED)])
        )
        self.assert_event(None, suspect, OTHER.alive(4).suspected("n4"))

    def test_a_new_run_is_one_event_with_the_old_run_as_before(self) -> None:
        for held in (OTHER, OTHER.suspected("n3"), OTHER.failed("n3"), OTHER.departed()):
            change = self.assert_event(Event.JOINED, held, LATER)
            told = change.told
            assert told is not None and told.before is not None
            self.assertEqual((told.before.epoch, told.member.epoch), (EPOCH, LATER.epoch))
        self.assert_event(Event.FAILED, OTHER, LATER.failed("n3"))
        self.assert_event(Event.LEFT, OTHER, LATER.departed())

    def test_a_claim_without_news_is_no_change(self) -> None:
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

    def test_why_is_derived_from_the_evidence_by_default(self) -> None:
        seen = [Evidence("n3", Observation.SILENT), Evidence("n4", Observation.REFUSED)]
        change = self.assert_event(Event.SUSPECTED, OTHER, OTHER.suspected("n3", seen))
        assert change.told is not None
        self.assertIn("no answer to n3", change.told.why)
        self.assertIn("its host refused a stream from n4", change.told.why)
        self.assert_event(Event.LEFT, OTHER, OTHER.departed())
        self.assertEqual(self.changes[-1].why, "it said goodbye")
        self.transition(None, OTHER)
        self.assertEqual(self.changes[-1].why, "n2 said so")

    def test_why_and_spread_are_as_the_caller_gives_them(self) -> None:
        change = self.membership.apply(OTHER, "it told us")
        assert change is not None
        assert change.told is not None
        self.assertEqual((change.told.why, change.spread), ("it told us", True))
        change = self.membership.apply(OTHER.suspected("n3"), spread=False)
        assert change is not None
        self.assertFalse(change.spread)

    def test_the_start_of_the_local_member_is_no_event(self) -> None:
        self.assertEqual(self.changes, [])
        self.assertEqual([member.name for member in self.membership.members()], ["me"])

    def test_an_event_can_be_announced_that_changes_no_record(self) -> None:
        self.membership.apply(OTHER.suspected("n3"))
        self.changes.clear()
        self.membership.announce(Event.STALLED, "n2", "its host still accepts")
        self.membership.announce(Event.STALLED, "nobody", "it is unknown")
        (change,) = self.changes
        self.assertEqual(change.before, change.member)
        self.assertEqual((change.event, change.why), (Event.STALLED, "its host still accepts"))

    def test_a_verdict_of_the_local_member_can_be_withdrawn(self) -> None:
        self.membership.apply(OTHER.failed("me"))
        self.changes.clear()
        self.membership.restore(OTHER.suspected("me"))
        self.assertEqual(self.events(), [("recovered", "n2")])
        self.assertIdentical(self.member("n2").state, State.SUSPECT)
        for other in (LATER, replace(OTHER, name="nobody")):
            self.membership.restore(other)
        self.assertEqual(self.events(), [])

    def test_the_text_of_an_event_is_its_word(self) -> None:
        self.assertEqual(f"{Event.SUSPECTED}", "suspected")
        self.assertEqual(Event("stalled"), Event.STALLED)


class ChangeNotifierTestCase(MembershipTestCase):
    """Watchers and subscribers receive the changes, all in one order."""

    def test_all_subscribers_receive_changes_in_the_order_made_though_one_causes_more(self) -> None:
        received: list[tuple[str, str]] = []

        def note(label: str) -> Callable[[Change], None]:
            return lambda change: received.append((label, str(change.event)))

        def accuse(change: Change) -> None:
            if change.event is Event.JOINED:
                self.membership.apply(OTHER.suspected("me"))
                self.membership.apply(OTHER.failed("me"))

        self.membership.subscribe(note("first"))
        self.membership.subscribe(accuse)
        self.membership.subscribe(note("last"))
        self.membership.apply(OTHER)
        self.assertEqual([event for event, _ in self.events()], ["joined", "suspected", "failed"])
        for label in ("first", "last"):
            order = [event for name, event in received if name == label]
            self.assertEqual(order, ["joined", "suspected", "failed"])

    def test_watchers_receive_a_change_before_subscribers_and_also_without_an_event(self) -> None:
        order: list[str] = []
        self.membership.subscribe(lambda change: order.append(f"subscriber {change.event}"))
        self.membership.watch(
            lambda change: order.append(f"watcher {change.event}"), WatchOrder.LEAVE
        )
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.alive(4))
        self.assertEqual(order, ["watcher joined", "subscriber joined", "watcher None"])

    def test_watchers_receive_a_change_in_watch_order_independent_of_their_registration(
        self,
    ) -> None:
        order: list[str] = []

        def recorder(label: str) -> Callable[[RecordChange], object]:
            return lambda change: order.append(label)

        for turn in reversed(WatchOrder):
            self.membership.watch(recorder(turn.name), turn)
        self.membership.watch(recorder("MONITORS, made later"), WatchOrder.MONITORS)
        self.membership.apply(OTHER)
        wanted = [turn.name for turn in WatchOrder]
        wanted.insert(wanted.index("MONITORS") + 1, "MONITORS, made later")
        self.assertEqual(order, wanted)

    def test_the_components_of_a_node_are_registered_in_watch_order(self) -> None:
        node = Scene().node("me")
        node.start()
        orders = [order for order, _ in node._parts.membership._notifier._watchers]
        self.assertEqual(orders, list(WatchOrder))
        node.stop()

    def test_a_listener_that_raises_is_logged_and_stays_registered(self) -> None:
        calls: list[object] = []

        def fail(change: object) -> None:
            calls.append(change)
            raise RuntimeError("no")

        self.membership.watch(fail, WatchOrder.LEAVE)
        self.membership.subscribe(fail)
        self.membership.subscribe(calls.append)
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(len(calls), 6)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 4)
        self.assertEqual(len(self.changes), 2)

    def test_an_ended_subscription_receives_no_change_even_while_others_are_called(self) -> None:
        received: list[str] = []
        stops: list[Callable[[], None]] = []

        def end_both(change: Change) -> None:
            received.append("first")
            for stop in stops:
                stop()

        stops.append(self.membership.subscribe(end_both))
        stops.append(self.membership.subscribe(lambda change: received.append("second")))
        self.membership.subscribe(lambda change: received.append("third"))
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(received, ["first", "third", "third"])

    def test_ending_a_subscription_twice_ends_no_other(self) -> None:
        received: list[Change] = []
        stop = self.membership.subscribe(received.append)
        self.membership.subscribe(received.append)
        stop()
        stop()
        self.membership.apply(OTHER)
        self.assertEqual(len(received), 1)

    def test_a_subscription_made_during_a_change_receives_the_next_change(self) -> None:
        received: list[Change] = []

        def once(change: Change) -> None:
            stop()
            self.membership.subscribe(received.append)

        stop = self.membership.subscribe(once)
        self.membership.apply(OTHER)
        self.assertEqual(received, [])
        self.membership.apply(OTHER.suspected("n3"))
        self.assertEqual(len(received), 1)


def some(count: int, first: int = 0) -> Sequence[Claim]:
    """Claims about C{count} different living members."""
    return [Claim(f"m{n}", Address("10.1.0.1", n + 1), EPOCH) for n in range(first, first + count)]


class Capacity(MembershipTestCase):
    """The list is bounded."""

    @given(st.lists(claims(age=st.just(0.0)), max_size=30))
    def test_the_list_never_holds_more_than_max_members(self, received: list[Claim]) -> None:
        membership = self.made(max_members=5)
        for claim in received:
            membership.apply(claim)
            self.assertLessEqual(len(membership), 5)
            self.assertIn("me", table(membership))
            self.assertEqual(membership.living, len(membership.index.living))

    def test_a_newcomer_replaces_the_member_that_left_first_then_that_failed_first(self) -> None:
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

    def test_a_failed_or_left_newcomer_replaces_no_member(self) -> None:
        self.membership = self.made(max_members=2)
        first, second = some(2)
        self.membership.apply(first.failed("me"))
        self.assertIdentical(self.membership.apply(second.departed()), None)
        self.assertEqual(self.membership.refused, 1)

    def test_the_local_member_is_never_evicted(self) -> None:
        self.membership = self.made(max_members=1)
        self.membership.depart()
        self.membership.apply(OTHER)
        self.assertEqual(list(table(self.membership)), ["me"])

    def test_known_members_are_updated_in_a_full_list(self) -> None:
        self.membership = self.made(max_members=2)
        self.membership.apply(OTHER)
        self.membership.apply(OTHER.failed("n3"))
        self.assertIdentical(self.member("n2").state, State.FAILED)


class Ages(MembershipTestCase):
    """Old records are removed everywhere instead of being gossiped for ever."""

    def test_a_record_older_than_its_memory_is_not_applied(self) -> None:
        for gone, memory in ((OTHER.failed("n3"), DAY), (OTHER.departed(), HOUR)):
            for held in (None, OTHER):
                self.membership.clear()
                if held is not None:
                    self.membership.apply(held)
                self.assertIdentical(self.membership.apply(replace(gone, age=float(memory))), None)
                self.assertEqual(self.membership.claim("n2"), held)
                self.assertEqual(self.membership.refused, 0)
                assert self.membership.apply(replace(gone, age=memory - 1.0)) is not None

    def test_the_memory_of_failed_and_left_records_is_a_setting(self) -> None:
        membership = self.made(failed_memory=5.0, left_memory=3.0)
        membership.apply(replace(OTHER.failed("n3"), age=5.0))
        membership.apply(replace(OTHER.departed(), age=3.0))
        self.assertEqual(len(membership), 1)

    def test_a_state_began_when_the_age_in_its_claim_says(self) -> None:
        self.membership.apply(replace(OTHER.failed("n3"), age=60.0))
        self.assertEqual(self.member("n2").since, NOW - 60)
        self.assertEqual(self.membership.age("n2"), 60.0)
        self.clock.now += 5
        self.assertEqual(self.membership.age("n2"), 65.0)

    def test_since_changes_with_the_state_and_with_the_run_only(self) -> None:
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

    def test_an_age_is_never_negative_when_the_clock_went_back(self) -> None:
        self.membership.apply(OTHER)
        self.clock.now -= HOUR
        self.assertEqual(self.membership.age("n2"), 0.0)
        self.assertEqual(self.membership.age("nobody"), 0.0)


class QueryTestCase(MembershipTestCase):
    """Queries of the list."""

    def test_the_list_provides_imembership(self) -> None:
        self.assertTrue(verifyObject(IMembership, self.membership))
        self.assertEqual(self.membership.name, "me")

    def test_members_are_sorted_by_name_and_can_be_filtered_by_state(self) -> None:
        for claim in (OTHER.failed("me"), replace(OTHER, name="a"), replace(OTHER, name="z")):
            self.membership.apply(claim)
        self.assertEqual(
            [member.name for member in self.membership.members()], ["a", "me", "n2", "z"]
        )
        alive = self.membership.members(State.ALIVE)
        self.assertEqual([member.name for member in alive], ["a", "me", "z"])
        self.assertEqual((len(self.membership), self.membership.living), (4, 3))

    def test_an_unknown_member_is_none(self) -> None:
        self.assertIdentical(self.membership.get("nobody"), None)
        self.assertIdentical(self.membership.claim("nobody"), None)

    def test_a_round_trip_time_is_dropped_with_a_change_of_address(self) -> None:
        self.membership.apply(OTHER)
        self.membership.measured("n2", 0.25)
        self.membership.measured("nobody", 0.5)
        self.membership.apply(OTHER.alive(4))
        self.assertEqual(self.member("n2").rtt, 0.25)
        self.membership.apply(replace(OTHER, incarnation=5, address=HERE))
        self.assertIdentical(self.member("n2").rtt, None)

    def test_a_sample_excludes_the_local_member_and_the_one_to_leave_out(self) -> None:
        for claim in some(6):
            self.membership.apply(claim)
        self.membership.apply(some(1)[0].failed("me"))
        chosen = self.membership.sample(random.Random(1), 9, without="m1")
        self.assertEqual(sorted(claim.name for claim in chosen), ["m2", "m3", "m4", "m5"])

    def test_a_removed_member_can_be_learnt_again(self) -> None:
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
