"""swimtx: group membership and failure detection for Twisted, by the SWIM protocol.

A C{Node} is one member of a group; a C{SwimService} runs one as a Twisted service; a C{Bootstrap}
is the well-known node that newcomers ask first. The source code is best read from C{swimtx.node}
and C{swimtx.wiring}, which builds the components of a node.
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

_MODULES = {
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
"""The module that defines each name. It is imported at the first use of the name, so that commands
that only talk to a running agent do not wait for the import of Twisted."""

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
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
