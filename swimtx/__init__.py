"""swimtx: group membership and failure detection for Twisted, by the SWIM protocol.

A member of a group is a C{Node}; C{SwimService} is one as a Twisted service; C{Bootstrap} is the
well-known node that newcomers ask first. Start exploring at C{swimtx.node}, and C{swimtx.wiring},
which builds what is behind it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from swimtx._version import __version__

if TYPE_CHECKING:
    from swimtx.addresses import Address
    from swimtx.bootstrap import Bootstrap, BootstrapService
    from swimtx.config import Config
    from swimtx.discovery import StaticSeeds
    from swimtx.errors import (
        AlreadyRunning,
        BadConfig,
        HasLeft,
        JoinFailed,
        NoAnswer,
        NoSuchMember,
        NotRunning,
        SwimError,
    )
    from swimtx.interfaces import IEnvelope, IMembership, ISeeds
    from swimtx.membership.claim import State
    from swimtx.membership.events import Change, Event
    from swimtx.membership.member import Member
    from swimtx.node import Node
    from swimtx.reactor import Reactor
    from swimtx.service import SwimService
    from swimtx.status import NodeStatus
    from swimtx.wire.messages import Message, MessageType

_HOMES = {
    "addresses": ("Address",),
    "bootstrap": ("Bootstrap", "BootstrapService"),
    "config": ("Config",),
    "discovery": ("StaticSeeds",),
    "errors": (
        "AlreadyRunning",
        "BadConfig",
        "HasLeft",
        "JoinFailed",
        "NoAnswer",
        "NoSuchMember",
        "NotRunning",
        "SwimError",
    ),
    "interfaces": ("IEnvelope", "IMembership", "ISeeds"),
    "membership.claim": ("State",),
    "membership.events": ("Change", "Event"),
    "membership.member": ("Member",),
    "node": ("Node",),
    "reactor": ("Reactor",),
    "service": ("SwimService",),
    "status": ("NodeStatus",),
    "wire.messages": ("Message", "MessageType"),
}
"""Where each name lives. It is imported when it is used first, so that commands that only talk
to a running agent need not wait for Twisted to load."""

__all__ = [
    "Address",
    "AlreadyRunning",
    "BadConfig",
    "Bootstrap",
    "BootstrapService",
    "Change",
    "Config",
    "Event",
    "HasLeft",
    "IEnvelope",
    "IMembership",
    "ISeeds",
    "JoinFailed",
    "Member",
    "Message",
    "MessageType",
    "NoAnswer",
    "NoSuchMember",
    "Node",
    "NodeStatus",
    "NotRunning",
    "Reactor",
    "State",
    "StaticSeeds",
    "SwimError",
    "SwimService",
    "__version__",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
