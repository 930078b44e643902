"""The output of commands, on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import sys
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from swimtx.cli.info import _rows
from swimtx.cli.members import duration
from swimtx.cli.output import plain_table, print_line, print_table, printable, rich_terminal


class Terminal(io.StringIO):
    """A file that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


class TableTests(SynchronousTestCase):
    """TableTests, aligned by spaces or coloured."""

    def test_a_plain_table_is_aligned_by_spaces(self) -> None:
        lines = plain_table(("A", "B"), [["xxx", "y"], ["", "zz"]])
        self.assertEqual(lines, ["A    B", "xxx  y", "     zz"])

    def test_a_table_without_heads_has_no_line_for_them(self) -> None:
        self.assertEqual(plain_table(("", ""), [["a", "b"]]), ["a  b"])

    def test_a_table_on_a_terminal_is_coloured(self) -> None:
        terminal = Terminal()
        self.patch(sys, "stdout", terminal)
        self.patch_environment()
        print_table(("STATE",), [["alive"], ["[red]x"]])
        print_line("now", "failed", colour="failed")
        self.assertIn("\x1b[32malive", terminal.getvalue())
        self.assertIn("[red]x", terminal.getvalue())
        self.assertIn("\x1b[31mfailed", terminal.getvalue())

    def test_a_terminal_gets_plain_lines_if_rich_is_missing(self) -> None:
        terminal = Terminal()
        self.patch(sys, "stdout", terminal)
        with mock.patch.dict(sys.modules, {"rich.console": None}):
            self.assertIsNone(rich_terminal())
            print_table(("STATE",), [["alive"]])
        self.assertEqual(terminal.getvalue(), "STATE\nalive\n")

    def patch_environment(self) -> None:
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
        self.patch(os, "environ", {**kept, "TERM": "xterm-256color"})


class TextTests(SynchronousTestCase):
    """The text for single values."""

    def test_a_duration_is_its_two_largest_units(self) -> None:
        for seconds, expected in (
            (-1.0, "0s"),
            (59.9, "59s"),
            (61, "1m1s"),
            (3600, "1h0m"),
            (90000, "1d1h"),
        ):
            self.assertEqual(duration(seconds), expected)

    def test_control_characters_are_escaped(self) -> None:
        self.assertEqual(printable("a\x1bé \n\u2028"), r"a\x1bé \n\u2028")

    def test_the_values_of_info_are_formatted_by_type(self) -> None:
        info: dict[str, Any] = {"a_b": True, "c": None, "d": 0.5, "e": {"f": {"g": 1}}, "h": []}
        self.assertEqual(
            list(_rows(info)),
            [("a b", "yes"), ("c", "-"), ("d", "0.5"), ("e: f: g", "1"), ("h", "-")],
        )
