"""``swimtx version``: the versions of swimtx and its dependencies."""

from __future__ import annotations

import argparse
from typing import Any

from swimtx.agent.versions import versions
from swimtx.cli.output import add_format_option, print_json, print_table


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "version",
        help="versions of swimtx, Twisted, protobuf, Python",
        description="Print the versions of swimtx and of what it runs on.",
    )
    add_format_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the versions."""
    found = versions()
    if args.format == "json":
        print_json(found, indent=2)
    else:
        print_table(("", ""), list(found.items()))
    return 0
