"""What ``twistd`` finds of swimtx: the commands ``swim`` and ``swim-bootstrap``.

The modules are named, not imported, so that listing the plugins costs nothing and cannot fail.
There is no ``__init__.py`` beside this file nor above it: both folders are Twisted's.
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
