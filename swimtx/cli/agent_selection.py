"""The choice of the running agent that a command talks to."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from swimtx.addresses import Address
from swimtx.agent.control_socket import (
    AgentSocket,
    NoAgentFound,
    SeveralAgentsFound,
    find_agent,
    find_agents,
    unescaped,
)
from swimtx.cli.agent_client import AgentClient
from swimtx.cli.errors import CommandFailed
from swimtx.cli.output import add_format_option

_ENDPOINT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]+):(?P<port>\d{1,5})")
# Endpoint strings as of --control, with a backslash before a character that ends an argument.
_ON_UNIX = re.compile(r"unix:(?:address=)?(?P<path>(?:\\.|[^:\\])*/(?:\\.|[^:\\])*)(?::.*)?")
_ON_TCP = re.compile(r"tcp:(?:port=)?(?P<port>\d{1,5})(?::interface=(?P<host>(?:\\.|[^:\\])+))?")
_NAME_TIMEOUT = 1.0  # seconds


def add_agent_options(
    parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]
) -> None:
    """Have C{run} execute a command, and give it the options C{--node} and C{--format}."""
    parser.set_defaults(run=run)
    parser.add_argument(
        "--node",
        metavar="AGENT",
        help="the agent to ask: its port, its name, the path of its control socket, HOST:PORT of "
        "a TCP control endpoint, or what it was given as --control; needed only where several run",
    )
    add_format_option(parser)


def select_agent(which: str | None) -> AgentClient:
    """A client of the agent that C{--node} names, or else of the only one on this machine.

    @raise CommandFailed: no agent matches, several do, or this user may not look for them.
    """
    which = None if which is None else _where(which)
    try:
        return AgentClient(find_agent(which))
    except NoAgentFound as error:
        named = _ENDPOINT.fullmatch(which or "")
        if named:
            return AgentClient((named["host"].strip("[]"), int(named["port"])))
        raise CommandFailed(_none_found(str(error), which)) from None
    except SeveralAgentsFound as error:
        listed = ", ".join(_described(agent) for agent in error.found)
        raise CommandFailed(f"several agents run here, pick one with --node: {listed}") from None
    except PermissionError as error:
        raise CommandFailed(
            f"permission denied: {error.filename or 'the control socket'} is another user's"
        ) from None


def _where(which: str) -> str:
    """The path or C{HOST:PORT} in an endpoint string of C{--control}; other text as it is."""
    if given := _ON_UNIX.fullmatch(which):
        return unescaped(given["path"])
    if given := _ON_TCP.fullmatch(which):
        return str(Address(unescaped(given["host"] or "127.0.0.1"), int(given["port"])))
    return which


def _none_found(said: str, which: str | None) -> str:
    if which is None:
        return f"{said} (twistd -n swim starts one)"
    try:
        others = find_agents() if "/" not in which else []
    except PermissionError:
        others = []
    if not others:
        return said
    return f"{said}, but these do: {', '.join(_described(agent) for agent in others)}"


def _described(agent: AgentSocket) -> str:
    try:
        info = AgentClient(agent.path).get("info", timeout=_NAME_TIMEOUT)
        return f"{info['name']} ({agent.port})"
    except (CommandFailed, KeyError, TypeError):
        return f"{agent.path} (it does not answer)"
