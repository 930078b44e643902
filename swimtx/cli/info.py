"""``swimtx info``: an agent's name, address, counts by state, local health and counters."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.output import print_json, print_table


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "info",
        help="an agent's own name, address, counts by state, local health, counters",
        description="Print what an agent says of itself.",
    )
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Ask the agent and print."""
    info = select_agent(args.node).get("info")
    if args.format == "json":
        print_json(info, indent=2)
    else:
        print_table(("", ""), list(_rows(info)))
    return 0


def _rows(info: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """One row for each value; the label of a nested value begins with the keys above it."""
    for key, value in info.items():
        label = f"{above}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _rows(value, f"{label}: ")
        elif isinstance(value, list):
            yield label, ", ".join(str(part) for part in value) or "-"
        else:
            yield label, _as_text(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.3f}"
    return "-" if value is None else str(value)
