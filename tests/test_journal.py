"""Journals, and the components that note in them what they did."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swimtx import Node
from swimtx.addresses import Address
from swimtx.interfaces import IJournal
from swimtx.journal import NullJournal
from swimtx.wiring import Wiring
from tests.parts import Scene
from tests.strategies import mixed_in

details = st.dictionaries(
    st.text("abcdefghij_", min_size=1),
    st.none() | st.text() | st.floats() | st.integers() | st.lists(st.text()),
    max_size=5,
)


class Note(NamedTuple):
    """One note of a L{RecordingJournal}."""

    kind: str
    about: str
    details: dict[str, object]


@implementer(IJournal)
class RecordingJournal:
    """Keeps all notes."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def note(self, kind: str, about: str = "", **details: object) -> None:
        self.notes.append(Note(kind, about, details))

    def of(self, kind: str) -> list[Note]:
        """The notes of this kind."""
        return [note for note in self.notes if note.kind == kind]


class JournalTestsMixin:
    """Tests for every C{IJournal}, to be mixed in with a C{TestCase}."""

    def make(self) -> Any:
        """A journal without a note."""
        raise NotImplementedError

    def test_the_journal_provides_its_interface(self: Any) -> None:
        verifyObject(IJournal, self.make())

    @mixed_in
    @given(st.text(), st.text(), details)
    def test_a_note_may_be_of_any_kind_about_any_member_with_any_details(
        self: Any, kind: str, about: str, details: dict[str, object]
    ) -> None:
        journal = self.make()
        self.assertIsNone(journal.note(kind, about, **details))
        self.assertIsNone(journal.note(kind, **details))
        self.assertIsNone(journal.note(kind))

    def test_noting_changes_no_detail(self: Any) -> None:
        given: list[str] = ["a"]
        self.make().note("kind", "n1", given=given)
        self.assertEqual(given, ["a"])


class NullJournalTests(JournalTestsMixin, SynchronousTestCase):
    def make(self) -> NullJournal:
        return NullJournal()

    def test_a_null_journal_keeps_nothing(self) -> None:
        journal = self.make()
        journal.note("failed", "n1", why="no answer")
        self.assertFalse(hasattr(journal, "__dict__"))
        self.assertEqual(journal.__slots__, ())


class RecordingJournalTests(JournalTestsMixin, SynchronousTestCase):
    """The double of other tests."""

    def make(self) -> RecordingJournal:
        return RecordingJournal()


class JournalOfANodeTests(SynchronousTestCase):
    """The journal that a wiring makes reaches each component that notes what it did."""

    def setUp(self) -> None:
        self.scene = Scene()
        self.journals: list[RecordingJournal] = []
        journals = self.journals

        class Recording(Wiring):
            def make_journal(self) -> IJournal:
                journals.append(RecordingJournal())
                return journals[-1]

        self.wiring = Recording

    def node(self, **settings: Any) -> Node:
        node = self.scene.node("me", self.wiring, **settings)
        self.addCleanup(self.scene.run, 1)
        self.addCleanup(node.stop)
        return node

    @property
    def journal(self) -> RecordingJournal:
        return self.journals[0]

    def test_a_wiring_makes_one_journal_and_nothing_is_noted_by_building(self) -> None:
        node = self.node()
        self.assertEqual(len(self.journals), 1)
        self.assertIs(node._parts.journal, self.journal)
        self.assertEqual(self.journal.notes, [])

    def test_each_component_that_takes_notes_gets_the_journal_of_the_wiring(self) -> None:
        parts: Any = self.node()._parts
        timers, _, verdicts, isolation = parts.suspicion
        for component in (
            parts.clock,
            parts.detector,
            parts.isolation,
            parts.identity,
            parts.protocol._admission,
            parts.streams._admission,
            timers,
            isolation,
            verdicts._isolation,
        ):
            self.assertIs(component._journal, self.journal, component)

    def group(self, **settings: Any) -> tuple[Node, list[Node]]:
        """The node with the journal, and two other members of its group."""
        me = self.node(protocol_period=1.0, **settings)
        others = [self.scene.node(name) for name in ("a", "b")]
        for node in (me, *others):
            node.start()
            self.addCleanup(node.stop)
            node.join([me.address])
        self.scene.run(5)
        self.assertEqual(me.membership.living, 3)
        return me, others

    def test_the_clock_notes_a_stall(self) -> None:
        me, _ = self.group()
        reactor: Any = me._reactor
        reactor.stall()
        self.scene.run(3)
        reactor.resume()
        self.scene.run(1)
        stalled, *_ = self.journal.of("stalled")
        self.assertEqual((stalled.about, list(stalled.details)), ("", ["seconds"]))
        seconds: Any = stalled.details["seconds"]
        self.assertGreater(seconds, 1)

    def test_isolation_and_suspicion_are_noted_when_no_member_answers(self) -> None:
        _, others = self.group(silence_tolerance=3.0)
        network = self.scene.network
        network.unplug([node.address.host for node in others])
        self.scene.run(20)
        (isolated,) = self.journal.of("isolated")
        self.assertEqual(isolated.about, "me")
        kinds = {note.kind for note in self.journal.notes}
        self.assertIn("inconclusive", kinds, "noted by the failure detector")
        network.plug_in([node.address.host for node in others])
        self.scene.run(20)
        self.assertEqual([note.about for note in self.journal.of("reconnected")], ["me"])

    def test_the_grade_of_a_suspicion_is_noted(self) -> None:
        _, (a, _) = self.group(silence_tolerance=3.0)
        reactor: Any = a._reactor
        reactor.stall()
        self.scene.run(20)
        reactor.resume()
        self.assertIn("a", {note.about for note in self.journal.of("graded")})

    def test_a_new_address_of_the_local_member_is_noted(self) -> None:
        node = self.node(interface="0.0.0.0", advertise=None)
        parts: Any = node._parts
        self.patch(
            parts.identity,
            "_toward",
            lambda host, kind: "10.7.7.7" if host is None else "10.8.8.8",
        )
        node.start()
        parts.identity.look_toward([Address("10.8.8.1", 7946)])
        (moved,) = self.journal.of("address")
        self.assertEqual(moved, ("address", "me", {"before": "10.7.7.7", "now": "10.8.8.8"}))
