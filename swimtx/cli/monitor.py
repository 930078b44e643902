"""``swimtx monitor``: membership changes as they happen."""

from __future__ import annotations

import argparse
import time
from typing import Any

from swimtx.addresses import host_port
from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.output import print_json, print_line


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "monitor",
        help="follow membership changes as they happen, one line each",
        description="Print a line for each change that an agent sees, until it stops or Ctrl-C.",
    )
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Follow the agent and print."""
    changes = select_agent(args.node).follow("monitor")
    try:
        for change in changes:
            if args.format == "json":
                print_json(change)
            else:
                _print_change(change)
    except KeyboardInterrupt:
        pass  # the usual way to end it
    return 0


def _print_change(change: dict[str, Any]) -> None:
    member = change["member"]
    print_line(
        time.strftime("%H:%M:%S", time.localtime(change["time"])),
        change["event"].ljust(len("reconnected")),
        member["name"],
        host_port(member["address"], member["port"]),
        change["why"],
        colour=change["event"],
    )
