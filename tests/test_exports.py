"""The public API: its names, types and documented errors, and the refusal of wrong arguments."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import swimtx
from swimtx import Bootstrap, Config, Node, StaticSeeds, SwimService, interfaces, testing
from swimtx.config import Settings
from swimtx.errors import BadConfig
from swimtx.testing import MemoryReactorClock

ROOT = Path(__file__).resolve().parent.parent
NAMES = [
    "Address",
    "AlreadyRunning",
    "BadConfig",
    "Bootstrap",
    "BootstrapService",
    "Change",
    "Config",
    "Event",
    "HasLeft",
    "IEnvelope",
    "IMembership",
    "ISeeds",
    "JoinFailed",
    "Member",
    "Message",
    "MessageType",
    "NoAnswer",
    "NoSuchMember",
    "Node",
    "NodeStatus",
    "NotRunning",
    "Reactor",
    "State",
    "StaticSeeds",
    "SwimError",
    "SwimService",
    "__version__",
]
OF_TESTING = [
    "Group",
    "HeapClock",
    "MemoryNetwork",
    "MemoryReactor",
    "MemoryReactorClock",
    "VirtualClock",
    "run_for",
]


class Exports(SynchronousTestCase):
    def test_the_public_names_are_these_and_no_others(self) -> None:
        self.assertEqual(sorted(swimtx.__all__), sorted(NAMES))
        self.assertEqual(sorted(testing.__all__), sorted(OF_TESTING))

    def test_every_public_name_can_be_imported(self) -> None:
        for name in NAMES:
            self.assertIsNotNone(getattr(swimtx, name))
            self.assertIn(name, dir(swimtx))
        for name in OF_TESTING:
            self.assertIsNotNone(getattr(testing, name))
        self.assertRaises(AttributeError, getattr, swimtx, "Wiring")

    def test_the_virtual_clock_keeps_its_old_name_for_one_release(self) -> None:
        self.assertIs(testing.HeapClock, testing.VirtualClock)

    def test_the_presets_take_every_field_of_a_configuration_but_the_profile(self) -> None:
        fields = set(Config.__dataclass_fields__) - {"profile"}
        self.assertEqual(set(Settings.__annotations__), fields)
        for name, annotation in Settings.__annotations__.items():
            self.assertEqual(annotation.__forward_arg__, Config.__annotations__[name], name)


def public_callables() -> Iterator[tuple[str, Any]]:
    """All public functions and methods, each with its full name."""
    for name in NAMES:
        value = getattr(swimtx, name)
        if inspect.isclass(value):
            for attribute in vars(value):
                method = inspect.getattr_static(value, attribute)
                method = getattr(method, "fget", method)
                method = getattr(method, "__func__", method)
                if inspect.isfunction(method) and not attribute.startswith("_"):
                    yield f"{name}.{attribute}", method
            if "__init__" in vars(value):
                yield f"{name}()", value.__init__
    for name in ("IMembership", "ISeeds", "IEnvelope"):
        interface = getattr(interfaces, name)
        for attribute, method in interface.namesAndDescriptions():
            if hasattr(method, "getSignatureInfo"):
                yield f"{name}.{attribute}", None


class Types(SynchronousTestCase):
    def test_no_public_signature_contains_any(self) -> None:
        found = []
        for name, function in public_callables():
            if not str(getattr(function, "__module__", None)).startswith("swimtx"):
                continue
            for parameter, annotation in function.__annotations__.items():
                if "Any" in str(annotation):
                    found.append(f"{name}: {parameter}: {annotation}")
        self.assertEqual(found, [])

    def test_no_interface_contains_any(self) -> None:
        tree = ast.parse((ROOT / "swimtx" / "interfaces.py").read_text("utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.assertNotIn("Any", names)

    def test_a_users_program_is_accepted_by_mypy(self) -> None:
        """With a user's settings: strict, and with mypy-zope, which Twisted's interfaces need."""
        settings = Path(self.mktemp()).resolve()
        settings.write_text(
            "[mypy]\nstrict = true\nplugins = mypy_zope:plugin\nuntyped_calls_exclude = twisted\n"
        )
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "mypy",
                f"--config-file={settings}",
                "--cache-dir=/dev/null",
                "--follow-imports=silent",
                str(ROOT / "tests" / "users_program.py"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


def raising(function: Any) -> set[str]:
    """The names of the errors that a function raises in its own body."""
    try:
        source = inspect.getsource(function)
    except OSError:  # generated by dataclasses
        return set()
    tree = ast.parse(textwrap.dedent(source))
    return {
        ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc is not None
    }


class Errors(SynchronousTestCase):
    def test_every_error_that_a_public_function_raises_is_in_its_documentation(self) -> None:
        missing = []
        for name, function in public_callables():
            if not str(getattr(function, "__module__", None)).startswith("swimtx"):
                continue
            documentation = inspect.getdoc(function) or ""
            if name.endswith("()"):
                documentation += inspect.getdoc(getattr(swimtx, name[:-2])) or ""
            for error in raising(function):
                if error[:1].isupper() and error not in documentation:
                    missing.append(f"{name}: {error}")
        self.assertEqual(missing, [])

    def test_the_errors_of_a_node_have_one_base_and_are_distinct(self) -> None:
        kinds = [getattr(swimtx, name) for name in NAMES]
        errors = [k for k in kinds if inspect.isclass(k) and issubclass(k, Exception)]
        self.assertEqual(len(errors), 8)
        for error in errors:
            self.assertTrue(issubclass(error, swimtx.SwimError), error)


class WrongArguments(SynchronousTestCase):
    """Each is refused at once, with an error of one sentence that says what is wrong."""

    def refused(self, error: type[Exception], say: str, call: Callable[[], object]) -> None:
        raised: BaseException
        try:
            made = call()
        except Exception as failed:
            raised = failed
        else:
            assert isinstance(made, Deferred), made
            raised = self.failureResultOf(made, error).value
        self.assertIsInstance(raised, error)
        self.assertIn(say, str(raised))
        self.assertNotIn("\n", str(raised))

    def test_an_object_that_is_not_a_reactor_is_refused_with_the_interface_it_lacks(self) -> None:
        reactor: Any = object()
        config = Config(name="n1")
        self.refused(TypeError, "it does not provide IReactorTime", lambda: Node(reactor))
        self.refused(TypeError, "does not provide IReactorUDP", lambda: Node(Clock()))
        lacking = "is no reactor: it does not provide IReactorTime"
        self.refused(TypeError, lacking, lambda: SwimService(config, (), reactor))
        self.refused(TypeError, lacking, lambda: Bootstrap(reactor))

    def test_a_configuration_that_is_not_a_config_is_refused(self) -> None:
        wrong: Any = {"name": "n1"}
        self.refused(TypeError, "must be a Config", lambda: Node(MemoryReactorClock(), wrong))
        self.refused(TypeError, "must be a Config", lambda: SwimService(wrong))

    def test_settings_of_the_wrong_type_are_refused(self) -> None:
        for setting, value in (
            ("name", 5),
            ("name", b"n1"),
            ("port", "7946"),
            ("port", True),
            ("port", 7.5),
            ("interface", 5),
            ("type", 4),
            ("advertise", "10.0.0.1"),
            ("advertise", ("10.0.0.1", "1")),
            ("advertise", ("10.0.0.1",)),
            ("insecure", "no"),
            ("cluster", None),
            ("tags", ["a"]),
            ("tags", {"a": 1}),
            ("tags", {1: "a"}),
            ("profile", None),
            ("profile", ["lan"]),
            ("protocol_period", "1"),
            ("silence_tolerance", "5"),
            ("ping_timeout", "0.4"),
            ("relays", 2.5),
            ("tripwires", 1),
            ("leave_timeout", [5]),
            ("capacity", 1400.0),
        ):
            settings: Any = {setting: value}
            self.refused(BadConfig, setting.split("_")[0], lambda s=settings: Config(**s))  # type: ignore[misc]

    def test_malformed_seeds_are_refused(self) -> None:
        reactor = MemoryReactorClock()
        node = Node(reactor, Config.lan(name="n1", interface="10.0.0.1", insecure=True))
        node.start()
        cases: tuple[tuple[Any, str], ...] = (
            ("10.0.0.2:7946", "must be a list of seeds"),
            (5, "must be a list of seeds"),
            (None, "must be a list of seeds, such as ['10.0.0.2:7946'], not None"),
            ([5], "a seed is 'HOST[:PORT]' or (host, port)"),
            (("10.0.0.2", 7946), "several make a list"),
            ([("10.0.0.2",)], "is not (host, port)"),
            ([("10.0.0.2", "7946")], "is not (host, port)"),
            (["10.0.0.2:0"], "the port must be 1 to 65535"),
            ([None], "a seed is"),
        )
        for seeds, say in cases:
            self.refused(ValueError, say, lambda seeds=seeds: node.join(seeds))  # type: ignore[misc]
            self.refused(
                ValueError,
                say,
                lambda seeds=seeds: SwimService(Config(name="n1"), seeds, reactor),  # type: ignore[misc]
            )
        wrong: Any
        for wrong in ([5], ["10.0.0.1:1"], [("seed.example", 1)], [("10.0.0.1", True)]):
            self.assertRaises(ValueError, StaticSeeds, wrong)
        node.stop()

    def test_malformed_tags_and_listeners_that_are_not_callable_are_refused(self) -> None:
        reactor = MemoryReactorClock()
        node = Node(reactor, Config.lan(name="n1", interface="10.0.0.1", insecure=True))
        node.start()
        wrong: Any = {"a": 1}
        self.refused(ValueError, "tags map text to text", lambda: node.set_tags(wrong))
        wrong = 5
        self.refused(ValueError, "must be a mapping", lambda: node.set_tags(wrong))
        self.refused(TypeError, "must be callable", lambda: node.membership.subscribe(wrong))
        ping = swimtx.MessageType.PING
        self.refused(TypeError, "must be callable", lambda: node.on_message(ping, wrong))
        kind: Any = "PING"
        self.refused(ValueError, "PING", lambda: node.on_message(kind, print))
        self.refused(swimtx.NoSuchMember, "5", lambda: node.ping(wrong))
        kind = "alive"
        self.refused(TypeError, "must be a State", lambda: node.membership.members(kind))
        self.assertEqual(node.membership.me.tags, {})
        node.stop()

    def test_a_bootstrap_node_with_wrong_parameters_is_refused(self) -> None:
        reactor = MemoryReactorClock()
        wrong: Any
        for name, wrong in (
            ("port", "10000"),
            ("port", 70000),
            ("interface", 5),
            ("recent", "all"),
            ("cluster", 5),
            ("cluster", None),
            ("name", 5),
            ("type", 4),
        ):
            settings: Any = {name: wrong}
            self.refused(BadConfig, name, lambda s=settings: Bootstrap(reactor, **s))  # type: ignore[misc]


class Representations(SynchronousTestCase):
    def test_the_repr_of_nodes_services_and_bootstrap_nodes_shows_their_state(self) -> None:
        reactor = MemoryReactorClock()
        config = Config.lan(name="n1", interface="10.0.0.1", insecure=True)
        service = SwimService(config, (), reactor)
        node = service.node
        self.assertEqual(repr(node), "<Node, never started>")
        self.assertEqual(repr(service), "<SwimService of <Node, never started>, not running>")
        service.startService()
        running = "<Node 'n1' at 10.0.0.1:7946, 1 alive, 0 suspect>"
        self.assertEqual(repr(node), running)
        self.assertEqual(repr(service), f"<SwimService of {running}, joined>")
        self.assertEqual(
            repr(node.membership), "<Membership: 1 alive, 0 suspect, 0 failed, 0 left>"
        )
        service.leave()
        self.assertIn("has left", repr(node))
        service.stopService()
        reactor.advance(6)
        self.assertIn("stopped", repr(node))
        bootstrap = Bootstrap(reactor, interface="10.0.0.1")
        self.assertEqual(repr(bootstrap), "<Bootstrap, not running>")
        bootstrap.start()
        running = "<Bootstrap at 10.0.0.1:10000, 0 members>"
        self.assertEqual(repr(bootstrap), running)
        service_of_it = swimtx.BootstrapService(bootstrap)
        self.assertEqual(repr(service_of_it), f"<BootstrapService of {running}>")
        bootstrap.stop()
