"""How Sphinx makes the documentation: ``sphinx-build -W -b html docs docs/_build``."""

from __future__ import annotations

import re
import sys
from configparser import ConfigParser
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from swimtx._version import __version__  # noqa: E402

project = "swimtx"
author = "The swimtx authors"
copyright = "2026, The swimtx authors"
version = release = __version__

# What each floor is called, and what its components may hold; which packages are on it, and who may
# import whom, is read from the contract in setup.cfg that .ci/lint checks.
FLOORS = (
    ("commands", "the global reactor"),
    ("processes and groups", "a reactor that is handed in"),
    ("one member", "all components: only these know all of them"),
    ("the group", "a clock, the protocol"),
    ("probing", "a clock, the protocol, streams"),
    ("transport", "sockets, names"),
    ("state and bytes", "no clock but to forget by, no socket"),
    ("words", "values: the standard library and zope.interface"),
)

extensions = ["sphinx.ext.autodoc", "epytext", "zope_interface"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Group membership and failure detection for Twisted",
    "page_width": "70em",
}
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90


class Floors(Directive):
    """``.. floors::`` draws the floors of the package from the contract that is checked."""

    def run(self) -> list[nodes.Node]:
        config = ConfigParser()
        config.read(ROOT / "setup.cfg", encoding="utf-8")
        layers = config["importlinter:contract:floors"]["layers"].split("\n")[1:]
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 5 20 45 30", ""]
        lines += ["   * - Floor", "     - Name", "     - Packages", "     - May hold"]
        for number, (layer, (name, holds)) in enumerate(zip(layers, FLOORS, strict=True)):
            drawn = re.sub(r"\w+", lambda found: f"``{found[0]}``", layer)
            lines += [f"   * - {len(layers) - number}", f"     - {name}"]
            drawn = drawn.replace(" :", ",").replace("|", r"\|")
            lines += [f"     - {drawn}", f"     - {holds}"]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, "setup.cfg"), self.content_offset, holder)
        return list(holder.children)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_directive("floors", Floors)
    return {"parallel_read_safe": True}
