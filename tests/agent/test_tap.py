"""twistd swim: its options, and the process that they make."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Address, Config, service
from swimtx.agent.control import ControlPort
from swimtx.agent.option_values import host_and_port
from swimtx.agent.process import MemberProcess
from swimtx.agent.startup_errors import CannotStart, CannotStartDaemon, StartupFailure
from swimtx.agent.tap import Options, makeService
from swimtx.errors import BadConfig
from swimtx.membership.claim import Claim
from swimtx.service import SwimService
from tests.agent.doubles import EPOCH, FakeNode, claim


def parsed(*arguments: str) -> Options:
    """The options of a command line."""
    options = Options()
    options.parseOptions(list(arguments))
    return options


class MemberOptionsTests(SynchronousTestCase):
    """The command line, which becomes a Config."""

    def test_without_options_the_configuration_is_the_default(self) -> None:
        options = parsed()
        self.assertEqual(options.config, Config())
        self.assertEqual((options.config.port, options.config.interface), (7946, "127.0.0.1"))
        self.assertEqual(options.seeds, [])

    def test_each_option_sets_its_parameter(self) -> None:
        options = parsed(
            *("-p", "0", "-i", "127.0.0.2", "--advertise", "127.0.0.3:99", "--name", "n1"),
            *("--cluster", "c", "--profile", "wan", "--protocol-period", "2.5"),
            *("--ping-timeout", "0.5", "-j", "a", "--join", "b:1", "-t", "a=b=c", "--tag", "d="),
        )
        self.assertEqual(
            options.config,
            Config(
                name="n1",
                port=0,
                interface="127.0.0.2",
                advertise=("127.0.0.3", 99),
                cluster="c",
                profile="wan",
                protocol_period=2.5,
                ping_timeout=0.5,
                tags={"a": "b=c", "d": ""},
            ),
        )
        self.assertEqual(options.seeds, ["a", "b:1"])

    def test_rules_of_detection_can_be_switched_off_and_tuned(self) -> None:
        for arguments, expected in (
            (["--no-tripwires"], Config(tripwires=False)),
            (["--round-robin"], Config(phased=False)),
            (["--no-refused-verdict"], Config(refused_verdict=False)),
            (["--silence-tolerance", "2.5"], Config(silence_tolerance=2.5)),
            (["--patience", "60"], Config(patience=60.0)),
        ):
            self.assertEqual(parsed(*arguments).config, expected)

    def test_the_default_interface_is_loopback_and_with_insecure_all_interfaces(self) -> None:
        self.assertEqual(parsed("--type", "udp6").config.interface, "::1")
        self.assertEqual(parsed("--insecure").config.interface, "0.0.0.0")
        self.assertEqual(parsed("--insecure", "--type=udp6").config.interface, "::")

    def test_an_invalid_option_is_a_usage_error(self) -> None:
        for arguments in (
            ["--port", "65536"],
            ["--port", "-1"],
            ["--port", "x"],
            ["--port", "\u0661"],
            ["--interface", "0.0.0.0"],
            ["--interface", "localhost"],
            ["--type", "tcp4"],
            ["--type", "udp6", "--interface", "127.0.0.1"],
            ["--advertise", "here"],
            ["--advertise", "127.0.0.1:x"],
            ["--name", ""],
            ["--name", "a\nb"],
            ["--name", "é" * 65],
            ["--cluster", ""],
            ["--join", ""],
            ["--join", ":1"],
            ["--join", "a:99999"],
            ["--profile", "moon"],
            ["--protocol-period", "0"],
            ["--protocol-period", "nan"],
            ["--ping-timeout", "inf"],
            ["--ping-timeout", "0.9"],
            ["--silence-tolerance", "0"],
            ["--silence-tolerance", "inf"],
            ["--silence-tolerance", "9", "--patience", "8"],
            ["--patience", "-1"],
            ["--patience", "x"],
            ["--tag", "x"],
            ["--tag", "=x"],
            ["--tag", "a=1", "--tag", "a=2"],
            ["--tag", "a=" + "x" * 600],
            ["--control", "/a/path"],
            ["--control", "tcp:x"],
            ["--control", "unix"],
            ["--control", ""],
            ["--bogus"],
            ["more"],
        ):
            with self.assertRaises(UsageError, msg=repr(arguments)):
                parsed(*arguments)

    def test_the_usage_explains_every_option(self) -> None:
        usage = str(Options())
        for option in (
            *("port", "interface", "insecure", "type", "advertise", "name", "cluster", "join"),
            *("profile", "protocol-period", "ping-timeout", "tag", "control", "version"),
            *("silence-tolerance", "patience", "no-tripwires", "round-robin"),
            "no-refused-verdict",
        ):
            self.assertRegex(usage, rf"--{option}=?\s+\S")

    def test_the_version_option_prints_the_version_of_swimtx(self) -> None:
        printed = io.StringIO()
        self.patch(sys, "stdout", printed)
        with self.assertRaises(SystemExit):
            parsed("--version")
        self.assertRegex(printed.getvalue(), r"^swimtx \S+, twisted \S+, protobuf \S+, python \S+$")

    def test_the_service_binds_nothing_before_it_starts(self) -> None:
        made: Any = makeService(parsed("--port", "0", "--join", "a"))
        self.assertIsInstance(made, MemberProcess)
        self.assertIsInstance(made.swim, SwimService)
        self.assertIsInstance(made.control, ControlPort)
        self.assertFalse(made.swim.node.running)

    def test_control_none_makes_no_control_port(self) -> None:
        made: Any = makeService(parsed("--control", "none"))
        self.assertIsNone(made.control)


class HostAndPortTests(SynchronousTestCase):
    """The parser of HOST[:PORT]."""

    def test_the_port_may_be_left_out(self) -> None:
        for text, expected in (
            ("10.0.0.1", ("10.0.0.1", 0)),
            ("10.0.0.1:99", ("10.0.0.1", 99)),
            ("::1", ("::1", 0)),
            ("[::1]", ("::1", 0)),
            ("[::1]:99", ("::1", 99)),
        ):
            self.assertEqual(host_and_port(text), expected)

    def test_malformed_text_is_refused(self) -> None:
        for text in ("", ":1", "a:", "a:b", "[::1", "[::1]x", "[]:1", "a:99999"):
            with self.assertRaises(ValueError, msg=text):
                host_and_port(text)


class MemberProcessTests(SynchronousTestCase):
    """The service: its log lines, and its failures to start."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.patch(service, "Node", FakeNode)
        self.swim = SwimService(Config(name="n1"), (), self.reactor)
        self.node: Any = self.swim.node
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)

    def process(
        self, control: str | None = None, refusal: StartupFailure | None = None
    ) -> MemberProcess:
        port = None if control is None else ControlPort(self.reactor, self.swim, control)
        return MemberProcess(self.swim, port, refusal or StartupFailure())

    def test_the_process_logs_its_addresses_on_one_line(self) -> None:
        with capturedLogs() as logged:
            self.process("unix:/tmp/x.sock").startService()
        self.assertIn(
            "swimtx n1 listening on udp+tcp 127.0.0.1:7946, cluster default, control /tmp/x.sock",
            [formatEvent(event) for event in logged],
        )

    def test_the_process_logs_that_it_has_no_control_port(self) -> None:
        with capturedLogs() as logged:
            self.process().startService()
        self.assertEqual(formatEvent(logged[-1])[-14:], ", control none")

    def test_each_change_is_one_line_of_the_log(self) -> None:
        process = self.process()
        process.startService()
        with capturedLogs() as logged:
            self.node.membership.apply(claim("n2", 7002))
        self.assertEqual(
            [formatEvent(event) for event in logged],
            ["swimtx: n2 (127.0.0.1:7002) joined: n2 said so"],
        )

    def test_an_ipv6_address_is_logged_in_brackets(self) -> None:
        self.process().startService()
        with capturedLogs() as logged:
            self.node.membership.apply(Claim("n2", Address("2001:db8::2", 7002), EPOCH))
        (line,) = map(formatEvent, logged)
        self.assertIn("([2001:db8::2]:7002)", line or "")

    def test_a_stopped_process_has_left_the_group_and_logs_no_more(self) -> None:
        process = self.process("unix:/tmp/x.sock")
        process.startService()
        self.successResultOf(process.stopService())
        self.assertEqual(self.node.calls, ["start", "leave", "stop"])
        with capturedLogs() as logged:
            self.node.membership.apply(claim("n2"))
        self.assertEqual(logged, [])

    def test_a_taken_port_ends_the_process_with_one_line(self) -> None:
        self.node.taken = True
        with self.assertRaises(CannotStart) as caught:
            self.process().startService()
        self.assertEqual(caught.exception.code, 1)
        printed = "swimtx: cannot listen on 127.0.0.1:7946: Address in use\n"
        self.assertEqual(self.stderr.getvalue(), printed)

    def test_an_unusable_control_port_ends_the_process_with_one_line(self) -> None:
        with self.assertRaises(CannotStart):
            self.process(f"unix:/{'x' * 200}").startService()
        self.assertEqual(len(self.stderr.getvalue().splitlines()), 1)


class StartupFailureTests(SynchronousTestCase):
    """The end of a process that cannot start, which depends on the program that runs it."""

    def setUp(self) -> None:
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)

    def test_a_process_in_the_foreground_removes_its_pid_file(self) -> None:
        pidfile = Path(tempfile.mkdtemp()) / "x.pid"
        self.addCleanup(pidfile.parent.rmdir)
        pidfile.write_text("1")
        refusal = StartupFailure.under({"nodaemon": 1, "pidfile": str(pidfile)})
        self.assertRaises(CannotStart, refusal.raise_for, BadConfig("not like this"))
        self.assertEqual(self.stderr.getvalue(), "swimtx: not like this\n")
        self.assertFalse(pidfile.exists())

    def test_a_daemon_raises_an_exception_that_twistd_passes_on(self) -> None:
        refusal = StartupFailure.under({"nodaemon": 0, "pidfile": "/n/o"})
        error = BadConfig("not like this")
        raised = self.assertRaises(CannotStartDaemon, refusal.raise_for, error)
        self.assertNotIsInstance(raised, SystemExit)
        self.assertEqual(str(raised), "not like this")

    def test_a_process_under_twist_is_never_a_daemon(self) -> None:
        for runner in (None, {"reactor": "default"}):
            refusal = StartupFailure.under(runner)
            self.assertRaises(CannotStart, refusal.raise_for, BadConfig("not like this"))

    def test_an_ipv6_address_is_put_in_brackets(self) -> None:
        error = CannotListenError("::1", 7946, OSError(98, "Address in use"))
        raised = self.assertRaises(CannotStart, StartupFailure().raise_for, error)
        self.assertEqual(str(raised), "cannot listen on [::1]:7946: Address in use")
