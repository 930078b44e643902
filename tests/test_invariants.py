"""Checks that the tests named by the page of invariants exist."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

PAGE = Path(__file__).resolve().parent.parent / "docs" / "invariants.rst"
_NAMES = re.compile(r"``(tests\.[\w.]+)``")
_RULES = re.compile(r"^([A-Z]\d+)\. (.+)$", re.MULTILINE)


class InvariantsPageTests(SynchronousTestCase):
    """``docs/invariants.rst``."""

    def test_every_rule_names_tests_that_exist(self) -> None:
        text = PAGE.read_text("utf-8")
        rules = list(_RULES.finditer(text))
        self.assertGreater(len(rules), 20)
        ends = [rule.start() for rule in rules[1:]] + [len(text)]
        for rule, end in zip(rules, ends, strict=True):
            named = _NAMES.findall(text[rule.end() : end])
            self.assertTrue(named, f"{rule[1]} names no test")
            for name in named:
                self.assertTrue(callable(namedAny(name)), name)

    def test_the_numbers_of_rules_are_unique(self) -> None:
        numbers = [rule[1] for rule in _RULES.finditer(PAGE.read_text("utf-8"))]
        self.assertEqual(len(set(numbers)), len(numbers))
