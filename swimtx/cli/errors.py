"""The exception by which a command fails."""

from __future__ import annotations


class CommandFailed(Exception):
    """A command failed. The text says why in one line, and the exit status is 1."""
