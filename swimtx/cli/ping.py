"""``swimtx ping``: the round trip from a running agent to a member."""

from __future__ import annotations

import argparse
from typing import Any

from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.members import milliseconds
from swimtx.cli.output import print_json, printable


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "ping",
        help="round-trip time to a member, over the protocol itself",
        description="Make a running agent ping a member, over the protocol itself.",
    )
    parser.add_argument("name", metavar="NAME", help="the member to be pinged")
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Ask the agent for a ping and print the round-trip time."""
    answer = select_agent(args.node).get("ping", args.name, timeout=30.0)
    if args.format == "json":
        print_json(answer)
    else:
        print(f"{printable(args.name)} answered in {milliseconds(answer['rtt'])}")
    return 0
