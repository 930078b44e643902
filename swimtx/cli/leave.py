"""``swimtx leave``: makes a running agent leave its group."""

from __future__ import annotations

import argparse
from typing import Any

from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.output import print_json


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "leave",
        help="make a running agent leave; returns when the others know",
        description="Make a running agent leave its group. The process goes on, outside of the "
        "group, until it is stopped or told to join again.",
    )
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Make the agent leave, and print the result."""
    answer = select_agent(args.node).post("leave")
    if args.format == "json":
        print_json(answer)
    else:
        print("left")
    return 0
