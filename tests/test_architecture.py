"""Rules for the source code as a whole: imports, and the assignment of attributes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "swimtx"
COMMANDS = ("cli", "__main__", "agent.tap", "agent.bootstrap_tap")


def module_names() -> list[str]:
    """The full name of every module of the package."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in sorted(PACKAGE.rglob("*.py"))]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def is_command(module: str) -> bool:
    """Whether a module belongs to the top layer, the commands."""
    return any(f"{module}.".startswith(f"swimtx.{command}.") for command in COMMANDS)


class Reactors(SynchronousTestCase):
    def test_importing_all_but_the_commands_installs_no_reactor(self) -> None:
        library = [name for name in module_names() if not is_command(name)]
        self.assertIn("swimtx.agent.control", library)
        self.assertNotIn("swimtx.cli.demo", library)
        script = (
            "import importlib, sys\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            "    if 'twisted.internet.reactor' in sys.modules:\n"
            "        sys.exit(f'importing {name} installs the global reactor')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, *library],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


ASSIGNED_FROM_OUTSIDE = {
    ("agent/control.py", "placeholder.noisy"): "an option of Twisted's factories",
    ("transport/udp_port.py", "placeholder.noisy"): "an option of Twisted's protocols",
    ("transport/udp_port.py", "port.protocol"): "Twisted closes the port with another one",
    ("transport/udp_port.py", "self.transport.maxThroughput"): "an option of Twisted's transports",
    ("cli/twistd_processes.py", "self._process.returncode"): "subprocess's own attribute",
    ("cli/simulate.py", "group.network.latency"): "documented as an attribute that may be changed",
    ("wire/decoding.py", "message"): "filled in after it is created, which is faster",
    ("simulation/memory_reactor.py", "self._timers"): "one process's timers, held back by it",
    ("simulation/blocked_sends.py", "timers.asked"): "one process's timers, held back by it",
    ("simulation/stream_transport.py", "self._wire.longest"): "the state of one connection",
    ("simulation/scenario.py", "report"): "a report is filled in as the scenario goes on",
    ("simulation/clock.py", "call"): "filled in after it is created, which is faster",
    ("simulation/clock.py", "what._number"): "a call that this clock has created",
    ("simulation/group.py", "run.until"): "a record of the group, which ends it",
    ("experiments", "group.seeds"): "documented: the seeds of members that start from now on",
}
"""The attributes that are assigned from outside the class of the object, each with the reason.

Augmented assignments to counters (C{counters.x += 1}) are allowed. A private record of a module (a
class whose name begins with an underscore) may be changed anywhere in that module.
"""


def sources() -> list[Path]:
    """The modules of the package that are not generated."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not path.stem.endswith("_pb2")]


def private_records(tree: ast.Module) -> set[str]:
    """The attributes of the private classes of a module."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    names.add(inner.target.id)
                elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    names.add(inner.value)  # of __slots__
                elif isinstance(inner, ast.Attribute) and ast.unparse(inner.value) == "self":
                    names.add(inner.attr)
    return names


def assigned_from_outside(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and target of each plain assignment to an attribute of an object but C{self}."""
    records = private_records(tree)
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
            if ast.unparse(node.args[0]) not in ("self", "cls"):
                yield node.lineno, ast.unparse(node)
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    owner = ast.unparse(part.value)
                    if owner not in ("self", "cls") and part.attr not in records:
                        yield part.lineno, ast.unparse(part)


def is_excepted(path: str, target: str) -> bool:
    """Whether an assignment is in C{ASSIGNED_FROM_OUTSIDE}."""
    return any(
        path.startswith(where) and (target == what or target.startswith(f"{what}."))
        for where, what in ASSIGNED_FROM_OUTSIDE
    )


class Links(SynchronousTestCase):
    def test_no_attribute_of_a_component_is_assigned_from_outside_its_class(self) -> None:
        found = []
        for path in sources():
            where = str(path.relative_to(PACKAGE))
            for line, target in assigned_from_outside(ast.parse(path.read_text("utf-8"))):
                if not is_excepted(where, target):
                    found.append(f"swimtx/{where}:{line}: {target}")
        self.assertEqual(found, [])

    def test_every_listed_exception_occurs_in_the_code(self) -> None:
        for where, what in ASSIGNED_FROM_OUTSIDE:
            places = [
                target
                for path in sources()
                if str(path.relative_to(PACKAGE)).startswith(where)
                for _, target in assigned_from_outside(ast.parse(path.read_text("utf-8")))
            ]
            self.assertTrue(
                any(f"{place}.".startswith(f"{what}.") for place in places), (where, what)
            )

    def test_an_assignment_from_outside_is_found_in_any_notation(self) -> None:
        for text in (
            "relay.broken = detection.broken",
            "self.paths.detour = f",
            "a, b.c = 1, 2",
            "x.y: int = 3",
            "setattr(node, 'x', 1)",
            "verdicts.a.b = c = d",
        ):
            self.assertEqual(len(list(assigned_from_outside(ast.parse(text)))), 1, text)
        for text in ("self.x = 1", "counters.pings += 1", "x = y.z", "setattr(self, 'x', 1)"):
            self.assertEqual(list(assigned_from_outside(ast.parse(text))), [], text)
        record = "class _Watch:\n    def __init__(self):\n        self.saw = 1\nwatch.saw = 2"
        self.assertEqual(list(assigned_from_outside(ast.parse(record))), [])
