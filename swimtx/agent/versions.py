"""The installed versions of swimtx and its dependencies, found without importing them."""

from __future__ import annotations

import platform
from importlib import metadata

from swimtx._version import __version__


def versions() -> dict[str, str]:
    """The versions of swimtx, Twisted, protobuf and Python, in that order."""
    return {
        "swimtx": __version__,
        "twisted": _installed("Twisted"),
        "protobuf": _installed("protobuf"),
        "python": platform.python_version(),
    }


def version_line() -> str:
    """The versions on one line."""
    return ", ".join(f"{what} {version}" for what, version in versions().items())


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"
