"""Docstrings are written for Twisted's own tools, in epytext. Here Sphinx learns to read them."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_FIELDS = {"ivar": "ivar", "param": "param", "return": "return", "raise": "raises"}
_FIELD = re.compile(r"^@(ivar|param|return|raise)\b ?([\w.]*):\s*(.*)$")
_MARKUP = re.compile(r"[CL]\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")


def to_rst(lines: list[str]) -> list[str]:
    """The same docstring in reStructuredText."""
    written: list[str] = []
    in_fields = False
    for said in lines:
        line = said
        field = _FIELD.match(line)
        if field is not None:
            if not in_fields and written and written[-1]:
                written.append("")
            in_fields = True
            kind, name, text = field.groups()
            line = f":{_FIELDS[kind]}{' ' + name if name else ''}: {text}"
        elif in_fields and line and not line.startswith(" "):
            written.append("")
            in_fields = False
        written.append(_MARKUP.sub(r"``\1``", line))
    return written


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}
