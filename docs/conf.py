"""How Sphinx makes the documentation: ``sphinx-build -W -b html docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from swimtx import __version__  # noqa: E402

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


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    return {"parallel_read_safe": True}
