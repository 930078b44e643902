"""The house is what its plan says: ``tests/floors.py`` held against the imports of the code."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.floors import (
    DOOR,
    FLOORS,
    PACKAGE,
    REACTOR_BY_DEFAULT,
    UPSTAIRS,
    WORDS_MAY_IMPORT,
    floor_of,
    room_of,
)

ROOT = Path(__file__).resolve().parent.parent
GLOBAL_REACTOR = "twisted.internet.reactor"
NO_CLOCK_OF_ITS_OWN_UP_TO = 6
TOP = FLOORS[-1].number

# Calls that take chance or time from the process instead of from whoever made the object.
CLOCKS = {
    f"time.{name}{unit}"
    for name in ("time", "monotonic", "perf_counter", "process_time")
    for unit in ("", "_ns")
} | {"time.sleep", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"}
SOURCES_OF_CHANCE = {"random.Random", "random.SystemRandom"}


@dataclass(frozen=True)
class Import:
    """One imported thing, by its full dotted name, and the line that imports it."""

    name: str
    line: int
    for_types_only: bool = False


@dataclass(frozen=True)
class Source:
    """One module: its full name and its text, and what can be read off them."""

    module: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.module)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import at any depth, under TYPE_CHECKING too; ``from a import b`` is ``a.b``."""
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        for_types = {
            inner
            for node in ast.walk(self.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            for statement in node.body
            for inner in ast.walk(statement)
        }
        for node in ast.walk(self.tree):
            for name in self._imported_by(node):
                yield Import(name, getattr(node, "lineno", 0), node in for_types)

    def _imported_by(self, node: ast.AST) -> list[str]:
        match node:
            case ast.Import(names=names):
                return [name.name for name in names]
            case ast.ImportFrom(names=names):
                return [f"{self._absolute(node)}.{name.name}" for name in names]
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                return [name]
            case ast.Attribute() if ast.unparse(node) == GLOBAL_REACTOR:
                return [GLOBAL_REACTOR]
        return []

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = self.module.split(".")
        above = node.level - 1 if self.is_package else node.level
        return ".".join([*here[: len(here) - above], *([node.module] if node.module else [])])

    @cached_property
    def calls(self) -> tuple[Import, ...]:
        """Every call of something imported, by its full dotted name whatever its local name."""
        return tuple(self._calls())

    def _calls(self) -> Iterator[Import]:
        known: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    top = name.name.split(".")[0]
                    known[name.asname or top] = name.name if name.asname else top
            elif isinstance(node, ast.ImportFrom):
                for name in node.names:
                    known[name.asname or name.name] = f"{self._absolute(node)}.{name.name}"
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                first, *rest = ast.unparse(node.func).split(".")
                if first in known:
                    yield Import(".".join([known[first], *rest]), node.lineno)


@dataclass(frozen=True)
class House:
    """All modules of swimtx, or of a made-up one, and what is wrong with them."""

    sources: tuple[Source, ...]
    upstairs: Mapping[tuple[str, str], str] = field(default_factory=lambda: UPSTAIRS)

    @classmethod
    def in_folder(cls, folder: Path) -> House:
        """The modules of the package that ``folder`` is."""
        found = []
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Source(name, path.read_text(encoding="utf-8"), is_package))
        return cls(tuple(found))

    @classmethod
    def of(cls, **texts: str) -> House:
        """A made-up house: the text of each room (``agent__tap`` is ``swimtx.agent.tap``)."""
        names = {PACKAGE: "", **{f"{PACKAGE}.{k.replace('__', '.')}": v for k, v in texts.items()}}
        return cls(
            tuple(
                Source(name, text, any(other.startswith(f"{name}.") for other in names))
                for name, text in names.items()
            )
        )

    @cached_property
    def modules(self) -> frozenset[str]:
        return frozenset(source.module for source in self.sources)

    def inner(self, source: Source) -> Iterator[tuple[str, Import]]:
        """The modules of the house that ``source`` imports, and how."""
        for found in source.imports:
            if found.name.split(".")[0] != PACKAGE or found.name == f"{PACKAGE}.__version__":
                continue
            name = found.name
            while name not in self.modules and name.count(".") > 1:
                name = name.rpartition(".")[0]
            if name not in self.modules and name == found.name:
                name = DOOR  # not a module but something that the door offers
            if name != source.module:
                yield name, found

    def homeless(self) -> list[str]:
        return [
            f"{module} has no floor: add it to the rooms of one in tests/floors.py"
            for module in sorted(self.modules)
            if floor_of(module) is None
        ]

    def climbing(self) -> list[str]:
        """The imports that go upstairs without leave."""
        wrong = []
        for source in self.sources:
            mine = floor_of(source.module)
            if source.module == DOOR or mine is None:
                continue
            for name, found in self.inner(source):
                theirs = floor_of(name)
                if theirs is None or theirs.number <= mine.number:
                    continue
                if (room_of(source.module), room_of(name)) in self.upstairs:
                    continue
                wrong.append(
                    f"{source.module}:{found.line} (floor {mine.number}, {mine.name}) imports "
                    f"{name} (floor {theirs.number}, {theirs.name})"
                )
        return wrong

    def circle(self) -> list[str]:
        """The modules of one circle of imports, in order; empty when there is none.

        Inside one folder two modules may know each other's types, which is no import at all when
        the program runs. Between rooms not even that.
        """
        graph = {
            source.module: {
                name
                for name, found in self.inner(source)
                if not (found.for_types_only and room_of(name) == room_of(source.module))
            }
            for source in self.sources
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return list(error.args[1])
        return []

    def foreign(self, *numbers: int) -> Iterator[tuple[Source, Import]]:
        """What the modules on the floors of these numbers import from outside."""
        for source in self.on_floors(*numbers):
            for found in source.imports:
                if found.name.split(".")[0] != PACKAGE:
                    yield source, found

    def on_floors(self, *numbers: int) -> Iterator[Source]:
        for source in self.sources:
            floor = floor_of(source.module)
            if source.module != DOOR and floor is not None and floor.number in numbers:
                yield source

    def reaching_for_the_reactor(self) -> list[str]:
        """The imports of the global reactor below the top floor, and by the door, without leave."""
        return [
            f"{source.module}:{found.line} imports the global reactor"
            for source in self.sources
            if source.module == DOOR or source not in self.on_floors(TOP)
            if source.module.removeprefix(f"{PACKAGE}.") not in REACTOR_BY_DEFAULT
            for found in source.imports
            if f"{found.name}.".startswith(f"{GLOBAL_REACTOR}.")
        ]

    def wordy(self) -> list[str]:
        """What floor 0 imports that is neither the standard library nor on its list."""
        allowed = sys.stdlib_module_names | WORDS_MAY_IMPORT
        return [
            f"{source.module}:{found.line} imports {found.name}"
            for source, found in self.foreign(0)
            if found.name.split(".")[0] not in allowed
        ]

    def networked(self) -> list[str]:
        """What floors 0 and 1 import of twisted.internet."""
        return [
            f"{source.module}:{found.line} imports {found.name}"
            for source, found in self.foreign(0, 1)
            if f"{found.name}.".startswith("twisted.internet.")
        ]

    def helping_themselves(self) -> list[str]:
        """The calls that take time or chance from the process."""
        return [
            f"{source.module}:{call.line} calls {call.name}"
            for source in self.on_floors(*range(NO_CLOCK_OF_ITS_OWN_UP_TO + 1))
            for call in source.calls
            if call.name in CLOCKS
            or (call.name.startswith("random.") and call.name not in SOURCES_OF_CHANCE)
        ]


class TheHouseAsItStands(SynchronousTestCase):
    """The code against the plan."""

    def setUp(self) -> None:
        self.house = House.in_folder(ROOT / PACKAGE)
        self.assertIn(PACKAGE, self.house.modules)

    def nothing_wrong(self, found: list[str], rule: str) -> None:
        if found:
            self.fail("\n  ".join([f"{rule}:", *found]))

    def test_every_module_has_a_floor(self) -> None:
        self.nothing_wrong(self.house.homeless(), "every module has its place in the table")

    def test_imports_go_downstairs_or_stay_on_the_level(self) -> None:
        self.nothing_wrong(self.house.climbing(), "nobody imports from upstairs")

    def test_no_module_imports_itself_by_a_detour(self) -> None:
        circle = self.house.circle()
        self.assertEqual(circle, [], " imports ".join(reversed(circle)))

    def test_only_doors_to_people_import_the_global_reactor(self) -> None:
        self.nothing_wrong(self.house.reaching_for_the_reactor(), f"only floor {TOP} may")

    def test_words_need_the_standard_library_attrs_and_zope_interface_only(self) -> None:
        self.nothing_wrong(self.house.wordy(), "floor 0 holds values only")

    def test_words_and_rules_know_nothing_of_the_network(self) -> None:
        self.nothing_wrong(self.house.networked(), "floors 0 and 1 hold no clock and no socket")

    def test_time_and_chance_are_handed_in(self) -> None:
        self.nothing_wrong(
            self.house.helping_themselves(),
            "take seconds() of the clock and the random.Random that the constructor was given",
        )

    def test_importing_all_but_the_top_floor_installs_no_reactor(self) -> None:
        below = [source.module for source in self.house.on_floors(*range(TOP))]
        script = (
            "import importlib, sys\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            f"    if {GLOBAL_REACTOR!r} in sys.modules:\n"
            "        sys.exit(f'importing {name} installs the global reactor')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, DOOR, *below],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


class ThePlanItself(SynchronousTestCase):
    """The table makes sense."""

    def test_floors_are_numbered_from_the_ground(self) -> None:
        self.assertEqual([floor.number for floor in FLOORS], list(range(len(FLOORS))))

    def test_no_room_is_on_two_floors(self) -> None:
        rooms = [room for floor in FLOORS for room in floor.rooms]
        self.assertEqual(sorted(set(rooms)), sorted(rooms))

    def test_every_way_upstairs_leads_up_and_says_why(self) -> None:
        for (lower, upper), why in UPSTAIRS.items():
            below, above = floor_of(f"{PACKAGE}.{lower}"), floor_of(f"{PACKAGE}.{upper}")
            assert below is not None and above is not None, (lower, upper)
            self.assertLess(below.number, above.number)
            self.assertTrue(why)

    def test_a_folder_is_one_room_unless_a_module_of_it_is_named(self) -> None:
        self.assertEqual(room_of("swimtx.wire.codec"), "wire")
        self.assertEqual(room_of("swimtx.agent.http"), "agent")
        self.assertEqual(room_of("swimtx.agent.tap"), "agent.tap")
        self.assertIsNone(room_of("swimtx.wireless"))


class AHouseWithAFault(SynchronousTestCase):
    """Each rule notices when it is broken."""

    def test_a_module_without_a_floor_is_named_with_where_to_add_it(self) -> None:
        [said] = House.of(attic="").homeless()
        self.assertIn("swimtx.attic", said)
        self.assertIn("tests/floors.py", said)

    def test_an_import_from_upstairs_is_found_however_it_is_written(self) -> None:
        for text in (
            "import swimtx.node",
            "from swimtx import node",
            "from swimtx.node import Node",
            "from . import node",
            "from .node import Node",
            "def late():\n    from .node import Node",
            "if TYPE_CHECKING:\n    from .node import Node",
            "import importlib\nimportlib.import_module('swimtx.node')",
        ):
            [said] = House.of(membership=text, node="").climbing()
            self.assertIn("imports swimtx.node (floor 5", said, text)

    def test_a_relative_import_is_read_from_where_it_stands(self) -> None:
        inside = House.of(wire="from .codec import x", wire__codec="from ..node import N", node="")
        self.assertEqual(len(inside.climbing()), 1)
        self.assertEqual(inside.circle(), [])

    def test_downstairs_and_the_same_floor_are_free(self) -> None:
        house = House.of(membership="from .member import M\nfrom . import wire", member="", wire="")
        self.assertEqual(house.climbing(), [])

    def test_the_wiring_may_take_its_transports_from_upstairs(self) -> None:
        texts = {"node": "from .transports import tcp", "transports__tcp": "", "transports": ""}
        self.assertEqual(House.of(**texts).climbing(), [])
        house = House.of(joining="from .transports import tcp", transports__tcp="", transports="")
        self.assertEqual(len(house.climbing()), 1)

    def test_nobody_downstairs_comes_in_by_the_front_door(self) -> None:
        self.assertEqual(len(House.of(membership="from swimtx import Node").climbing()), 1)
        self.assertEqual(House.of(membership="from swimtx import __version__").climbing(), [])

    def test_a_circle_is_found_on_one_floor_and_across_a_function(self) -> None:
        house = House.of(
            evidence="from . import keyring", keyring="def f():\n    import swimtx.evidence"
        )
        self.assertEqual(set(house.circle()), {"swimtx.evidence", "swimtx.keyring"})

    def test_types_may_go_in_a_circle_inside_a_folder_and_not_between_rooms(self) -> None:
        typed = "if TYPE_CHECKING:\n    from {} import X"
        folder = House.of(
            wire="", wire__codec="from .fields import F", wire__fields=typed.format(".codec")
        )
        self.assertEqual(folder.circle(), [])
        rooms = House.of(evidence="from . import keyring", keyring=typed.format(".evidence"))
        self.assertNotEqual(rooms.circle(), [])

    def test_a_service_may_fall_back_on_the_global_reactor_and_a_status_page_may_not(self) -> None:
        text = "def f():\n    from twisted.internet import reactor"
        self.assertEqual(House.of(agent__service=text).reaching_for_the_reactor(), [])
        self.assertNotEqual(House.of(agent__http=text).reaching_for_the_reactor(), [])

    def test_the_global_reactor_is_found_however_it_is_reached(self) -> None:
        for text in (
            "from twisted.internet import reactor",
            "def f():\n    from twisted.internet import reactor as r",
            "import twisted.internet.reactor",
            "from twisted.internet.reactor import callLater",
            "import twisted.internet\ntwisted.internet.reactor.run()",
        ):
            self.assertNotEqual(House.of(node=text).reaching_for_the_reactor(), [], text)
            self.assertEqual(House.of(cli=text).reaching_for_the_reactor(), [], text)
            self.assertEqual(House.of(agent__tap=text).reaching_for_the_reactor(), [], text)
        asyncio = "from twisted.internet import reactor_like, asyncioreactor"
        self.assertEqual(House.of(node=asyncio).reaching_for_the_reactor(), [])

    def test_words_that_import_a_library_are_found(self) -> None:
        self.assertEqual(len(House.of(member="import google.protobuf").wordy()), 1)
        self.assertEqual(House.of(member="import enum, attrs, zope.interface").wordy(), [])

    def test_rules_that_import_the_network_are_found(self) -> None:
        text = "from twisted.internet.defer import Deferred"
        self.assertEqual(len(House.of(membership=text).networked()), 1)
        self.assertEqual(House.of(suspicion=text).networked(), [])

    def test_taking_time_and_chance_from_the_process_is_found(self) -> None:
        for text in (
            "import time\ntime.time()",
            "import time as t\nt.sleep(1)",
            "from time import time\ntime()",
            "from time import monotonic as now\ndef f():\n    now()",
            "import random\nrandom.random()",
            "from random import shuffle\nshuffle([])",
            "import datetime\ndatetime.datetime.now()",
            "from datetime import datetime\ndatetime.now()",
        ):
            self.assertEqual(len(House.of(suspicion=text).helping_themselves()), 1, text)
        for text in (
            "import random\nrandom.Random(7)",
            "def f(clock, chance):\n    return clock.seconds() + chance.random()",
            "import time\ndef f(now=time.time):\n    return now()",
        ):
            self.assertEqual(House.of(suspicion=text).helping_themselves(), [], text)
