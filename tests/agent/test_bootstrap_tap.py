"""twistd swim-bootstrap: its options, and the process that they make."""

from __future__ import annotations

import io
import sys
from typing import Any

from twisted.logger import capturedLogs, formatEvent
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from swimtx import Bootstrap
from swimtx.agent.bootstrap_tap import BootstrapProcess, Options, make_bootstrap, makeService
from swimtx.agent.startup_errors import CannotStart, StartupFailure
from swimtx.errors import NotRunning
from swimtx.testing import MemoryReactorClock


def parsed(*arguments: str) -> Options:
    """The options of a command line."""
    options = Options()
    options.parseOptions(list(arguments))
    return options


class BootstrapOptionsTests(SynchronousTestCase):
    """The command line."""

    def test_the_default_options_are_those_of_the_bootstrap_class(self) -> None:
        options = parsed()
        self.assertEqual((options["port"], options["recent"]), (10000, 32))
        self.assertEqual((options["type"], options["cluster"]), ("udp4", "default"))

    def test_an_invalid_option_is_a_usage_error(self) -> None:
        for arguments in (
            ["--port", "x"],
            ["--type", "tcp"],
            ["--interface", "localhost"],
            ["--interface", "::1"],
            ["--recent", "0"],
            ["--recent", "many"],
            ["--cluster", ""],
            ["--join", "a"],
        ):
            with self.assertRaises(UsageError, msg=repr(arguments)):
                parsed(*arguments)

    def test_the_version_option_prints_the_version_of_swimtx(self) -> None:
        printed = io.StringIO()
        self.patch(sys, "stdout", printed)
        with self.assertRaises(SystemExit):
            parsed("--version")
        self.assertTrue(printed.getvalue().startswith("swimtx "))

    def test_the_service_binds_nothing_before_it_starts(self) -> None:
        made: Any = makeService(parsed("--port", "0"))
        self.assertIsInstance(made.bootstrap, Bootstrap)
        self.assertRaises(NotRunning, getattr, made.bootstrap, "address")


class BootstrapProcessTests(SynchronousTestCase):
    """The service, on a network in memory."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()

    def process(self, *arguments: str) -> BootstrapProcess:
        options = parsed("--interface", "10.0.0.1", *arguments)
        bootstrap = make_bootstrap(self.reactor, options)
        return BootstrapProcess(bootstrap, options["cluster"], StartupFailure())

    def test_the_process_logs_its_address_on_one_line(self) -> None:
        process = self.process("--cluster", "c")
        with capturedLogs() as logged:
            process.startService()
        self.assertIn(
            "swimtx bootstrap node listening on udp 10.0.0.1:10000, cluster c",
            [formatEvent(event) for event in logged],
        )
        stopped = process.stopService()
        self.reactor.advance(1)
        self.successResultOf(stopped)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_a_taken_port_ends_the_process_with_one_line(self) -> None:
        stderr = io.StringIO()
        self.patch(sys, "__stderr__", stderr)
        self.process().startService()
        with self.assertRaises(CannotStart):
            self.process().startService()
        self.assertRegex(stderr.getvalue(), r"^swimtx: cannot listen on 10\.0\.0\.1:10000: .+\n$")
