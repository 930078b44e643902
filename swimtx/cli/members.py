"""``swimtx members``: the member list of a running agent."""

from __future__ import annotations

import argparse
import time
from typing import Any

from swimtx.addresses import host_port
from swimtx.cli.agent_selection import add_agent_options, select_agent
from swimtx.cli.output import print_json, print_table


def add_parser(subparsers: Any) -> None:
    """Add the command to those of C{swimtx}."""
    parser = subparsers.add_parser(
        "members",
        help="the member list of a running agent",
        description="Print everybody that an agent remembers, by name, whatever their state.",
    )
    add_agent_options(parser, run)


def run(args: argparse.Namespace) -> int:
    """Ask the agent and print its list."""
    members = select_agent(args.node).get("members")
    if args.format == "json":
        print_json(members, indent=2)
    else:
        heads = ("NAME", "ADDRESS", "STATE", "SINCE", "RTT", "TAGS")
        print_table(heads, [_row(member, time.time()) for member in members])
    return 0


def _row(member: dict[str, Any], now: float) -> tuple[str, ...]:
    tags = ",".join(f"{key}={value}" for key, value in sorted(member["tags"].items()))
    return (
        member["name"],
        host_port(member["address"], member["port"]),
        member["state"],
        duration(now - member["since"]),
        "-" if member["rtt"] is None else milliseconds(member["rtt"]),
        tags or "-",
    )


def duration(seconds: float) -> str:
    """A time in seconds as text, in its two largest units."""
    left = max(0, int(seconds))
    days, left = divmod(left, 86400)
    hours, left = divmod(left, 3600)
    minutes, left = divmod(left, 60)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{left}s" if minutes else f"{left}s"


def milliseconds(seconds: float) -> str:
    """A time in seconds as text, in milliseconds."""
    return f"{seconds * 1000:.2f}ms"
