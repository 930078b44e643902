"""How a command says that it cannot do what it was asked for."""

from __future__ import annotations


class CommandFailed(Exception):
    """The text says in one line why; the command ends with status 1."""
