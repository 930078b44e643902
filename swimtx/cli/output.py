"""The output of commands: JSON, or aligned tables, coloured on a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "alive": "green",
    "suspect": "yellow",
    "failed": "red",
    "left": "bright_black",
    "joined": "green",
    "recovered": "green",
    "reconnected": "green",
    "suspected": "yellow",
    "stalled": "yellow",
    "isolated": "red",
    "conflict": "red",
}
"""The colours of states and events."""


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """Give a command the option C{--format}."""
    text = "for people, which is the default, or for programs"
    parser.add_argument("--format", choices=("table", "json"), default="table", help=text)


def printable(text: object) -> str:
    """The text with every character escaped that a terminal might interpret."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def print_json(content: Any, indent: int | None = None) -> None:
    """Print one JSON value and flush."""
    print(json.dumps(content, indent=indent), flush=True)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns."""
    texts = [[printable(cell) for cell in row] for row in rows]
    terminal = rich_terminal()
    if terminal is not None:
        _print_rich(terminal, heads, texts)
    else:
        for line in plain_table(heads, texts):
            print(line)


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table that is aligned by spaces."""
    lines = [list(heads), *rows] if any(heads) else list(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def print_line(*cells: object, colour: str | None = None) -> None:
    """Print one line and flush; its second cell has the colour of a state or event."""
    texts = [printable(cell) for cell in cells]
    terminal = rich_terminal()
    if terminal is None:
        print("  ".join(texts), flush=True)
        return
    from rich.text import Text

    line = Text("  ").join(
        Text(text, style=COLOURS.get(colour or "", "") if number == 1 else "")
        for number, text in enumerate(texts)
    )
    terminal.print(line, soft_wrap=True)


def rich_terminal() -> Console | None:
    """A console for colours; C{None} if stdout is no terminal or rich is not installed."""
    if not sys.stdout.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console()


def _print_rich(terminal: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    show = any(heads)
    table = Table(*heads, box=None, pad_edge=False, header_style="bold", show_header=show)
    for row in rows:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    terminal.print(table)
