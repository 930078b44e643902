"""The wiring of a member: each factory method is a seam, and building starts nothing."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from types import FunctionType, MethodType, ModuleType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swimtx import Node
from swimtx.experiments.ablations import WITHOUT
from swimtx.experiments.memberlist_baseline import lifeguard, memberlist
from swimtx.experiments.swim_baseline import VARIANTS, unaware
from swimtx.wiring import Wiring
from tests.parts import Scene

FACTORIES = tuple(name for name in vars(Wiring) if name.startswith("make_"))

WIRINGS: dict[str, type[Wiring]] = {
    **{f"without {rule}": wiring for rule, wiring in WITHOUT.items()},
    **{f"SWIM {name}": wiring for name, wiring in VARIANTS.items()},
    "SWIM unaware": unaware(VARIANTS["infection"]),
    "memberlist": memberlist(),
    "Lifeguard": lifeguard(),
}
"""All wirings of the experiments, by name."""


class Made(list[tuple[str, Any]]):
    """The name of each factory method that was called and its result, in order."""

    def of(self, factory: str) -> list[Any]:
        """The results of this factory method."""
        return [part for name, part in self if name == factory]


def recording(wiring: type[Wiring], made: Made) -> type[Wiring]:
    """The same wiring, which records what its factory methods return."""

    def recorded(name: str) -> Any:
        factory = getattr(wiring, name)

        def make(self: Wiring, *args: Any, **more: Any) -> Any:
            part = factory(self, *args, **more)
            made.append((name, part))
            return part

        return make

    return type("Recorded", (wiring,), {name: recorded(name) for name in FACTORIES})


def overridden(wiring: type[Wiring]) -> list[str]:
    """The factory methods that a wiring replaces."""
    return [name for name in FACTORIES if getattr(wiring, name) is not getattr(Wiring, name)]


def links(part: Any) -> Iterator[Any]:
    """The objects that an object refers to; of a function, its closure."""
    if isinstance(part, MethodType):
        yield part.__self__
    if isinstance(part, FunctionType | MethodType):
        yield from part.__closure__ or ()
        yield from part.__defaults__ or ()
    else:
        yield from gc.get_referents(part)


def reachable(start: Any, *without: Any) -> dict[int, Any]:
    """All objects that are reachable from one, by identity.

    @param without: objects that are not looked into.
    """
    found: dict[int, Any] = {id(start): start}
    waiting = deque([start])
    ends = {id(each) for each in without}
    while waiting:
        part = waiting.popleft()
        if id(part) in ends or isinstance(part, type | ModuleType | Made):
            continue
        for link in links(part):
            if id(link) not in found:
                found[id(link)] = link
                waiting.append(link)
    return found


class WiringTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.scene = Scene()

    def node(self, wiring: type[Wiring] = Wiring, **settings: Any) -> Node:
        """A node with that wiring; it is stopped at the end, and no timer may be left."""
        scene = self.scene
        node = scene.node(f"n{scene._hosts}", wiring, **settings)
        self.addCleanup(self.stop, scene, node)
        return node

    def stop(self, scene: Scene, node: Node) -> None:
        node.stop()
        scene.run(0.1)
        self.assertEqual(list(node._reactor.getDelayedCalls()), [])


class SeamTests(WiringTestCase):
    def parts_in_use(self, node: Node, made: Made) -> None:
        """Check that each part that was made is in use."""
        used = reachable(node._parts, node._reactor)
        for name, part in made:
            self.assertIn(id(part), used, f"{name} has made {part!r}, which no component uses")

    def test_every_factory_method_is_called_when_a_member_is_wired(self) -> None:
        made = Made()
        self.node(recording(Wiring, made))
        self.assertEqual({name for name, _ in made}, set(FACTORIES))

    def test_every_factory_method_but_that_of_schedules_is_called_once(self) -> None:
        made = Made()
        self.node(recording(Wiring, made))
        for name in FACTORIES:
            if name != "make_schedule":
                self.assertEqual(len(made.of(name)), 1, name)

    def test_the_part_of_every_factory_method_is_used_by_the_running_member(self) -> None:
        made = Made()
        node = self.node(recording(Wiring, made))
        self.parts_in_use(node, made)
        node.start()
        self.scene.run(5)
        self.parts_in_use(node, made)

    def test_the_parts_of_each_wiring_of_the_experiments_are_used_by_the_running_member(
        self,
    ) -> None:
        for name, wiring in WIRINGS.items():
            made = Made()
            node = self.node(recording(wiring, made))
            node.start()
            self.scene.run(1)
            replaced = overridden(wiring)
            self.assertEqual(bool(replaced), wiring is not Wiring, name)
            called = {factory for factory, _ in made}
            self.assertLessEqual(set(replaced) - called, {"make_backoff"}, name)
            self.parts_in_use(node, made)

    def test_the_parts_of_a_member_are_not_those_of_another(self) -> None:
        made, others = Made(), Made()
        one, other = self.node(recording(Wiring, made)), self.node(recording(Wiring, others))
        used = reachable(one._parts, one._reactor)
        for name, part in others:
            if name != "make_schedule":  # equal schedules are one frozen object
                self.assertNotIn(id(part), used, name)
        self.assertIsNot(one._parts, other._parts)

    def test_the_experiments_replace_most_factory_methods(self) -> None:
        replaced = {name for wiring in WIRINGS.values() for name in overridden(wiring)}
        never = set(FACTORIES) - replaced
        self.assertEqual(
            never, {"make_journal", "make_admission", "make_envelope", "make_update_sources"}
        )


class BuildingTests(WiringTestCase):
    def test_building_starts_nothing(self) -> None:
        for name, wiring in WIRINGS.items():
            node = self.node(wiring)
            reactor: Any = node._reactor
            self.assertEqual(list(reactor.getDelayedCalls()), [], name)
            ports = (reactor.datagram_ports, reactor.listeners, reactor.transports)
            self.assertEqual(ports, ({}, {}, {}), name)
            self.assertIsNone(node._parts.membership.name, name)

    def test_a_member_that_was_built_and_never_started_can_be_stopped(self) -> None:
        for wiring in WIRINGS.values():
            self.node(wiring)._parts.stop()

    def test_each_attribute_of_a_wiring_is_assigned_once(self) -> None:
        assigned: list[str] = []

        class Watched(Wiring):
            def __setattr__(self, name: str, value: object) -> None:
                assigned.append(name)
                super().__setattr__(name, value)

        node = self.node(Watched)
        node.start()
        self.scene.run(5)
        self.assertEqual(len(assigned), len(set(assigned)))

    def test_components_are_built_from_the_lowest_to_the_highest(self) -> None:
        order = list(vars(self.node()._parts))
        floors = (
            ("journal", "clock"),
            ("membership", "updates"),
            ("protocol", "streams", "ports", "messenger"),
            ("health", "broken_streams", "relay", "reachability", "anti_entropy", "fallback"),
            ("isolation", "tripwires", "relay_selection", "assessment", "suspicion", "detector"),
            ("gossip", "reconnector", "announcer", "registration", "failure_broadcast"),
            ("identity", "joining", "leaving", "name_conflicts", "responder"),
        )
        places = [[order.index(name) for name in floor] for floor in floors]
        for lower, higher in pairwise(places):
            self.assertLess(max(lower), min(higher))

    def test_no_random_choice_is_made_by_building(self) -> None:
        parts = self.node()._parts
        before = parts.chance.getstate()
        Wiring(parts.reactor, parts.config, parts.chance, None)
        self.assertEqual(parts.chance.getstate(), before)


class RunningTests(WiringTestCase):
    def test_two_members_of_each_wiring_form_a_group(self) -> None:
        for name, wiring in WIRINGS.items():
            self.scene = Scene()
            first, second = self.node(wiring), self.node(wiring)
            for node in (first, second):
                node.start()
            joining = second.join([first.address])
            self.scene.run(10)
            self.successResultOf(joining)
            for node in (first, second):
                self.assertEqual(node.membership.living, 2, name)
                self.assertEqual(node.counters.handler_errors, 0, name)
