"""The plugins of ``twistd``: the commands ``swim`` and ``swim-bootstrap``.

The modules are named, not imported, so that listing the plugins costs nothing and cannot fail.
This folder and its parent have no ``__init__.py``: both are packages of Twisted.
"""

from twisted.application.service import ServiceMaker

swim = ServiceMaker(
    "swim",
    "swimtx.agent.tap",
    "A member of a SWIM group, which finds out who else is alive.",
    "swim",
)

swim_bootstrap = ServiceMaker(
    "swim-bootstrap",
    "swimtx.agent.bootstrap_tap",
    "The well-known node that tells newcomers to a SWIM group whom to ask.",
    "swim-bootstrap",
)
