"""How Sphinx makes the documentation: ``sphinx-build -W -b html docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from swimtx import __version__  # noqa: E402
from tests.floors import FLOORS, REACTOR_BY_DEFAULT, UPSTAIRS  # noqa: E402

project = "swimtx"
author = "The swimtx authors"
copyright = "2026, The swimtx authors"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "epytext"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Group membership and failure detection for Twisted",
    "page_width": "70em",
}
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"


class Floors(Directive):
    """``.. floors::`` draws the floors of the house from the table that the tests use."""

    def run(self) -> list[nodes.Node]:
        lines = [
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 8 20 42 30",
            "",
            "   * - Floor",
            "     - Name",
            "     - Rooms",
            "     - What it may hold",
        ]
        for floor in reversed(FLOORS):
            lines += [
                f"   * - {floor.number}",
                f"     - {floor.name}",
                f"     - {', '.join(f'``{room}``' for room in floor.rooms)}",
                f"     - {floor.holds}",
            ]
        lines += ["", "Where an import goes up all the same:", ""] if UPSTAIRS else []
        lines += [
            f"- ``{low}`` imports ``{high}``: {why}." for (low, high), why in UPSTAIRS.items()
        ]
        lines += ["", "Who falls back on the global reactor below the top floor:", ""]
        lines += [f"- ``{room}``: {why}." for room, why in REACTOR_BY_DEFAULT.items()]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, "tests/floors.py"), self.content_offset, holder)
        return list(holder.children)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_directive("floors", Floors)
    return {"parallel_read_safe": True}
