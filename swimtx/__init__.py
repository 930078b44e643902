"""swimtx: group membership and failure detection for Twisted, by the SWIM protocol.

A member of a group is a C{Node}; C{SwimService} is one as a Twisted service; C{Bootstrap} is the
well-known node that newcomers ask first. Start exploring at C{swimtx.node}, the table of contents.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from swimtx._version import __version__

if TYPE_CHECKING:
    from swimtx.bootstrap import Bootstrap
    from swimtx.config import Config
    from swimtx.errors import BadConfig, JoinFailed, NoAnswer, NoSuchMember, NotRunning, SwimError
    from swimtx.membership.claim import State
    from swimtx.membership.events import Change, Event
    from swimtx.membership.member import Member
    from swimtx.node import Node
    from swimtx.service import SwimService
    from swimtx.wire.messages import Message, MessageType

__all__ = [
    "BadConfig",
    "Bootstrap",
    "Change",
    "Config",
    "Event",
    "JoinFailed",
    "Member",
    "Message",
    "MessageType",
    "NoAnswer",
    "NoSuchMember",
    "Node",
    "NotRunning",
    "State",
    "SwimError",
    "SwimService",
    "__version__",
]

_HOMES = {
    "service": ("SwimService",),
    "bootstrap": ("Bootstrap",),
    "config": ("Config",),
    "errors": (
        "BadConfig",
        "JoinFailed",
        "NoAnswer",
        "NoSuchMember",
        "NotRunning",
        "SwimError",
    ),
    "membership.claim": ("State",),
    "membership.member": ("Member",),
    "membership.events": ("Change", "Event"),
    "wire.messages": ("Message", "MessageType"),
    "node": ("Node",),
}
"""Where each name lives. It is imported when it is used first, so that commands that only talk
to a running agent need not wait for Twisted to load."""


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
