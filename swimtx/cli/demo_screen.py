"""The output of the demo: plain lines, and on a terminal a live table of all member lists."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from swimtx.cli.group_views import GroupViews, Seen
from swimtx.cli.output import COLOURS, printable, rich_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_COLUMNS = 10  # observers in the live table, at the most
REFRESHES = 8  # per second, at the most


def make_screen(views: GroupViews) -> Screen:
    """A L{LiveScreen} on a terminal if rich is installed, else a L{Screen}."""
    terminal = rich_terminal()
    return Screen() if terminal is None else LiveScreen(views, terminal)


class Screen:
    """Prints plain lines, each with the seconds since the start. A context manager."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, text: str) -> None:
        """Print the step that begins now."""
        self._print(f"{self._clock()}  {text}", "bold")

    def command(self, line: str) -> None:
        """Print the shell command that does the same."""
        self._print(f"         $ {line}", "cyan")

    def seen(self, news: Seen) -> None:
        """Print a change, with the member that reported it first."""
        text = f"{news.by} sees {news.member} {news.event}: {news.why}"
        self._print(f"{self._clock()}    {text}", COLOURS.get(news.event, ""))

    def result(self, text: str) -> None:
        """Print the outcome of a step."""
        self._print(f"{self._clock()}  => {text}", "bold green")

    def refresh(self) -> None:
        """Redraw the live table, if there is one. Called repeatedly."""

    def _clock(self) -> str:
        return f"{time.monotonic() - self._started:6.2f}s"

    def _print(self, text: str, style: str) -> None:
        print(printable(text), flush=True)


class LiveScreen(Screen):
    """Prints the same lines, and below them a live table of the states in all member lists."""

    def __init__(self, views: GroupViews, terminal: Console) -> None:
        super().__init__()
        from rich.live import Live

        self._views = views
        self._live = Live(console=terminal, auto_refresh=False, transient=True)
        self._refreshed = 0.0

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._live.__exit__(*raised)

    def refresh(self) -> None:
        """Redraw the table, C{REFRESHES} times per second at the most."""
        now = time.monotonic()
        if now - self._refreshed >= 1 / REFRESHES:
            self._refreshed = now
            self._live.update(self._table(), refresh=True)

    def _print(self, text: str, style: str) -> None:
        from rich.text import Text

        self._live.console.print(Text(printable(text), style=style), soft_wrap=True)
        self._refreshed = 0.0
        self.refresh()

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        states = self._views.snapshot()
        observers = list(states)[:MOST_COLUMNS]
        heads = [f"seen by {observer}" for observer in observers]
        table = Table("member", *heads, header_style="bold")
        for member in sorted({name for seen in states.values() for name in seen}, key=_in_order):
            cells = [states[observer].get(member, "") for observer in observers]
            table.add_row(member, *(Text(cell, style=COLOURS.get(cell, "")) for cell in cells))
        return table


def _in_order(name: str) -> tuple[int, str]:
    return len(name), name
