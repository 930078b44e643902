"""The part of the command line that ``twistd swim`` and ``twistd swim-bootstrap`` share."""

from __future__ import annotations

from typing import Any

from twisted.python import usage

from swimtx.agent.versions import version_line


class AgentOptions(usage.Options):
    """The base class of the options of an agent."""

    synopsis = "[options]"
    optParameters: list[list[Any]] = []

    def opt_version(self) -> None:
        """Display the versions of swimtx, Twisted, protobuf and Python, and exit."""
        print(version_line())
        raise SystemExit(0)

    def settings(self) -> dict[str, Any]:
        """The values of the options that take one, by the names of the keywords that they set."""
        return {name.replace("-", "_"): self[name] for name, *_ in self.optParameters}
