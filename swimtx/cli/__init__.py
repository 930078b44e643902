"""The command ``swimtx``, which shows and controls groups.

Each subcommand is a module with C{add_parser(subparsers)} and C{run(args) -> int}; only the module
of the subcommand that was typed is imported, so that short commands start quickly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from swimtx._version import __version__
from swimtx.cli.errors import CommandFailed

_COMMANDS = ("demo", "members", "info", "monitor", "join", "leave", "ping", "simulate", "version")
"""The subcommands, each named as its module, in the order of the help."""

INTERRUPTED = 130  # the status that shells report for a command ended by Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    @param argv: the arguments, without the name of the program; by default the process's own.
    @return: the exit status: 0 success, 1 failure, 2 wrong usage, 130 ended by Ctrl-C.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        try:
            args = _parser(arguments).parse_args(arguments)
            status: int = args.run(args)
        finally:
            sys.stdout.flush()
    except CommandFailed as error:
        print(f"swimtx: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _stop_writing()
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:  # argparse has printed the error or the help
        return ended.code if isinstance(ended.code, int) else 2
    return status


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="swimtx",
        description="See and steer a group whose members watch each other by the SWIM protocol.",
        epilog="A member of the group is started by: twistd -n swim --help",
    )
    parser.add_argument("--version", action="version", version=f"swimtx {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    typed = next((argument for argument in arguments if not argument.startswith("-")), None)
    for command in [typed] if typed in _COMMANDS else _COMMANDS:
        import_module(f"{__name__}.{command}").add_parser(subparsers)
    return parser


def _stop_writing() -> None:
    """Send stdout to the null device: its reader is gone, and the interpreter flushes at exit."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
