"""``swimtx join``: makes a running agent join a group."""

from __future__ import annotations

import argparse
from typing import Any

from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.output import print_json


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "join",
        help="make a running agent join by asking members or bootstrap nodes",
        description="Make a running agent join a group. It asks each once; one answer is enough.",
    )
    parser.add_argument(
        "seeds",
        nargs="+",
        metavar="HOST[:PORT]",
        help="a member, a bootstrap node, or a DNS name of several",
    )
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Make the agent join, and print the result."""
    answer = select_agent(args.node).post("join", content={"seeds": args.seeds})
    if args.format == "json":
        print_json(answer)
    else:
        known = answer["members"]
        print(f"joined; {known} {'member is' if known == 1 else 'members are'} known")
    return 0
