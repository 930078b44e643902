"""swimtx: group membership and failure detection for Twisted, by the SWIM protocol.

A member of a group is a C{Node}; C{SwimService} is one as a Twisted service; C{Bootstrap} is the
well-known node that newcomers ask first. Start exploring at C{swimtx.node}, the table of contents.
"""

from swimtx.agent.service import SwimService
from swimtx.bootstrap import Bootstrap
from swimtx.config import Config
from swimtx.errors import BadConfig, JoinFailed, NoAnswer, NoSuchMember, NotRunning, SwimError
from swimtx.member import Member, State
from swimtx.membership import Change, Event
from swimtx.messages import Message, MessageType
from swimtx.node import Node

__version__ = "0.1.0"

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
